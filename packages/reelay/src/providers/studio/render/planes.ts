import { type Canvas, createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import { type Rgb, toYuv } from './colour.ts';

/** One I420 picture (BT.709, limited range); width and height are even. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  /** Width × height luma, then a quarter of it each of U and V: the bytes an encoder takes. */
  readonly bytes: Uint8ClampedArray;
  readonly y: Uint8ClampedArray;
  readonly u: Uint8ClampedArray;
  readonly v: Uint8ClampedArray;
}

/** The alpha of a sprite at one resolution, with the runs of each row that show something. */
export interface Coverage {
  readonly width: number;
  readonly height: number;
  readonly alpha: Uint8Array;
  /** Where the runs of each row begin in `runs`; one more at the end. */
  readonly rows: Int32Array;
  /** Threes of from, to, kind. A run is of cells: a cell is the square between four neighbouring pixels. */
  readonly runs: Int16Array;
}

/** Kinds of runs: all four pixels of each cell are opaque, or any of them shows something. */
export const SOLID = 1;
const MIXED = 0;
const EMPTY = -1;

/** A pre-rendered picture with alpha, premultiplied, split into planes; `x`, `y` place it in the world. */
export interface Sprite {
  readonly x: number;
  readonly yTop: number;
  readonly full: Coverage;
  readonly half: Coverage;
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
  /** The one colour (Y, U, V) that all of it has, where it has one: mist and the like are drawn faster so. */
  readonly flat: Rgb | null;
}

/** Light to be added to a picture: luma 0..255, chroma around 128; black adds nothing. */
export interface Light {
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
}

/** An empty frame. */
export function frame(width: number, height: number): Frame {
  const size = width * height;
  const bytes = new Uint8ClampedArray(size * 1.5);
  return {
    width,
    height,
    bytes,
    y: bytes.subarray(0, size),
    u: bytes.subarray(size, size * 1.25),
    v: bytes.subarray(size * 1.25),
  };
}

// Shorter runs are not worth a start of their own.
const SHORT = 12;

/** Notes the runs of each row of cells. */
function coverage(width: number, height: number, alpha: Uint8Array): Coverage {
  const rows = new Int32Array(height + 1);
  const runs: number[] = [];
  for (let y = 0; y + 1 < height; y++) {
    rows[y] = runs.length;
    const a = y * width;
    const b = a + width;
    let kind = EMPTY;
    let from = 0;
    for (let x = 0; x < width; x++) {
      const last = x + 1 === width;
      const high = last
        ? 0
        : (alpha[a + x] ?? 0) | (alpha[a + x + 1] ?? 0) | (alpha[b + x] ?? 0) | (alpha[b + x + 1] ?? 0);
      const low = last
        ? 0
        : (alpha[a + x] ?? 0) & (alpha[a + x + 1] ?? 0) & (alpha[b + x] ?? 0) & (alpha[b + x + 1] ?? 0);
      const here = last || high === 0 ? EMPTY : low === 255 ? SOLID : MIXED;
      if (here === kind && !last) continue;
      if (kind !== EMPTY) addRun(runs, rows[y] ?? 0, from, x, kind);
      kind = here;
      from = x;
    }
  }
  rows[height - 1] = runs.length;
  rows[height] = runs.length;
  return { width, height, alpha, rows, runs: Int16Array.from(runs) };
}

/** Adds a run, joined to the one before where both are mixed or this one is too short to matter. */
function addRun(runs: number[], rowStart: number, from: number, to: number, kind: number): void {
  const n = runs.length;
  const joins = n > rowStart && from - (runs[n - 2] ?? 0) < SHORT;
  const kindBefore = runs[n - 1];
  if (joins && (kind === MIXED || to - from < SHORT) && kindBefore === MIXED) {
    runs[n - 2] = to;
    return;
  }
  runs.push(from, to, to - from < SHORT ? MIXED : kind);
}

