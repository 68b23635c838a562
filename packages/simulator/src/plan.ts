import { type Directive, numberOf, ScriptError } from './script.ts';

/** What is wrong with a film. */
export const FILM_DEFECTS = [
  'short',
  'ratio',
  'no-audio',
  'silent',
  'black',
  'frozen',
  'codec',
  'frame',
  'truncated',
  'html',
  'empty',
  'missing',
] as const;
/** One of them. */
export type FilmDefect = (typeof FILM_DEFECTS)[number];

const HANGS = ['queue', 'run'] as const;
const LIES = ['empty', 'flip', 'premature', 'failed'] as const;
const CALLBACK_FAULTS = [
  'duplicate',
  'reversed',
  'forged',
  'stale',
  'early',
  'none',
  'unknown',
  'lie',
] as const;
type CallbackFault = (typeof CALLBACK_FAULTS)[number];

/** What will become of a job, decided when it is accepted. */
export interface Plan {
  readonly queueMs: number;
  readonly runMs: number;
  readonly hangs: 'queue' | 'run' | null;
  /** Native or common name of the reason, for a job that will fail. */
  readonly fails: string | null;
  /** Unknown to every look-up so long after it was accepted. */
  readonly vanishesMs: number | null;
  /** Unknown to every look-up until so long after it was accepted. */
  readonly lagMs: number;
  readonly lie: (typeof LIES)[number] | null;
  readonly film: {
    readonly defect: FilmDefect | null;
    /** Padded to this size. */
    readonly bytes: number;
    /** Told instead of the true link. */
    readonly url: string | null;
  };
  /** Overrules how long the upstream keeps a film. */
  readonly filmKeptMs: number | null;
  readonly callback: {
    readonly faults: readonly CallbackFault[];
    readonly count: number;
    readonly delayMs: number;
  };
  readonly bill: { readonly usd: number | null; readonly always: boolean };
}

/** The plan that the directives make of a namespace's usual times. Throws a ScriptError. */
export function planOf(directives: readonly Directive[], usual: { queueMs: number; runMs: number }): Plan {
  const last = (name: Directive['name']) => directives.findLast((one) => one.name === name);
  const ms = (name: Directive['name'], otherwise: number) => {
    const found = last(name);
    return found ? numberOf(found, 'ms', otherwise) : otherwise;
  };
  const film = last('film');
  const callbacks = directives.filter((one) => one.name === 'callback');
  const hang = last('hang');
  const lie = last('lie');
  const bill = last('bill');
  return {
    queueMs: ms('queue', usual.queueMs),
    runMs: ms('run', usual.runMs),
    hangs: hang ? oneOf(hang, HANGS, 'run') : null,
    fails: failure(last('fail')),
    vanishesMs: last('vanish') ? ms('vanish', 0) : null,
    lagMs: ms('lag', 0),
    lie: lie ? oneOf(lie, LIES, 'empty') : null,
    film: {
      defect: film && film.kind !== '' ? oneOf(film, FILM_DEFECTS, 'short') : null,
      bytes: film ? numberOf(film, 'bytes', 0) : 0,
      url: film?.args.url ?? null,
    },
    filmKeptMs: last('expire') ? ms('expire', 0) : null,
    callback: {
      faults: callbacks.map((one) => oneOf(one, CALLBACK_FAULTS, 'duplicate')),
      count: Math.max(1, ...callbacks.map((one) => numberOf(one, 'count', one.kind === 'duplicate' ? 2 : 1))),
      delayMs: Math.max(0, ...callbacks.map((one) => numberOf(one, 'delay', 0))),
    },
    bill: {
      usd: bill?.args.usd === undefined ? null : numberOf(bill, 'usd', 0),
      always: bill?.kind === 'always',
    },
  };
}

function failure(directive: Directive | undefined): string | null {
  if (!directive) return null;
  return directive.args.code ?? (directive.kind === '' ? 'internal' : directive.kind);
}

function oneOf<Name extends string>(directive: Directive, names: readonly Name[], otherwise: Name): Name {
  if (directive.kind === '') return otherwise;
  const found = names.find((name) => name === directive.kind);
  if (!found)
    throw new ScriptError(
      `simulator: ${directive.name} knows ${names.join(', ')}, not ${JSON.stringify(directive.kind)}`,
    );
  return found;
}
