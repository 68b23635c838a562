import { toYuv } from '../colour.ts';
import { fractalTile, type Tile } from '../noise.ts';
import type { Frame } from '../planes.ts';
import type { Stage } from '../stage.ts';

/** A fire's place in world pixels: the middle of its foot, and its reach. */
export interface Flames {
  readonly x: number;
  readonly foot: number;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
}

const STEPS = 256;

/** From the dark edge to the white heart: what it adds to luma, and the chroma it moves to. */
function ramp(): { readonly y: Float32Array; readonly u: Float32Array; readonly v: Float32Array } {
  const stops = [
    [0, [90, 14, 4]],
    [0.3, [214, 62, 10]],
    [0.55, [255, 140, 26]],
    [0.8, [255, 214, 92]],
    [1, [255, 250, 214]],
  ] as const;
  const out = { y: new Float32Array(STEPS), u: new Float32Array(STEPS), v: new Float32Array(STEPS) };
  for (let i = 0; i < STEPS; i++) {
    const t = i / (STEPS - 1);
    const next = Math.max(
      1,
      stops.findIndex(([at]) => at >= t),
    );
    const [t0, a] = stops[next - 1] ?? stops[0];
    const [t1, b] = stops[next] ?? stops[4];
    const k = (t - t0) / (t1 - t0);
    const yuv = toYuv([a[0] + (b[0] - a[0]) * k, a[1] + (b[1] - a[1]) * k, a[2] + (b[2] - a[2]) * k]);
    [out.y[i], out.u[i], out.v[i]] = yuv;
  }
  return out;
}

/** Flames: tongues of noise that rise, narrow and tear off, brightest at the heart of their foot. */
export function addFlames(stage: Stage, flames: Flames): void {
  const rng = stage.rng.fork(`flames${flames.x}`);
  const body = fractalTile(rng, 256, 4, 4, 0.7);
  const tongues = fractalTile(rng, 256, 7, 4, 0.55);
  const colours = ramp();
  stage.elements.push((frame, now) => {
    const at = now.project(flames.x, flames.foot, flames.depth);
    const area = {
      ...flames,
      x: at.x,
      foot: at.y,
      width: flames.width * at.scale,
      height: flames.height * at.scale,
    };
    burn(frame, area, [body, tongues], colours, now.seconds);
  });
}

function burn(
  frame: Frame,
  area: Flames,
  tiles: readonly [Tile, Tile],
  colours: ReturnType<typeof ramp>,
  seconds: number,
): void {
  const { width, height } = frame;
  const half = width >> 1;
  const top = Math.max(0, Math.floor(area.foot - area.height * 1.25));
  const foot = Math.min(height, Math.floor(area.foot));
  const reach = area.width * 0.75;
  const from = Math.max(0, Math.floor(area.x - reach));
  const to = Math.min(width, Math.ceil(area.x + reach));
  const [body, tongues] = tiles;
  const k = 150 / area.height;
  for (let y = top; y < foot; y++) {
    const up = (area.foot - y) / area.height;
    const v1 = (Math.floor((y - foot) * k + seconds * 185 + 65536) & 255) * 256;
    const v2 = (Math.floor((y - foot) * k * 1.3 + seconds * 262 + 65536) & 255) * 256;
    const sway = Math.sin(seconds * 2.1 + up * 3) * up * area.width * 0.07;
    const round = Math.min(1, (area.foot - y) / (area.height * 0.06));
    for (let x = from; x < to; x++) {
      const dx = (x - area.x - sway) / (area.width * 0.5);
      const a = body.data[v1 + (Math.floor((x - area.x) * k + 4096) & 255)] as number;
      const b = tongues.data[v2 + (Math.floor((x - area.x) * k * 1.5 + 4096 + a * 9) & 255)] as number;
      const heat =
        (1.02 - up * 1.12 + (a * 0.5 + b * 0.42) * (0.4 + 0.55 * up) - dx * dx * (0.75 + 1.5 * up)) * round;
      if (heat <= 0.02) continue;
      const alpha = Math.min(1, heat * 2.6);
      const c = Math.min(STEPS - 1, Math.floor(heat * 0.98 * STEPS));
      const i = y * width + x;
      const old = frame.y[i] as number;
      frame.y[i] = Math.max(old, old + ((colours.y[c] as number) - old) * alpha);
      if ((x & 1) === 0 && (y & 1) === 0) {
        const j = (y >> 1) * half + (x >> 1);
        frame.u[j] = (frame.u[j] as number) + ((colours.u[c] as number) - (frame.u[j] as number)) * alpha;
        frame.v[j] = (frame.v[j] as number) + ((colours.v[c] as number) - (frame.v[j] as number)) * alpha;
      }
    }
  }
}
