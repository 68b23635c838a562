import type { Coverage, Frame, Light, Sprite } from './planes.ts';

// The compositor: sub-pixel placement and scaling of planes. One row at a time is resampled into scratch
// rows, then laid over the frame; rows and runs where a sprite has nothing, or hides all, are known up front.

const MAX_WIDTH = 4096;
const colourRow = new Int32Array(MAX_WIDTH);
const alphaRow = new Int32Array(MAX_WIDTH);
const column = new Int32Array(MAX_WIDTH);
const weight = new Int32Array(MAX_WIDTH);

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

/** Fills `out[from..to)` from the mixed row, each column with its own place and weight. */
function resample(out: Int32Array, from: number, to: number): void {
  for (let x = from; x < to; x++) {
    const c = column[x] as number;
    const a = mixedRow[c] as number;
    out[x] = (a * 256 + ((mixedRow[c + 1] as number) - a) * (weight[x] as number) + 32768) >> 16;
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

function placeColumns(x0: number, inverse: number, sw: number, from: number, to: number): void {
  for (let x = from; x < to; x++) {
    const s = (x - x0) * inverse;
    const i = Math.min(sw - 2, Math.floor(s));
    column[x] = i;
    weight[x] = Math.min(256, Math.round((s - i) * 256));
  }
}

/** Lays one plane over another. `opacity` is 0..256. */
function blendPlane(
  dst: Uint8ClampedArray,
  width: number,
  height: number,
  src: Uint8Array,
  cover: Coverage,
  at: Placement,
  opacity: number,
  warp: Warp | null,
  warpGain: number,
): void {
  const { scale } = at;
  const inverse = 1 / scale;
  const sw = cover.width;
  const sh = cover.height;
  const firstY = Math.max(0, Math.ceil(at.y));
  const lastY = Math.min(height, Math.floor(at.y + (sh - 1) * scale));
  if (lastY <= firstY) return;
  const unit = scale === 1;
  let x0 = at.x;
  let firstX = Math.max(0, Math.ceil(x0));
  let lastX = Math.min(width, Math.floor(x0 + (sw - 1) * scale));
  let shift = Math.floor(-x0);
  let wx = Math.round((-x0 - shift) * 256);
  if (!unit) placeColumns(x0, inverse, sw, firstX, lastX);
  for (let y = firstY; y < lastY; y++) {
    const s = (y - at.y) * inverse;
    const r0 = Math.min(sh - 2, Math.floor(s));
    const wy = Math.min(256, Math.round((s - r0) * 256));
    if (warp) {
      x0 = at.x + warp(s / sh) * warpGain;
      firstX = Math.max(0, Math.ceil(x0));
      lastX = Math.min(width, Math.floor(x0 + (sw - 1) * scale));
      shift = Math.floor(-x0);
      wx = Math.round((-x0 - shift) * 256);
      if (!unit) placeColumns(x0, inverse, sw, firstX, lastX);
    }
    if (lastX <= firstX) continue;
    const left = Math.min(cover.left[r0] as number, cover.left[r0 + 1] as number) - 1;
    const right = Math.max(cover.right[r0] as number, cover.right[r0 + 1] as number);
    const from = Math.max(firstX, Math.floor(x0 + left * scale));
    const to = Math.min(lastX, Math.ceil(x0 + right * scale));
    if (to <= from) continue;
    const row0 = r0 * sw;
    const row1 = row0 + sw;
    const c0 = unit ? from + shift : (column[from] as number);
    const c1 = unit ? to + shift : (column[to - 1] as number) + 1;
    mixRows(src, row0, row1, wy, c0, c1);
    if (unit) slide(colourRow, wx, shift, from, to);
    else resample(colourRow, from, to);
    let solidFrom = to;
    let solidTo = to;
    if (opacity === 256) {
      const a = Math.max(cover.solidFrom[r0] as number, cover.solidFrom[r0 + 1] as number);
      const b = Math.min(cover.solidTo[r0] as number, cover.solidTo[r0 + 1] as number) - 1;
      if (b > a) {
        solidFrom = Math.min(to, Math.max(from, Math.ceil(x0 + a * scale)));
        solidTo = Math.max(solidFrom, Math.min(to, Math.floor(x0 + b * scale)));
      }
    }
    const line = y * width;
    for (let part = 0; part < 2; part++) {
      const p0 = part === 0 ? from : solidTo;
      const p1 = part === 0 ? solidFrom : to;
      if (p1 <= p0) continue;
      const a0 = unit ? p0 + shift : (column[p0] as number);
      const a1 = unit ? p1 + shift : (column[p1 - 1] as number) + 1;
      mixRows(cover.alpha, row0, row1, wy, a0, a1);
      if (unit) slide(alphaRow, wx, shift, p0, p1);
      else resample(alphaRow, p0, p1);
      cover256(dst, line, p0, p1, opacity);
    }
    for (let x = solidFrom; x < solidTo; x++) dst[line + x] = colourRow[x] as number;
  }
}

/** Source-over of the scratch rows: dst = colour + dst × (1 − alpha). */
function cover256(dst: Uint8ClampedArray, line: number, from: number, to: number, opacity: number): void {
  if (opacity === 256) {
    for (let x = from; x < to; x++) {
      const keep = 255 - (alphaRow[x] as number);
      dst[line + x] = (colourRow[x] as number) + (((dst[line + x] as number) * keep * 257 + 32896) >> 16);
    }
    return;
  }
  const fade = opacity * 257;
  for (let x = from; x < to; x++) {
    const keep = 65280 * 257 - (alphaRow[x] as number) * fade;
    const old = (dst[line + x] as number) * (keep / 16711680);
    dst[line + x] = ((colourRow[x] as number) * opacity) / 256 + old;
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
  blendPlane(frame.y, width, height, sprite.y, sprite.full, { x, y, scale }, o, warp, 1);
  const at = { x: x / 2, y: y / 2, scale };
  blendPlane(frame.u, width >> 1, height >> 1, sprite.u, sprite.half, at, o, warp, 0.5);
  blendPlane(frame.v, width >> 1, height >> 1, sprite.v, sprite.half, at, o, warp, 0.5);
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
  placeColumns(at.x, inverse, sw, firstX, lastX);
  for (let y = firstY; y < lastY; y++) {
    const s = (y - at.y) * inverse;
    const r0 = Math.min(sh - 2, Math.floor(s));
    const wy = Math.min(256, Math.round((s - r0) * 256));
    mixRows(src, r0 * sw, r0 * sw + sw, wy, column[firstX] as number, (column[lastX - 1] as number) + 1);
    resample(colourRow, firstX, lastX);
    const line = y * width;
    for (let x = firstX; x < lastX; x++) {
      dst[line + x] = (dst[line + x] as number) + ((colourRow[x] as number) - zero) * gain;
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
