import { type Canvas, createCanvas, type SKRSContext2D } from '@napi-rs/canvas';

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

/** One plane of a sprite, with where in each row anything is (`left`..`right`) and where it hides all below. */
export interface Coverage {
  readonly width: number;
  readonly height: number;
  readonly alpha: Uint8Array;
  readonly left: Int16Array;
  readonly right: Int16Array;
  readonly solidFrom: Int16Array;
  readonly solidTo: Int16Array;
}

/** A pre-rendered picture with alpha, premultiplied, split into planes; `x`, `y` place it in the world. */
export interface Sprite {
  readonly x: number;
  readonly yTop: number;
  readonly full: Coverage;
  readonly half: Coverage;
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
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

function coverage(width: number, height: number, alpha: Uint8Array): Coverage {
  const left = new Int16Array(height).fill(width);
  const right = new Int16Array(height);
  const solidFrom = new Int16Array(height);
  const solidTo = new Int16Array(height);
  for (let y = 0; y < height; y++) {
    let run = 0;
    const row = y * width;
    for (let x = 0; x <= width; x++) {
      const a = x < width ? alpha[row + x] : 0;
      if (a) {
        if ((left[y] ?? 0) === width) left[y] = x;
        right[y] = x + 1;
      }
      if (a === 255) run++;
      else {
        if (run > (solidTo[y] ?? 0) - (solidFrom[y] ?? 0)) {
          solidFrom[y] = x - run;
          solidTo[y] = x;
        }
        run = 0;
      }
    }
  }
  return { width, height, alpha, left, right, solidFrom, solidTo };
}

/** Splits premultiplied RGBA into premultiplied planes. Width and height must be even. */
export function spriteFromRgba(
  rgba: Uint8Array,
  width: number,
  height: number,
  x: number,
  yTop: number,
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
  };
}

/** The premultiplied pixels of a canvas, without keeping the canvas alive. */
export function pixels(canvas: Canvas): Uint8Array {
  return canvas.data();
}

const even = (n: number): number => Math.max(2, Math.ceil(n / 2) * 2);

/**
 * Paints a sprite that covers a rectangle of the world; the painter draws in world coordinates.
 * `scale` below 1 paints soft things coarsely: the sprite is then drawn enlarged by 1 / scale.
 */
export function paint(
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  painter: (ctx: SKRSContext2D) => void,
  scale = 1,
): Sprite {
  const width = even(box.width * scale);
  const height = even(box.height * scale);
  const canvas = createCanvas(width, height);
  const ctx = canvas.getContext('2d');
  ctx.scale(scale, scale);
  ctx.translate(-box.x, -box.y);
  painter(ctx);
  return spriteFromRgba(pixels(canvas), width, height, box.x, box.y);
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
  const s = spriteFromRgba(pixels(canvas), w, h, 0, 0);
  return { width: w, height: h, y: s.y.map((l) => Math.max(0, l - 16)), u: s.u, v: s.v };
}

/** Makes a sprite pixel by pixel: `shader` writes straight RGBA (0..255) of a world point into its target. */
export function paintPixels(
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  scale: number,
  shader: (x: number, y: number, out: Float32Array) => void,
): Sprite {
  const width = even(box.width * scale);
  const height = even(box.height * scale);
  const rgba = new Uint8Array(width * height * 4);
  const out = new Float32Array(4);
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p += 4) {
      out.fill(0);
      shader(box.x + (x + 0.5) / scale, box.y + (y + 0.5) / scale, out);
      const a = Math.min(255, Math.max(0, out[3] ?? 0));
      if (a < 0.5) continue;
      rgba[p] = ((out[0] ?? 0) * a) / 255;
      rgba[p + 1] = ((out[1] ?? 0) * a) / 255;
      rgba[p + 2] = ((out[2] ?? 0) * a) / 255;
      rgba[p + 3] = a;
    }
  }
  return spriteFromRgba(rgba, width, height, box.x, box.y);
}