/** Splits premultiplied RGBA into premultiplied planes. Width and height must be even. */
export function spriteFromRgba(
  rgba: Uint8Array,
  width: number,
  height: number,
  x: number,
  yTop: number,
  flat: Rgb | null = null,
): Sprite {
  const hw = width >> 1;
  const hh = height >> 1;
  const luma = new Uint8Array(width * height);
  const alpha = new Uint8Array(width * height);
  const u = new Uint8Array(hw * hh);
  const v = new Uint8Array(hw * hh);
  const alphaHalf = new Uint8Array(hw * hh);
  for (let i = 0, p = 0; i < luma.length; i++, p += 4) {
    const a = rgba[p + 3] ?? 0;
    if (a === 0) continue;
    const r = rgba[p] ?? 0;
    const g = rgba[p + 1] ?? 0;
    const b = rgba[p + 2] ?? 0;
    luma[i] = (16 * a) / 255 + 0.18259 * r + 0.61423 * g + 0.06201 * b + 0.5;
    alpha[i] = a;
  }
  const stride = width * 4;
  for (let cy = 0, i = 0; cy < hh; cy++) {
    for (let cx = 0; cx < hw; cx++, i++) {
      const p = cy * 2 * stride + cx * 8;
      const q = p + stride;
      const a = ((rgba[p + 3] ?? 0) + (rgba[p + 7] ?? 0) + (rgba[q + 3] ?? 0) + (rgba[q + 7] ?? 0)) / 4;
      if (a === 0) continue;
      const r = ((rgba[p] ?? 0) + (rgba[p + 4] ?? 0) + (rgba[q] ?? 0) + (rgba[q + 4] ?? 0)) / 4;
      const g = ((rgba[p + 1] ?? 0) + (rgba[p + 5] ?? 0) + (rgba[q + 1] ?? 0) + (rgba[q + 5] ?? 0)) / 4;
      const b = ((rgba[p + 2] ?? 0) + (rgba[p + 6] ?? 0) + (rgba[q + 2] ?? 0) + (rgba[q + 6] ?? 0)) / 4;
      const grey = (128 * a) / 255 + 0.5;
      u[i] = grey - 0.10064 * r - 0.33857 * g + 0.43922 * b;
      v[i] = grey + 0.43922 * r - 0.39894 * g - 0.04027 * b;
      alphaHalf[i] = a;
    }
  }
  return {
    x,
    yTop,
    full: coverage(width, height, alpha),
    half: coverage(hw, hh, alphaHalf),
    y: luma,
    u,
    v,
    flat: flat ? toYuv(flat) : null,
  };
}

/** Takes the premultiplied pixels of a canvas, and gives its own memory back at once. */
function takePixels(canvas: Canvas): Uint8Array {
  const pixels = canvas.data();
  canvas.width = 1;
  canvas.height = 1;
  return pixels;
}

const even = (n: number): number => Math.max(2, Math.ceil(n / 2) * 2);

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The area on whole even pixels that holds another: what lies on whole rows is drawn faster. */
function snap(box: Area): Area {
  const x = Math.floor(box.x / 2) * 2;
  const y = Math.floor(box.y / 2) * 2;
  return { x, y, width: box.width + box.x - x, height: box.height + box.y - y };
}

/**
 * Paints a sprite that covers a rectangle of the world; the painter draws in world coordinates.
 * `scale` below 1 paints soft things coarsely: the sprite is then drawn enlarged by 1 / scale.
 */
export function paint(area: Area, painter: (ctx: SKRSContext2D) => void, scale = 1): Sprite {
  const box = snap(area);
  const width = even(box.width * scale);
  const height = even(box.height * scale);
  const canvas = createCanvas(width, height);
  const ctx = canvas.getContext('2d');
  ctx.scale(scale, scale);
  ctx.translate(-box.x, -box.y);
  painter(ctx);
  return spriteFromRgba(takePixels(canvas), width, height, box.x, box.y);
}

/** Paints light on black; coordinates start at 0, 0. */
export function paintLight(width: number, height: number, painter: (ctx: SKRSContext2D) => void): Light {
  const w = even(width);
  const h = even(height);
  const canvas = createCanvas(w, h);
  const ctx = canvas.getContext('2d');
  ctx.fillStyle = '#000';
  ctx.fillRect(0, 0, w, h);
  ctx.globalCompositeOperation = 'lighter';
  painter(ctx);
  const s = spriteFromRgba(takePixels(canvas), w, h, 0, 0);
  return { width: w, height: h, y: s.y.map((l) => Math.max(0, l - 16)), u: s.u, v: s.v };
}

/**
 * Makes a sprite pixel by pixel: `shader` writes straight RGBA (0..255) of a world point into its target.
 * With `flat` it is all of that colour, and only the alpha counts.
 */
export function paintPixels(
  area: Area,
  scale: number,
  shader: (x: number, y: number, out: Float32Array) => void,
  flat: Rgb | null = null,
): Sprite {
  const box = snap(area);
  const width = even(box.width * scale);
  const height = even(box.height * scale);
  const rgba = new Uint8Array(width * height * 4);
  const out = new Float32Array(4);
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p += 4) {
      out[3] = 0;
      shader(box.x + (x + 0.5) / scale, box.y + (y + 0.5) / scale, out);
      const a = Math.min(255, Math.max(0, out[3] ?? 0));
      if (a < 0.5) continue;
      for (let c = 0; c < 3; c++) rgba[p + c] = (Math.min(255, Math.max(0, out[c] ?? 0)) * a) / 255 + 0.5;
      rgba[p + 3] = a;
    }
  }
  return spriteFromRgba(rgba, width, height, box.x, box.y, flat);
}

/** Light of one colour, as strong (0..1) as `strength` says at each point; `coarse` pixels are one of it. */
export function lightOf(
  width: number,
  height: number,
  coarse: number,
  colour: Rgb,
  strength: (x: number, y: number) => number,
): Light {
  const box = { x: 0, y: 0, width, height };
  const s = paintPixels(box, 1 / coarse, (x, y, out) => {
    const k = Math.max(0, strength(x, y));
    for (let c = 0; c < 3; c++) out[c] = (colour[c] ?? 0) * k;
    out[3] = 255;
  });
  return {
    width: s.full.width,
    height: s.full.height,
    y: s.y.map((l) => Math.max(0, l - 16)),
    u: s.u,
    v: s.v,
  };
}
