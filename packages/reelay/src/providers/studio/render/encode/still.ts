import { createCanvas } from '@napi-rs/canvas';
import { type Frame, frame } from '../planes.ts';

/** The frame as opaque RGBA bytes. */
export function toRgba(picture: Frame): Uint8ClampedArray {
  const { width, height } = picture;
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o += 4) {
      const c = (y >> 1) * (width >> 1) + (x >> 1);
      const luma = 1.16438 * ((picture.y[y * width + x] ?? 16) - 16);
      const u = (picture.u[c] ?? 128) - 128;
      const v = (picture.v[c] ?? 128) - 128;
      rgba[o] = luma + 1.79274 * v;
      rgba[o + 1] = luma - 0.21325 * u - 0.53291 * v;
      rgba[o + 2] = luma + 2.1124 * u;
      rgba[o + 3] = 255;
    }
  }
  return rgba;
}

/** The frame as a JPEG. */
export async function toJpeg(picture: Frame, quality = 84): Promise<Buffer> {
  const { width, height } = picture;
  const canvas = createCanvas(width, height);
  const ctx = canvas.getContext('2d');
  const image = ctx.createImageData(width, height);
  image.data.set(toRgba(picture));
  ctx.putImageData(image, 0, 0);
  return await canvas.encode('jpeg', quality);
}

/** A frame of a quarter of the width and height (rounded to even), and how to fill it from a whole one. */
export function quarter(width: number, height: number): { readonly small: Frame; fill(from: Frame): void } {
  const small = frame((width >> 3) << 1, (height >> 3) << 1);
  const planes = (f: Frame): readonly [Uint8ClampedArray, number, number][] => [
    [f.y, f.width, f.height],
    [f.u, f.width >> 1, f.height >> 1],
    [f.v, f.width >> 1, f.height >> 1],
  ];
  const targets = planes(small);
  return {
    small,
    fill(from) {
      planes(from).forEach(([src, wide], i) => {
        const [dst, w, h] = targets[i] ?? [src, 0, 0];
        for (let y = 0; y < h; y++) {
          for (let x = 0; x < w; x++) {
            const p = y * 4 * wide + x * 4;
            const sum =
              (src[p] ?? 0) + (src[p + 2] ?? 0) + (src[p + 2 * wide] ?? 0) + (src[p + 2 * wide + 2] ?? 0);
            dst[y * w + x] = sum / 4;
          }
        }
      });
    },
  };
}
