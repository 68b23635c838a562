import type { Random } from './random.ts';

/** A square, seamlessly repeating field of numbers; `size` is a power of two. */
export interface Tile {
  readonly size: number;
  readonly data: Float32Array;
}

const fade = (t: number): number => t * t * t * (t * (t * 6 - 15) + 10);

/** Adds one octave of periodic gradient noise with `cells` × `rows` cells over the tile, cell by cell. */
function addOctave(
  data: Float32Array,
  size: number,
  cells: number,
  rows: number,
  gain: number,
  rng: Random,
): void {
  const gx = new Float32Array(cells * rows);
  const gy = new Float32Array(cells * rows);
  for (let i = 0; i < gx.length; i++) {
    const angle = rng.next() * Math.PI * 2;
    gx[i] = Math.cos(angle) * gain;
    gy[i] = Math.sin(angle) * gain;
  }
  const place = Float32Array.from({ length: size }, (_, x) => (x / size) * cells);
  const ease = place.map((u) => fade(u - Math.floor(u)));
  for (let y = 0; y < size; y++) {
    const v = (y / size) * rows;
    const cy = Math.floor(v);
    const fy = v - cy;
    const sy = fade(fy);
    const high = (cy % rows) * cells;
    const low = ((cy + 1) % rows) * cells;
    for (let x = 0; x < size; x++) {
      const u = place[x] as number;
      const cx = u | 0;
      const fx = u - cx;
      const sx = ease[x] as number;
      const l = cx % cells;
      const r = (cx + 1) % cells;
      const a = (gx[high + l] as number) * fx + (gy[high + l] as number) * fy;
      const b = (gx[high + r] as number) * (fx - 1) + (gy[high + r] as number) * fy;
      const c = (gx[low + l] as number) * fx + (gy[low + l] as number) * (fy - 1);
      const d = (gx[low + r] as number) * (fx - 1) + (gy[low + r] as number) * (fy - 1);
      const top = a + (b - a) * sx;
      data[y * size + x] = (data[y * size + x] as number) + top + (c + (d - c) * sx - top) * sy;
    }
  }
}

/** Scales the field so that it fills −1..1. */
function normalise(data: Float32Array): void {
  let peak = 1e-6;
  for (const v of data) peak = Math.max(peak, Math.abs(v));
  for (let i = 0; i < data.length; i++) data[i] = (data[i] ?? 0) / peak;
}

/**
 * Periodic fractal noise in −1..1. `cells` is the number of cells of the coarsest octave across the tile,
 * `stretch` how many times more cells lie down than across (streaks when it is far from 1).
 */
export function fractalTile(rng: Random, size: number, cells: number, octaves: number, stretch = 1): Tile {
  const data = new Float32Array(size * size);
  for (let o = 0; o < octaves; o++) {
    const n = cells << o;
    const rows = Math.max(1, Math.round(n * stretch));
    if (Math.max(n, rows) > size) break;
    addOctave(data, size, n, rows, 0.5 ** o, rng);
  }
  normalise(data);
  return { size, data };
}

/** Reads a tile bilinearly at any place, repeating it. */
export function sample(tile: Tile, x: number, y: number): number {
  const { size, data } = tile;
  const mask = size - 1;
  const ix = Math.floor(x);
  const iy = Math.floor(y);
  const fx = x - ix;
  const fy = y - iy;
  const x0 = ix & mask;
  const x1 = (ix + 1) & mask;
  const r0 = (iy & mask) * size;
  const r1 = ((iy + 1) & mask) * size;
  const a = data[r0 + x0] ?? 0;
  const c = data[r1 + x0] ?? 0;
  const top = a + ((data[r0 + x1] ?? 0) - a) * fx;
  const low = c + ((data[r1 + x1] ?? 0) - c) * fx;
  return top + (low - top) * fy;
}

/** A smooth random curve in about −1..1: `octaves` of value noise, each half as strong and `gain`-scaled. */
export function curve(rng: Random, octaves: number, roughness = 0.5): (x: number) => number {
  const values = Float32Array.from({ length: 256 }, () => rng.next() * 2 - 1);
  return (x) => {
    let sum = 0;
    let gain = 1;
    let total = 0;
    for (let o = 0; o < octaves; o++) {
      const p = x * 2 ** o + o * 37.3;
      const i = Math.floor(p);
      const a = values[i & 255] ?? 0;
      sum += gain * (a + ((values[(i + 1) & 255] ?? 0) - a) * fade(p - i));
      total += gain;
      gain *= roughness;
    }
    return sum / total;
  };
}
