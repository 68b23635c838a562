import type { Mood } from '../brief.ts';
import { SAMPLE_RATE, type Stereo } from '../encode/mux.ts';
import { pick, type Random } from '../random.ts';
import { lowPass, place, reverb, shape, silence, wander } from './dsp.ts';

/** How a mood sounds: chords as semitones over the root, and how it moves. */
interface Style {
  readonly root: number;
  readonly chords: readonly (readonly number[])[];
  /** Notes of the melody a second. */
  readonly pace: number;
  /** How bright the pad is, in hertz. */
  readonly bright: number;
  readonly bells: number;
}

const STYLES: { readonly [mood in Mood]: Style } = {
  serene: {
    root: 50,
    chords: [
      [0, 7, 14, 16],
      [-3, 4, 12, 16],
      [5, 9, 12, 19],
      [-5, 2, 11, 14],
    ],
    pace: 0.9,
    bright: 900,
    bells: 0.8,
  },
  joyful: {
    root: 53,
    chords: [
      [0, 7, 12, 16],
      [5, 9, 12, 17],
      [7, 11, 14, 19],
      [0, 4, 12, 19],
    ],
    pace: 2.6,
    bright: 1500,
    bells: 1,
  },
  romantic: {
    root: 48,
    chords: [
      [0, 7, 11, 16],
      [-3, 4, 9, 12],
      [5, 12, 16, 21],
      [7, 11, 14, 17],
    ],
    pace: 1.2,
    bright: 1000,
    bells: 0.9,
  },
  epic: {
    root: 45,
    chords: [
      [0, 7, 12, 15],
      [-4, 3, 8, 12],
      [3, 7, 10, 15],
      [-2, 5, 10, 14],
    ],
    pace: 1.6,
    bright: 1400,
    bells: 0.5,
  },
  dramatic: {
    root: 43,
    chords: [
      [0, 7, 12, 15],
      [1, 8, 12, 13],
      [-4, 3, 8, 15],
      [-2, 5, 7, 14],
    ],
    pace: 1.4,
    bright: 1100,
    bells: 0.35,
  },
  melancholic: {
    root: 45,
    chords: [
      [0, 7, 12, 15],
      [-4, 3, 7, 12],
      [-7, 0, 5, 8],
      [-2, 5, 7, 10],
    ],
    pace: 0.8,
    bright: 750,
    bells: 0.9,
  },
  mysterious: {
    root: 46,
    chords: [
      [0, 6, 11, 14],
      [1, 7, 10, 13],
      [-2, 4, 9, 15],
      [0, 7, 10, 18],
    ],
    pace: 0.7,
    bright: 800,
    bells: 0.8,
  },
};

const hertz = (note: number): number => 440 * 2 ** ((note - 69) / 12);

/** One long chord: three detuned soft saws a note, breathing, spread over the room. */
function pad(
  out: Stereo,
  rng: Random,
  notes: readonly number[],
  at: number,
  seconds: number,
  bright: number,
): void {
  for (const note of notes) {
    for (let voice = 0; voice < 2; voice++) {
      const f = hertz(note) * (1 + rng.between(-0.0035, 0.0035));
      const soft = lowPass(bright * rng.between(0.7, 1.1));
      const softer = lowPass(bright * 1.6);
      const breath = wander(rng, 0.6);
      let phase = rng.next();
      const tone = shape(seconds, (t) => {
        phase += f / SAMPLE_RATE;
        phase -= Math.floor(phase);
        const ends = Math.min(1, t / 1.1, (seconds - t) / 1.3);
        return softer(soft(phase * 2 - 1)) * ends * ends * (0.85 + 0.2 * breath());
      });
      place(out, at, voice === 0 ? -0.6 : 0.6, 0.085, tone);
    }
  }
}

/** A struck string or small bell. */
function pluck(f: number, rng: Random): Float32Array {
  const length = 2.2;
  const bite = rng.between(1.5, 2.6);
  return shape(length, (t) => {
    const ring = Math.sin(2 * Math.PI * f * t) + 0.35 * Math.sin(4 * Math.PI * f * t) * Math.exp(-t * 3);
    const strike = Math.sin(2 * Math.PI * f * 3.01 * t) * 0.14 * Math.exp(-t * 9);
    return (ring + strike) * Math.exp(-t * bite) * Math.min(1, t * 260) * Math.min(1, (length - t) * 4);
  });
}

/** A music bed in the mood: a pad of slow chords, and sparse notes of the same chords above. */
export function music(rng: Random, samples: number, mood: Mood): Stereo {
  const style = STYLES[mood];
  const out = silence(samples);
  const seconds = samples / SAMPLE_RATE;
  const root = style.root + Math.floor(rng.between(-2, 3));
  const bars = Math.max(2, Math.round(seconds / 2.6));
  const bar = seconds / bars;
  const first = Math.floor(rng.next() * 2) * 2;
  for (let b = 0; b < bars; b++) {
    const chord = style.chords[(first + b) % style.chords.length] ?? [0, 7, 12];
    pad(
      out,
      rng,
      chord.map((n) => root + n),
      b * bar - 0.5,
      bar + 1.5,
      style.bright,
    );
    pad(out, rng, [root - 12 + (chord[0] ?? 0)], b * bar - 0.4, bar + 1.2, 320);
    for (
      let at = b * bar + rng.next() * 0.2;
      at < (b + 1) * bar - 0.1;
      at += 1 / style.pace / (rng.next() < 0.3 ? 2 : 1)
    ) {
      if (rng.next() < 0.2 || at > seconds - 1) continue;
      const note = root + 12 + pick(rng, chord) + (rng.next() < 0.25 ? 12 : 0);
      place(
        out,
        at,
        rng.between(-0.5, 0.5),
        0.12 * style.bells * rng.between(0.6, 1),
        pluck(hertz(note), rng),
      );
    }
  }
  return reverb(out, 0.55, 0.82);
}
