import { type Rgb, toYuv } from '../colour.ts';
import { fractalTile, type Tile } from '../noise.ts';
import type { Frame } from '../planes.ts';
import type { Moment, Stage } from '../stage.ts';

/** How a sheet of water lies and behaves. */
export interface Water {
  /** Its far edge in world pixels; what is drawn above it is mirrored in it. */
  readonly top: number;
  readonly depth: number;
  /** Seen from above, near the viewer; and what its far edge tends to. */
  readonly near: Rgb;
  /** 0 a mirror .. 1 a rough sea. */
  readonly chop: number;
  /** 0..1: how much of the mirror is seen. */
  readonly mirror: number;
  /** 0..1: sparkle under the sun. */
  readonly glitter: number;
}

/** Water from its far edge to the foot of the frame, mirroring all that was drawn before. */
export function addWater(stage: Stage, water: Water): void {
  const rng = stage.rng.fork('water');
  const long = fractalTile(rng, 512, 6, 5, 1.7);
  const cross = fractalTile(rng, 512, 10, 4, 1.5);
  const colour = toYuv(water.near);
  const light = toYuv(stage.palette.sun);
  const lean = new Float32Array(4096);
  stage.elements.push((frame, now) => {
    const edge = now.project(0, water.top, water.depth);
    const shiftX = now.project(stage.width / 2, water.top, 1).x - stage.width / 2;
    const sun = now.project(stage.sun.x, stage.sun.y, 0.02);
    const view = { horizon: edge.y, foot: frame.height * 1.02, shiftX, sunX: sun.x };
    ripple(frame, stage, water, [long, cross], now, view, colour, light, lean);
  });
}

interface View {
  readonly horizon: number;
  readonly foot: number;
  readonly shiftX: number;
  readonly sunX: number;
}

function ripple(
  frame: Frame,
  stage: Stage,
  water: Water,
  tiles: readonly [Tile, Tile],
  now: Moment,
  view: View,
  colour: Rgb,
  light: Rgb,
  lean: Float32Array,
): void {
  const { width, height } = frame;
  const start = Math.max(1, Math.ceil(view.horizon));
  const span = view.foot - view.horizon;
  for (let y = start; y < height; y++) {
    const p = (y - view.horizon) / span;
    slopes(lean, width, p, y, tiles, now, view, stage.unit);
    const amount = water.chop * (2 + 46 * p) * stage.unit;
    const deep = 1 - water.mirror * (1 - 0.55 * p);
    const relief = water.chop * (10 + 64 * p) * (0.3 + 0.7 * stage.palette.light);
    const mirrored = Math.max(0, view.horizon - (y - view.horizon) * (0.9 + 0.5 * p));
    const glitter = water.glitter * (18 + 190 * (1 - p) * (1 - p));
    const reach = width * (0.035 + 0.2 * p);
    const line = y * width;
    for (let x = 0; x < width; x++) {
      const n = lean[x] as number;
      let sx = (x + n * amount) | 0;
      sx = sx < 0 ? -sx : sx >= width ? 2 * width - 2 - sx : sx;
      let sy = (mirrored + n * amount * 1.6) | 0;
      sy = sy < 0 ? 0 : sy >= start ? start - 1 : sy;
      const m = frame.y[sy * width + sx] as number;
      let v = m + ((colour[0] as number) - m) * deep + n * relief;
      if (n > 0.08) {
        const off = (x - view.sunX) / reach;
        if (off > -2.2 && off < 2.2)
          v += (n - 0.08) * glitter * Math.max(0, 1 - off * off * 0.21) * ((light[0] as number) / 128);
      }
      frame.y[line + x] = v;
    }
    if ((y & 1) === 0)
      chroma(frame, lean, y, start, mirrored, amount, deep, colour, light, view, reach, glitter);
  }
}

/** The slope of the water along one row, about −1..1, in perspective. */
function slopes(
  lean: Float32Array,
  width: number,
  p: number,
  y: number,
  tiles: readonly [Tile, Tile],
  now: Moment,
  view: View,
  unit: number,
): void {
  const away = 1 / (p + 0.07);
  const step = (0.16 + 0.3 * away * 0.35) / unit;
  const t = now.seconds;
  const [a, b] = tiles;
  const v0 = ((away * 150 + t * 26) & 511) * 512;
  const v1 = ((away * 118 + y * 0.3 - t * 17) & 511) * 512;
  const f = Math.min(1, p * 14);
  let u0 = (view.shiftX * p - width / 2) * step + 8192 + t * 6;
  let u1 = (view.shiftX * p - width / 2) * step * 0.7 + 8192 - t * 9;
  const s1 = step * 0.7;
  for (let x = 0; x < width; x++) {
    const n = (a.data[v0 + (u0 & 511)] as number) + 0.8 * (b.data[v1 + (u1 & 511)] as number);
    lean[x] = n * f;
    u0 += step;
    u1 += s1;
  }
}

function chroma(
  frame: Frame,
  lean: Float32Array,
  y: number,
  start: number,
  mirrored: number,
  amount: number,
  deep: number,
  colour: Rgb,
  light: Rgb,
  view: View,
  reach: number,
  glitter: number,
): void {
  const w = frame.width >> 1;
  const line = (y >> 1) * w;
  for (let x = 0; x < w; x++) {
    const n = lean[x * 2] as number;
    let sx = (x + n * amount * 0.5) | 0;
    sx = sx < 0 ? -sx : sx >= w ? 2 * w - 2 - sx : sx;
    let sy = ((mirrored + n * amount * 1.6) / 2) | 0;
    sy = sy < 0 ? 0 : sy >= start >> 1 ? Math.max(0, (start >> 1) - 1) : sy;
    const i = sy * w + sx;
    const u = frame.u[i] as number;
    const v = frame.v[i] as number;
    const off = (x * 2 - view.sunX) / reach;
    const k =
      n > 0.08 && off > -2.2 && off < 2.2
        ? Math.min(0.8, ((n - 0.08) * glitter) / 120) * Math.max(0, 1 - off * off * 0.21)
        : 0;
    const bu = u + ((colour[1] as number) - u) * deep;
    const bv = v + ((colour[2] as number) - v) * deep;
    frame.u[line + x] = bu + ((light[1] as number) - bu) * k;
    frame.v[line + x] = bv + ((light[2] as number) - bv) * k;
  }
}
