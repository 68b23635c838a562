import type { Brief } from '../brief.ts';
import { SAMPLE_RATE, type Stereo, soundSamples } from '../encode/mux.ts';
import { hash32, type Random, random } from '../random.ts';
import { city, crowd, engine, rain, river, space, water, waves, wind } from './beds.ts';
import { birds, bubbles, crickets, fire, footsteps, gulls, hooves, purr, thunder } from './calls.ts';
import { addTo, silence } from './dsp.ts';
import { limit, loudness } from './loudness.ts';
import { music } from './music.ts';
import type { SoundName } from './names.ts';

/** What a film should sound like. */
export interface Score {
  readonly prompt: string;
  readonly seed: number;
  readonly seconds: number;
  /** How much each sound is wanted, 0..1. */
  readonly levels: ReadonlyMap<SoundName, number>;
  /** Seconds at which lightning strikes. */
  readonly strikes: readonly number[];
  readonly brief: Brief;
}

/** What the whole is brought to: easy to listen to beside other media. */
const TARGET_LUFS = -20;
/** Every sample stays under this (0..1): room for what an encoder adds between the samples. */
const CEILING = 0.7;

type Voice = (rng: Random, samples: number, score: Score) => Stereo;

const VOICES: { readonly [name in SoundName]: Voice } = {
  water,
  river,
  waves,
  rain,
  wind,
  birds,
  gulls,
  crickets,
  fire,
  city,
  crowd,
  engine,
  space,
  bubbles,
  footsteps,
  hooves,
  purr,
  thunder: (rng, samples, score) => thunder(rng, samples, score.strikes.length > 0 ? score.strikes : [1.2]),
  music: (rng, samples, score) => music(rng, samples, score.brief.mood),
};

/** How loud each voice is in a mix, in LUFS at full level; the music keeps under what is heard of the place. */
const MIX_LUFS: { readonly [name in SoundName]: number } = {
  water: -20,
  river: -22,
  waves: -20,
  rain: -22,
  wind: -24,
  birds: -24,
  gulls: -26,
  crickets: -27,
  fire: -20,
  city: -23,
  crowd: -22,
  engine: -21,
  space: -22,
  bubbles: -22,
  footsteps: -23,
  hooves: -20,
  purr: -24,
  thunder: -17,
  music: -24,
};

/** The voices that are heard at once at most: more would be mud. */
const MOST = 5;

/**
 * Synthesises the sound of a film: stereo, of the exact length that its track takes, near −20 LUFS, with a true
 * peak under −1 dBFS and soft ends. The same score is the same sound.
 */
export function composeSound(score: Score): Stereo {
  const samples = soundSamples(score.seconds);
  const rng = random(hash32(`${score.seed}\n${score.prompt}\nsound`));
  const mixed = silence(samples);
  const wanted = [...score.levels].filter(([, level]) => level > 0.02).sort((a, b) => b[1] - a[1]);
  const music = wanted.filter(([name]) => name === 'music');
  const chosen = [...wanted.filter(([name]) => name !== 'music').slice(0, MOST - 1), ...music];
  for (const [name, level] of chosen) {
    const voice = VOICES[name](rng.fork(name), samples, score);
    const gain = 10 ** ((MIX_LUFS[name] - Math.max(-60, loudness(voice))) / 20);
    addTo(mixed, voice, gain * level);
    // A voice is megabytes of samples: they go before the next one comes, where the collector can be called.
    globalThis.gc?.();
  }
  master(mixed);
  return mixed;
}

/** Brings the mix to its loudness, keeps its peaks, and softens its ends. */
function master(mixed: Stereo): void {
  const { left, right } = mixed;
  const samples = left.length;
  for (let i = 0; i < samples; i++) {
    const ends = Math.min(1, i / (SAMPLE_RATE * 0.35), (samples - 1 - i) / (SAMPLE_RATE * 0.7));
    const soft = Math.sin((Math.PI / 2) * ends);
    left[i] = (left[i] ?? 0) * soft;
    right[i] = (right[i] ?? 0) * soft;
  }
  for (let pass = 0; pass < 2; pass++) {
    const gain = 10 ** ((TARGET_LUFS - Math.max(-60, loudness(mixed))) / 20);
    for (let i = 0; i < samples; i++) {
      left[i] = (left[i] ?? 0) * gain;
      right[i] = (right[i] ?? 0) * gain;
    }
    limit(mixed, CEILING);
  }
}
