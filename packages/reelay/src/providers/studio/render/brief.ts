import type { CameraMove } from './camera.ts';
import { CAMERA, MOODS, SEASONS, SLOW, SOUND_WORDS, TIMES, WEATHERS } from './lexicon.ts';
import type { SoundName } from './sound/names.ts';
import { find, hits, type Lexicon, normalise } from './words.ts';

export type TimeOfDay = 'dawn' | 'day' | 'golden' | 'sunset' | 'dusk' | 'night';
export type Weather = 'clear' | 'cloudy' | 'rain' | 'storm' | 'snow' | 'fog' | 'wind';
export type Season = 'spring' | 'summer' | 'autumn' | 'winter';
export type Mood = 'serene' | 'dramatic' | 'joyful' | 'melancholic' | 'mysterious' | 'romantic' | 'epic';

/** What the words of a prompt ask for, before a scene is made of it. */
export interface Brief {
  /** Names of subjects, the most wanted first. */
  readonly subjects: readonly string[];
  /** null: not said. */
  readonly time: TimeOfDay | null;
  readonly weather: Weather | null;
  readonly season: Season | null;
  readonly mood: Mood;
  readonly camera: readonly CameraMove[];
  /** The speed of things, 1 as a rule; slow motion is less. */
  readonly pace: number;
  readonly sounds: readonly SoundName[];
}

function first<T extends string>(lists: { readonly [name in T]: Lexicon }, text: string): T | null {
  let best: T | null = null;
  let bestAt = Number.POSITIVE_INFINITY;
  for (const name of Object.keys(lists) as T[]) {
    const at = find(lists[name], text);
    if (at >= 0 && at < bestAt) {
      best = name;
      bestAt = at;
    }
  }
  return best;
}

function all<T extends string>(lists: { readonly [name in T]: Lexicon }, text: string): T[] {
  return (Object.keys(lists) as T[]).filter((name) => hits(lists[name], text) > 0);
}

/** Of two that cannot be at once the first stays: it has words of its own beside the ones that both have. */
const OPPOSITES: readonly (readonly [CameraMove, CameraMove])[] = [
  ['pan-left', 'pan-right'],
  ['tilt-down', 'tilt-up'],
  ['zoom-out', 'zoom-in'],
  ['pull-back', 'push-in'],
];

function withoutOpposites(moves: readonly CameraMove[]): CameraMove[] {
  return moves.filter((move) => !OPPOSITES.some(([stays, goes]) => goes === move && moves.includes(stays)));
}

/** Reads a prompt in English, Polish or Dutch; unknown words are no harm. */
export function readBrief(
  prompt: string,
  subjects: readonly { readonly name: string; readonly words: Lexicon }[],
): Brief {
  const text = normalise(prompt);
  const wanted = subjects
    .map((subject) => ({
      name: subject.name,
      count: hits(subject.words, text),
      at: find(subject.words, text),
    }))
    .filter((one) => one.count > 0)
    .sort((a, b) => b.count - a.count || a.at - b.at);
  const moves = withoutOpposites(all(CAMERA, text));
  return {
    subjects: wanted.map((one) => one.name),
    time: first(TIMES, text),
    weather: first(WEATHERS, text),
    season: first(SEASONS, text),
    mood: first(MOODS, text) ?? 'serene',
    camera: moves.length > 0 ? moves.slice(0, 2) : ['drift'],
    pace: hits(SLOW, text) > 0 ? 0.45 : 1,
    sounds: all(SOUND_WORDS, text),
  };
}
