import { slideCover, slideSolid, wideLight, wideVeil } from './kernels.ts';
import { type Coverage, type Frame, type Light, SOLID, type Sprite } from './planes.ts';

// The compositor: sub-pixel placement and scaling of planes. One row at a time is resampled into scratch
// rows, then laid over the frame; rows and runs where a sprite has nothing, or hides all, are known up front.

const MAX_WIDTH = 4096;
const colourRow = new Int32Array(MAX_WIDTH);
const alphaRow = new Int32Array(MAX_WIDTH);

/** Moves the rows of a sprite sideways, in frame pixels: `share` is 0 at its top, 1 at its foot. */
export type Warp = (share: number) => number;

interface Placement {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

const mixedRow = new Int32Array(MAX_WIDTH);

/** Mixes two source rows into `mixedRow[from..to]`; the weight is 0..256. */
function mixRows(src: Uint8Array, row0: number, row1: number, wy: number, from: number, to: number): void {
  if (wy === 0) {
    for (let i = from; i <= to; i++) mixedRow[i] = (src[row0 + i] as number) << 8;
    return;
  }
  const uy = 256 - wy;
  for (let i = from; i <= to; i++)
    mixedRow[i] = (src[row0 + i] as number) * uy + (src[row1 + i] as number) * wy;
}

/** Fills `out[from..to)` from the mixed row at a scale. */
function resample(out: Int32Array, x0: number, scale: number, from: number, to: number, width: number): void {
  const inverse = 1 / scale;
  if (scale >= 3) {
    enlarge(out, x0, scale, from, to, width);
    return;
  }
  const last = width - 2;
  let at = (from - x0) * inverse;
  for (let x = from; x < to; x++) {
    const cell = at > last ? last : at | 0;
    const a = mixedRow[cell] as number;
    out[x] = (a + ((mixedRow[cell + 1] as number) - a) * (at - cell) + 128) >> 8;
    at += inverse;
  }
}

/** The same where cells are wide: along each the value changes evenly, so it is carried on by addition. */
function enlarge(out: Int32Array, x0: number, scale: number, from: number, to: number, width: number): void {
  const inverse = 1 / scale;
  for (let x = from; x < to; ) {
    const cell = Math.max(0, Math.min(width - 2, Math.floor((x - x0) * inverse)));
    const last = cell >= width - 2 ? to : Math.min(to, Math.max(x + 1, Math.ceil(x0 + (cell + 1) * scale)));
    const a = mixedRow[cell] as number;
    const step = ((mixedRow[cell + 1] as number) - a) * inverse;
    let value = a + step * (x - x0 - cell * scale) + 128;
    for (; x < last; x++) {
      out[x] = value >> 8;
      value += step;
    }
  }
}

/** The same where the scale is 1: every column has one weight. */
function slide(out: Int32Array, wx: number, shift: number, from: number, to: number): void {
  let a = mixedRow[from + shift] as number;
  for (let x = from; x < to; x++) {
    const b = mixedRow[x + shift + 1] as number;
    out[x] = (a * 256 + (b - a) * wx + 32768) >> 16;
    a = b;
  }
}

/** What one call of the compositor works on. */
interface Task {
  readonly dst: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly src: Uint8Array;
  readonly cover: Coverage;
  readonly at: Placement;
  /** 0..256 */
  readonly opacity: number;
  readonly warp: Warp | null;
  readonly warpGain: number;
  /** The one value of the plane, or −1. */
  readonly flat: number;
}

/** Lays one plane over another, row by row, run by run. */
function blendPlane(task: Task): void {
  const { at, cover, width, warp } = task;
  const { scale } = at;
  const inverse = 1 / scale;
  const sw = cover.width;
  const unit = scale === 1;
  const firstY = Math.max(0, Math.ceil(at.y));
  const lastY = Math.min(task.height, Math.floor(at.y + (cover.height - 1) * scale));
  let x0 = at.x;
  for (let y = firstY; y < lastY; y++) {
    const s = (y - at.y) * inverse;
    const r0 = Math.min(cover.height - 2, Math.floor(s));
    let run = cover.rows[r0] as number;
    const end = cover.rows[r0 + 1] as number;
    if (run === end) continue;
    if (warp) x0 = at.x + warp(s / cover.height) * task.warpGain;
    const wy = Math.min(256, Math.round((s - r0) * 256));
    const shift = Math.floor(-x0);
    const wx = Math.round((-x0 - shift) * 256);
    for (; run < end; run += 3) {
      const from = Math.max(0, Math.ceil(x0 + (cover.runs[run] as number) * scale));
      const to = Math.min(
        width,
        Math.ceil(x0 + (cover.runs[run + 1] as number) * scale),
        Math.floor(x0 + (sw - 1) * scale),
      );
      if (to <= from) continue;
      const c0 = unit ? from + shift : Math.max(0, Math.floor((from - x0) * inverse));
      const c1 = unit ? to + shift : Math.min(sw - 1, Math.floor((to - 1 - x0) * inverse) + 1);
      const solid = cover.runs[run + 2] === SOLID && task.opacity === 256;
      const row = r0 * sw;
      if (unit && wy === 0 && task.flat < 0) {
        slideRun(task, solid, y * width + from, row + c0, to - from, wx);
        continue;
      }
      if (task.flat < 0) {
        mixRows(task.src, row, row + sw, wy, c0, c1);
        if (unit) slide(colourRow, wx, shift, from, to);
        else resample(colourRow, x0, scale, from, to, sw);
      }
      if (solid) {
        copyRun(task.dst, y * width, from, to, task.flat);
        continue;
      }
      mixRows(cover.alpha, row, row + sw, wy, c0, c1);
      if (task.flat >= 0 && scale >= 3) {
        wideVeil(task.dst, y * width, mixedRow, sw, x0, scale, from, to, task.flat, task.opacity);
        continue;
      }
      if (unit) slide(alphaRow, wx, shift, from, to);
      else resample(alphaRow, x0, scale, from, to, sw);
      if (task.flat < 0) coverRun(task.dst, y * width, from, to, task.opacity);
      else veilRun(task.dst, y * width, from, to, task.opacity, task.flat);
    }
  }
}

/** A run of a row that is only moved sideways. */
function slideRun(task: Task, solid: boolean, to: number, from: number, count: number, wx: number): void {
  const { dst, src, cover } = task;
  if (!solid) slideCover(dst, src, cover.alpha, to, from, count, wx, task.opacity);
  else if (wx === 0) dst.set(src.subarray(from, from + count), to);
  else slideSolid(dst, src, to, from, count, wx);
}

function copyRun(dst: Uint8ClampedArray, line: number, from: number, to: number, flat: number): void {
  if (flat >= 0) dst.fill(flat, line + from, line + to);
  else for (let x = from; x < to; x++) dst[line + x] = colourRow[x] as number;
}

/** Source-over of the scratch rows: dst = colour + dst × (1 − alpha), in 16-bit fixed point. */
function coverRun(dst: Uint8ClampedArray, line: number, from: number, to: number, opacity: number): void {
  const fade = opacity === 256 ? 257 : (opacity * 257) >> 8;
  for (let x = from; x < to; x++) {
    const old = dst[line + x] as number;
    dst[line + x] =
      (((colourRow[x] as number) * opacity) >> 8) +
      ((old * (65535 - (alphaRow[x] as number) * fade) + 32768) >> 16);
  }
}

/** The same for one colour: dst moves towards it by alpha. */
function veilRun(
  dst: Uint8ClampedArray,
  line: number,
  from: number,
  to: number,
  opacity: number,
  flat: number,
): void {
  const fade = opacity === 256 ? 257 : (opacity * 257) >> 8;
  for (let x = from; x < to; x++) {
    const old = dst[line + x] as number;
    dst[line + x] = old + (((flat - old) * (alphaRow[x] as number) * fade + 32768) >> 16);
  }
}

/** Draws a sprite with its upper left corner at x, y of the frame, enlarged by `scale`; opacity in 0..1. */
export function drawSprite(
  frame: Frame,
  sprite: Sprite,
  x: number,
  y: number,
  scale = 1,
  opacity = 1,
  warp: Warp | null = null,
): void {
  const o = Math.round(Math.min(1, opacity) * 256);
  if (o <= 0) return;
  const { width, height } = frame;
  const [fy, fu, fv] = sprite.flat ?? [-1, -1, -1];
  const whole = { width, height, cover: sprite.full, at: { x, y, scale }, opacity: o, warp, warpGain: 1 };
  blendPlane({ ...whole, dst: frame.y, src: sprite.y, flat: fy });
  const half = {
    ...whole,
    width: width >> 1,
    height: height >> 1,
    cover: sprite.half,
    at: { x: x / 2, y: y / 2, scale },
    warpGain: 0.5,
  };
  blendPlane({ ...half, dst: frame.u, src: sprite.u, flat: fu });
  blendPlane({ ...half, dst: frame.v, src: sprite.v, flat: fv });
}

function addPlane(
  dst: Uint8ClampedArray,
  width: number,
  height: number,
  src: Uint8Array,
  sw: number,
  sh: number,
  at: Placement,
  gain: number,
  zero: number,
): void {
  const inverse = 1 / at.scale;
  const firstX = Math.max(0, Math.ceil(at.x));
  const lastX = Math.min(width, Math.floor(at.x + (sw - 1) * at.scale));
  const firstY = Math.max(0, Math.ceil(at.y));
  const lastY = Math.min(height, Math.floor(at.y + (sh - 1) * at.scale));
  if (lastX <= firstX) return;
  const level = Math.round(gain * 256);
  for (let y = firstY; y < lastY; y++) {
    const s = (y - at.y) * inverse;
    const r0 = Math.min(sh - 2, Math.floor(s));
    const wy = Math.min(256, Math.round((s - r0) * 256));
    mixRows(src, r0 * sw, r0 * sw + sw, wy, 0, sw - 1);
    if (at.scale >= 3) {
      wideLight(dst, y * width, mixedRow, sw, at.x, at.scale, firstX, lastX, zero, gain);
      continue;
    }
    resample(colourRow, at.x, at.scale, firstX, lastX, sw);
    const line = y * width;
    for (let x = firstX; x < lastX; x++) {
      dst[line + x] = (dst[line + x] as number) + ((((colourRow[x] as number) - zero) * level + 128) >> 8);
    }
  }
}

/** Adds light with its upper left corner at x, y of the frame; gain in 0..about 2. */
export function drawLight(frame: Frame, light: Light, x: number, y: number, scale = 1, gain = 1): void {
  if (gain <= 0.004) return;
  const { width, height } = frame;
  addPlane(frame.y, width, height, light.y, light.width, light.height, { x, y, scale }, gain, 0);
  const at = { x: x / 2, y: y / 2, scale };
  const w = light.width >> 1;
  const h = light.height >> 1;
  addPlane(frame.u, width >> 1, height >> 1, light.u, w, h, at, gain, 128);
  addPlane(frame.v, width >> 1, height >> 1, light.v, w, h, at, gain, 128);
}
