import { SAMPLE_RATE, type Stereo } from '../encode/mux.ts';
import type { Random } from '../random.ts';

/** A value that follows an input one sample at a time. */
export type Filter = (input: number) => number;

/** White noise in −1..1. */
export function white(rng: Random): () => number {
  return () => rng.next() * 2 - 1;
}

/** Noise whose power falls by 3 dB an octave, about −1..1. */
export function pink(rng: Random): () => number {
  let a = 0;
  let b = 0;
  let c = 0;
  return () => {
    const w = rng.next() * 2 - 1;
    a = 0.99765 * a + w * 0.099046;
    b = 0.963 * b + w * 0.2965164;
    c = 0.57 * c + w * 1.0526913;
    return (a + b + c + w * 0.1848) * 0.22;
  };
}

/** One pole that lets the low through. */
export function lowPass(hertz: number): Filter {
  const k = 1 - Math.exp((-2 * Math.PI * hertz) / SAMPLE_RATE);
  let y = 0;
  return (x) => {
    y += k * (x - y);
    return y;
  };
}

/** One pole that lets the high through. */
export function highPass(hertz: number): Filter {
  const low = lowPass(hertz);
  return (x) => x - low(x);
}

/** A resonance (state-variable) whose centre may move; `q` above 0.5. */
export function bandPass(q: number): (input: number, hertz: number) => number {
  let low = 0;
  let band = 0;
  return (x, hertz) => {
    const f = 2 * Math.sin((Math.PI * Math.min(hertz, 7500)) / SAMPLE_RATE);
    low += f * band;
    band += f * (x - low - band / q);
    return band / Math.sqrt(q);
  };
}

/** Slow noise in about −1..1 that turns `rate` times a second: wind, swell, breath. */
export function wander(rng: Random, rate: number): () => number {
  let from = rng.next() * 2 - 1;
  let to = rng.next() * 2 - 1;
  let t = rng.next();
  const step = rate / SAMPLE_RATE;
  return () => {
    t += step;
    if (t >= 1) {
      t -= 1;
      from = to;
      to = rng.next() * 2 - 1;
    }
    const s = t * t * (3 - 2 * t);
    return from + (to - from) * s;
  };
}

/** Silence of a length in samples. */
export function silence(samples: number): Stereo {
  return { left: new Float32Array(samples), right: new Float32Array(samples) };
}

/** Adds a short mono sound at a time (seconds) and place (−1 left .. 1 right), with equal power. */
export function place(out: Stereo, at: number, pan: number, level: number, sound: Float32Array): void {
  const angle = ((pan + 1) * Math.PI) / 4;
  const l = Math.cos(angle) * level;
  const r = Math.sin(angle) * level;
  const start = Math.round(at * SAMPLE_RATE);
  for (let i = Math.max(0, -start); i < sound.length && start + i < out.left.length; i++) {
    const v = sound[i] ?? 0;
    out.left[start + i] = (out.left[start + i] ?? 0) + v * l;
    out.right[start + i] = (out.right[start + i] ?? 0) + v * r;
  }
}

/** A mono sound of a length in seconds, made sample by sample from its time in seconds. */
export function shape(seconds: number, at: (t: number) => number): Float32Array {
  const out = new Float32Array(Math.round(seconds * SAMPLE_RATE));
  for (let i = 0; i < out.length; i++) out[i] = at(i / SAMPLE_RATE);
  return out;
}

/** Adds one stereo sound to another at a level. */
export function addTo(out: Stereo, more: Stereo, level: number): void {
  for (const [to, from] of [
    [out.left, more.left],
    [out.right, more.right],
  ] as const) {
    for (let i = 0; i < to.length; i++) to[i] = (to[i] ?? 0) + (from[i] ?? 0) * level;
  }
}

const COMBS = [1557, 1617, 1491, 1422, 1277, 1356];
const ALLPASSES = [225, 556];

/** A room around a sound: damped combs and all-passes, a little different on each side. */
export function reverb(dry: Stereo, wet: number, length: number, damp = 0.35): Stereo {
  const one = (input: Float32Array, spread: number): Float32Array => {
    const out = new Float32Array(input.length);
    for (const base of COMBS) {
      const line = new Float32Array(base + spread);
      let at = 0;
      let soft = 0;
      for (let i = 0; i < input.length; i++) {
        const y = line[at] ?? 0;
        soft += (1 - damp) * (y - soft);
        line[at] = (input[i] ?? 0) + soft * length;
        at = at + 1 === line.length ? 0 : at + 1;
        out[i] = (out[i] ?? 0) + y * 0.17;
      }
    }
    for (const base of ALLPASSES) {
      const line = new Float32Array(base + spread);
      let at = 0;
      for (let i = 0; i < out.length; i++) {
        const y = line[at] ?? 0;
        const x = out[i] ?? 0;
        line[at] = x + y * 0.5;
        out[i] = y - x * 0.5;
        at = at + 1 === line.length ? 0 : at + 1;
      }
    }
    for (let i = 0; i < out.length; i++) out[i] = (input[i] ?? 0) * (1 - wet * 0.5) + (out[i] ?? 0) * wet;
    return out;
  };
  return { left: one(dry.left, 0), right: one(dry.right, 23) };
}
