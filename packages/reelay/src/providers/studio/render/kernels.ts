// The compositor's inner loops for what most films are made of: sprites that slide sideways by parts of a pixel,
// and soft things that are drawn much enlarged. One pass over the frame each, nothing stored in between.

/** One row of a sprite that is not scaled and lies on whole rows, opaque all along; `wx` is 0..256. */
export function slideSolid(
  dst: Uint8ClampedArray,
  src: Uint8Array,
  to: number,
  from: number,
  count: number,
  wx: number,
): void {
  let a = src[from] as number;
  for (let i = 0; i < count; i++) {
    const b = src[from + i + 1] as number;
    dst[to + i] = ((a << 8) + (b - a) * wx + 128) >> 8;
    a = b;
  }
}

/** The same with alpha: premultiplied source-over, `opacity` in 0..256. */
export function slideCover(
  dst: Uint8ClampedArray,
  src: Uint8Array,
  alpha: Uint8Array,
  to: number,
  from: number,
  count: number,
  wx: number,
  opacity: number,
): void {
  let a = src[from] as number;
  let p = alpha[from] as number;
  for (let i = 0; i < count; i++) {
    const b = src[from + i + 1] as number;
    const q = alpha[from + i + 1] as number;
    const cover = (((p << 8) + (q - p) * wx) * opacity) >> 8;
    const colour = (((a << 8) + (b - a) * wx) * opacity) >> 8;
    const old = dst[to + i] as number;
    dst[to + i] = (colour + (old << 8) - ((((old * cover) >> 8) * 257) >> 8) + 128) >> 8;
    a = b;
    p = q;
  }
}

/**
 * One row of a soft thing of one colour, much enlarged: the frame moves towards `flat` by its alpha. `row` holds the
 * alpha of the source row in 8.8 fixed point; cells with nothing in them cost nothing.
 */
export function wideVeil(
  dst: Uint8ClampedArray,
  line: number,
  row: Int32Array,
  width: number,
  x0: number,
  scale: number,
  from: number,
  to: number,
  flat: number,
  opacity: number,
): void {
  const inverse = 1 / scale;
  const gain = opacity / (256 * 65280);
  for (let x = from; x < to; ) {
    const cell = Math.max(0, Math.min(width - 2, Math.floor((x - x0) * inverse)));
    const last = cell >= width - 2 ? to : Math.min(to, Math.max(x + 1, Math.ceil(x0 + (cell + 1) * scale)));
    const a = row[cell] as number;
    const b = row[cell + 1] as number;
    if (a + b < 128) {
      x = last;
      continue;
    }
    const step = (b - a) * inverse * gain;
    let cover = a * gain + step * (x - x0 - cell * scale);
    for (; x < last; x++) {
      const old = dst[line + x] as number;
      dst[line + x] = old + (flat - old) * cover;
      cover += step;
    }
  }
}

/** One row of light, much enlarged, added to the frame; `zero` is the value in the row that adds nothing. */
export function wideLight(
  dst: Uint8ClampedArray,
  line: number,
  row: Int32Array,
  width: number,
  x0: number,
  scale: number,
  from: number,
  to: number,
  zero: number,
  gain: number,
): void {
  const inverse = 1 / scale;
  const nothing = zero * 256;
  for (let x = from; x < to; ) {
    const cell = Math.max(0, Math.min(width - 2, Math.floor((x - x0) * inverse)));
    const last = cell >= width - 2 ? to : Math.min(to, Math.max(x + 1, Math.ceil(x0 + (cell + 1) * scale)));
    const a = (row[cell] as number) - nothing;
    const b = (row[cell + 1] as number) - nothing;
    if (Math.abs(a) + Math.abs(b) < 128) {
      x = last;
      continue;
    }
    const step = (b - a) * inverse * (gain / 256);
    let value = a * (gain / 256) + step * (x - x0 - cell * scale);
    for (; x < last; x++) {
      dst[line + x] = (dst[line + x] as number) + value;
      value += step;
    }
  }
}
