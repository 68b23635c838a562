import { FAILURE_CODES, type Failure, type FailureCode, failure } from '../../core/failure.ts';

/** What the magic words of a prompt ask of the sandbox. Without any: a film as soon as it is drawn. */
export interface Magic {
  /** The prompt without its magic words: what the film is drawn from. */
  readonly prompt: string;
  /** How it ends: with a film, with a failure, or not at all. */
  readonly outcome: 'film' | 'never' | Failure;
  /** Not over before this long after the start, in milliseconds. */
  readonly afterMs: number;
  /** Progress is told in so many equal steps; null: in percent as it goes. */
  readonly steps: number | null;
  /** The film file is filled up to this size in bytes; 0: as it comes. */
  readonly bytes: number;
  readonly instant: boolean;
  /** The seed to draw with; null: the task's own. */
  readonly seed: number | null;
}

const WORD = /\[\s*reelay\s*:\s*([^\]]*)\]/gi;
const DAY_MS = 86_400_000;
const MAX_BYTES = 500_000_000;
const TIME_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };
const SIZE_UNITS: Readonly<Record<string, number>> = { b: 1, kb: 1000, mb: 1_000_000 };

type Draft = { -readonly [key in keyof Magic]: Magic[key] };
type Effect = (draft: Draft, argument: string) => boolean;

/** Each word with what it does; false where its argument is not one. */
const EFFECTS: Readonly<Record<string, Effect>> = {
  fail(draft, argument) {
    const code = argument.toLowerCase() || 'generation_failed';
    if (!isFailureCode(code)) return false;
    draft.outcome = failure(code);
    return true;
  },
  never(draft, argument) {
    draft.outcome = 'never';
    return argument === '';
  },
  instant(draft, argument) {
    draft.instant = true;
    return argument === '';
  },
  after(draft, argument) {
    const ms = quantity(argument, TIME_UNITS, 's', DAY_MS);
    if (ms === null) return false;
    draft.afterMs = ms;
    return true;
  },
  steps(draft, argument) {
    const steps = quantity(argument, { '': 1 }, '', 100);
    if (!steps) return false;
    draft.steps = steps;
    return true;
  },
  size(draft, argument) {
    const bytes = quantity(argument, SIZE_UNITS, 'b', MAX_BYTES);
    if (bytes === null) return false;
    draft.bytes = bytes;
    return true;
  },
  seed(draft, argument) {
    const seed = quantity(argument, { '': 1 }, '', 0xffff_ffff);
    if (seed === null) return false;
    draft.seed = seed;
    return true;
  },
};

function isFailureCode(code: string): code is FailureCode {
  return FAILURE_CODES.some((one) => one === code);
}

/** Reads `30s`, `5 MB`, `4`: a whole number of the unit, or null where it is none or too much. */
function quantity(
  text: string,
  units: Readonly<Record<string, number>>,
  usual: string,
  max: number,
): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text);
  const unit = units[(match?.[2] || usual).toLowerCase()];
  if (!match || unit === undefined) return null;
  const value = Math.round(Number(match[1]) * unit);
  return value <= max ? value : null;
}

/**
 * Reads the magic words of a prompt: `[reelay:word argument]`, in any case, any number, anywhere; the last of a
 * kind counts. A word that is not one makes the job fail with `invalid_prompt` and says which: a mistyped test
 * should not pass. The language is documented in docs/studio/studio.md.
 */
export function readMagic(prompt: string): Magic {
  const draft: Draft = {
    prompt,
    outcome: 'film',
    afterMs: 0,
    steps: null,
    bytes: 0,
    instant: false,
    seed: null,
  };
  for (const match of prompt.matchAll(WORD)) {
    const [word = '', ...rest] = (match[1] ?? '').trim().split(/\s+/);
    const effect = Object.hasOwn(EFFECTS, word.toLowerCase()) ? EFFECTS[word.toLowerCase()] : undefined;
    if (!effect?.(draft, rest.join(' '))) {
      return { ...draft, outcome: failure('invalid_prompt', `Not a magic word of the studio: ${match[0]}`) };
    }
  }
  draft.prompt = prompt.replace(WORD, ' ').replace(/\s+/g, ' ').trim();
  return draft;
}

/** Progress as it is told: in the magic steps, by the time that is to pass or by the work that is done. */
export function shownProgress(magic: Magic, percent: number, elapsedMs: number): number {
  const byTime = magic.afterMs > 0 ? Math.floor((elapsedMs / magic.afterMs) * 100) : 100;
  const both = magic.outcome === 'film' ? Math.min(percent, byTime) : byTime;
  const shown = Math.min(99, Math.max(0, both));
  if (magic.steps === null) return shown;
  return Math.floor((shown * magic.steps) / 100) * Math.round(100 / magic.steps);
}
