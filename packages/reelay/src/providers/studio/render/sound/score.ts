import type { Brief } from '../brief.ts';
import { SAMPLE_RATE, type Stereo, soundSamples } from '../encode/mux.ts';
import { hash32, random } from '../random.ts';
import type { SoundName } from './names.ts';

/** What a film should sound like. */
export interface Score {
  readonly prompt: string;
  readonly seed: number;
  readonly seconds: number;
  readonly levels: ReadonlyMap<SoundName, number>;
  /** Seconds at which lightning strikes. */
  readonly strikes: readonly number[];
  readonly brief: Brief;
}

/** Synthesises the sound of a film: stereo, of the exact length that its track takes. */
export function composeSound(score: Score): Stereo {
  const samples = soundSamples(score.seconds);
  const left = new Float32Array(samples);
  const right = new Float32Array(samples);
  const rng = random(hash32(`${score.seed}\n${score.prompt}\nsound`));
  let a = 0;
  let b = 0;
  for (let i = 0; i < samples; i++) {
    const ends = Math.min(1, i / (SAMPLE_RATE * 0.4), (samples - i) / (SAMPLE_RATE * 0.6));
    a += 0.02 * (rng.next() * 2 - 1 - a);
    b += 0.02 * (rng.next() * 2 - 1 - b);
    left[i] = a * 0.8 * ends;
    right[i] = b * 0.8 * ends;
  }
  return { left, right };
}
