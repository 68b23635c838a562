import { curve } from './noise.ts';
import type { Random } from './random.ts';

/** What the camera does, as the prompt's words ask for it. */
export type CameraMove =
  | 'drift'
  | 'still'
  | 'pan-left'
  | 'pan-right'
  | 'tilt-up'
  | 'tilt-down'
  | 'zoom-in'
  | 'zoom-out'
  | 'push-in'
  | 'pull-back'
  | 'orbit'
  | 'aerial'
  | 'handheld';

/** Where the camera is at one moment. Lengths are in world pixels. */
export interface Pose {
  /** Turning: moves everything alike. */
  readonly panX: number;
  readonly panY: number;
  /** Travelling sideways: moves the near more than the far. */
  readonly truckX: number;
  readonly truckY: number;
  /** The lens, ≥ 1: enlarges everything alike. */
  readonly lens: number;
  /** Travelling forward, 0..0.35: enlarges the near more than the far. */
  readonly dolly: number;
}

/** Eases in and out, with velocity that never jumps; t in 0..1. */
export function ease(t: number): number {
  const s = t * t * (3 - 2 * t);
  return 0.55 * s + 0.45 * t;
}

/** The greatest way that any move goes from the middle, as a share of the frame's longer side. */
export const REACH = 0.13;

type Path = (t: number, seconds: number, size: number) => Partial<Pose>;

const PATHS: { readonly [move in CameraMove]: (rng: Random) => Path } = {
  still: () => () => ({}),
  drift: (rng) => {
    const way = rng.next() < 0.5 ? -1 : 1;
    return (t, _s, size) => ({ truckX: way * size * 0.13 * (ease(t) - 0.5) });
  },
  'pan-left': () => (t, _s, size) => ({
    panX: -size * 0.1 * (ease(t) - 0.5),
    truckX: -size * 0.14 * (ease(t) - 0.5),
  }),
  'pan-right': () => (t, _s, size) => ({
    panX: size * 0.1 * (ease(t) - 0.5),
    truckX: size * 0.14 * (ease(t) - 0.5),
  }),
  'tilt-up': () => (t, _s, size) => ({
    panY: -size * 0.11 * (ease(t) - 0.5),
    truckY: -size * 0.03 * (ease(t) - 0.5),
  }),
  'tilt-down': () => (t, _s, size) => ({
    panY: size * 0.11 * (ease(t) - 0.5),
    truckY: size * 0.03 * (ease(t) - 0.5),
  }),
  'zoom-in': () => (t) => ({ lens: 1 + 0.22 * ease(t) }),
  'zoom-out': () => (t) => ({ lens: 1.22 - 0.22 * ease(t) }),
  'push-in': () => (t) => ({ dolly: 0.26 * ease(t), lens: 1 + 0.05 * ease(t) }),
  'pull-back': () => (t) => ({ dolly: 0.26 * (1 - ease(t)), lens: 1.05 - 0.05 * ease(t) }),
  orbit: (rng) => {
    const way = rng.next() < 0.5 ? -1 : 1;
    return (t, _s, size) => {
      const a = way * (ease(t) - 0.5);
      return { truckX: size * 0.2 * a, panX: -size * 0.1 * a, dolly: 0.05 };
    };
  },
  aerial: () => (t, _s, size) => ({
    truckY: -size * 0.08 * (ease(t) - 0.3),
    panY: size * 0.03 * (ease(t) - 0.5),
    dolly: 0.16 * ease(t),
  }),
  handheld: (rng) => {
    const x = curve(rng, 3);
    const y = curve(rng, 3);
    const way = rng.next() < 0.5 ? -1 : 1;
    return (t, s, size) => ({
      panX: size * 0.008 * x(s * 0.8),
      panY: size * 0.007 * y(s * 0.9 + 9),
      truckX: way * size * 0.06 * (ease(t) - 0.5) + size * 0.006 * x(s * 0.5 + 40),
      lens: 1.03,
      dolly: 0.06 * ease(t),
    });
  },
};

/** The path of several moves at once; later ones add to the first. `size` is the frame's longer side. */
export function cameraPath(
  moves: readonly CameraMove[],
  rng: Random,
  size: number,
): (t: number, seconds: number) => Pose {
  const paths = moves.map((move) => PATHS[move](rng.fork(move)));
  return (t, seconds) => {
    const sum = { panX: 0, panY: 0, truckX: 0, truckY: 0, lens: 1, dolly: 0 };
    for (const path of paths) {
      const p = path(t, seconds, size);
      sum.panX += p.panX ?? 0;
      sum.panY += p.panY ?? 0;
      sum.truckX += p.truckX ?? 0;
      sum.truckY += p.truckY ?? 0;
      sum.lens *= p.lens ?? 1;
      sum.dolly = Math.min(0.35, sum.dolly + (p.dolly ?? 0));
    }
    return sum;
  };
}
