import { SAMPLE_RATE, type Stereo } from '../encode/mux.ts';

// Loudness and true peak after ITU-R BS.1770-4, for 48 kHz.

interface Biquad {
  readonly b: readonly [number, number, number];
  readonly a: readonly [number, number];
}

const SHELF: Biquad = {
  b: [1.53512485958697, -2.69169618940638, 1.19839281085285],
  a: [-1.69065929318241, 0.73248077421585],
};
const HIGH_PASS: Biquad = { b: [1, -2, 1], a: [-1.99004745483398, 0.99007225036621] };

function biquad({ b, a }: Biquad): (x: number) => number {
  let x1 = 0;
  let x2 = 0;
  let y1 = 0;
  let y2 = 0;
  return (x) => {
    const y = b[0] * x + b[1] * x1 + b[2] * x2 - a[0] * y1 - a[1] * y2;
    x2 = x1;
    x1 = x;
    y2 = y1;
    y1 = y;
    return y;
  };
}

const HOP = SAMPLE_RATE / 10;
const HOPS_A_BLOCK = 4;

/** Weighted energy of each 100 ms, both channels together. Takes no memory to speak of: renders have little to spare. */
function energies(sound: Stereo): Float64Array {
  const sums = new Float64Array(Math.floor(sound.left.length / HOP));
  for (const channel of [sound.left, sound.right]) {
    const shelf = biquad(SHELF);
    const high = biquad(HIGH_PASS);
    for (let i = 0; i < sums.length * HOP; i++) {
      const y = high(shelf(channel[i] as number));
      const h = (i / HOP) | 0;
      sums[h] = (sums[h] as number) + y * y;
    }
  }
  return sums;
}

/** Integrated loudness in LUFS: blocks of 400 ms, gated at −70 and at 10 under their mean. */
export function loudness(sound: Stereo): number {
  const sums = energies(sound);
  const powers: number[] = [];
  for (let h = 0; h + HOPS_A_BLOCK <= sums.length; h++) {
    const sum = sums.subarray(h, h + HOPS_A_BLOCK).reduce((total, one) => total + one, 0);
    powers.push(sum / (HOP * HOPS_A_BLOCK));
  }
  const level = (power: number): number => -0.691 + 10 * Math.log10(Math.max(power, 1e-12));
  const mean = (list: readonly number[]): number =>
    list.reduce((total, one) => total + one, 0) / Math.max(1, list.length);
  const loud = powers.filter((power) => level(power) > -70);
  const gate = level(mean(loud)) - 10;
  return level(mean(loud.filter((power) => level(power) > gate)));
}

const PHASES = 4;
const TAPS = 12;

/** The windowed sinc that puts three samples between each two. */
const KERNEL: readonly Float64Array[] = Array.from({ length: PHASES }, (_, phase) =>
  Float64Array.from({ length: TAPS }, (_, tap) => {
    const x = tap - (TAPS / 2 - 1) - phase / PHASES;
    const window = 0.5 + 0.5 * Math.cos((Math.PI * x) / (TAPS / 2));
    return x === 0 ? 1 : (Math.sin(Math.PI * x) / (Math.PI * x)) * window;
  }),
);

/** True peak in dBFS: the highest point between the samples too, four times oversampled. */
export function truePeak(sound: Stereo): number {
  let peak = 1e-9;
  for (const channel of [sound.left, sound.right]) {
    for (let i = TAPS; i < channel.length - TAPS; i++) {
      if (Math.abs(channel[i] ?? 0) < peak * 0.6) continue;
      for (const kernel of KERNEL) {
        let sum = 0;
        for (let k = 0; k < TAPS; k++) sum += (channel[i + k - TAPS / 2 + 1] ?? 0) * (kernel[k] ?? 0);
        peak = Math.max(peak, Math.abs(sum));
      }
    }
  }
  return 20 * Math.log10(peak);
}

const LOOK_AHEAD = Math.round(SAMPLE_RATE * 0.005);

/** Keeps every sample under a ceiling (0..1) by turning down ahead of a peak and slowly up after it. */
export function limit(sound: Stereo, ceiling: number): void {
  const { left, right } = sound;
  const release = 1 - Math.exp(-1 / (SAMPLE_RATE * 0.12));
  const attack = 1 - Math.exp(-1 / (SAMPLE_RATE * 0.0012));
  const held: number[] = [];
  let gain = 1;
  const wanted = Float32Array.from(left, (l, i) => {
    const top = Math.max(Math.abs(l), Math.abs(right[i] ?? 0));
    return top > ceiling ? ceiling / top : 1;
  });
  for (let i = 0; i < left.length; i++) {
    const ahead = i + LOOK_AHEAD;
    while (held.length > 0 && (wanted[held.at(-1) ?? 0] ?? 1) >= (wanted[ahead] ?? 1)) held.pop();
    held.push(ahead);
    while ((held[0] ?? 0) < i) held.shift();
    const least = wanted[held[0] ?? i] ?? 1;
    gain += (least < gain ? attack : release) * (least - gain);
    left[i] = clip((left[i] ?? 0) * gain, ceiling);
    right[i] = clip((right[i] ?? 0) * gain, ceiling);
  }
}

const clip = (v: number, ceiling: number): number => Math.max(-ceiling, Math.min(ceiling, v));
