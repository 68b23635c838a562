import type { Operation } from './format.ts';

/** One instruction of a fault script: `reset body on=status times=2`. */
export interface Directive {
  readonly name: FaultName;
  /** The first bare word behind the name. */
  readonly kind: string;
  readonly args: { readonly [key: string]: string };
}

/** Where a fault acts: on the answer to a request, or on what becomes of the job. */
interface Fault {
  readonly acts: 'answer' | 'job';
  readonly meaning: string;
}

/** Everything a script can say. README.md explains each. */
export const FAULTS = {
  reset: { acts: 'answer', meaning: 'drops the connection: before | headers | body' },
  timeout: { acts: 'answer', meaning: 'never answers, or only after ms=' },
  slow: { acts: 'answer', meaning: 'answers after ms=' },
  drip: { acts: 'answer', meaning: 'sends one byte every ms=' },
  http: { acts: 'answer', meaning: 'an HTTP status with body=html|json|empty' },
  html: { acts: 'answer', meaning: '200 with an HTML page' },
  empty: { acts: 'answer', meaning: '200 without a body' },
  cut: { acts: 'answer', meaning: '200 with half of the JSON' },
  redirect: { acts: 'answer', meaning: 'a redirect (307) to=' },
  throttle: { acts: 'answer', meaning: 'the rate limit error, with retry-after=' },
  error: { acts: 'answer', meaning: 'a documented error of the upstream' },
  encoded: { acts: 'answer', meaning: 'a gzip body although none was asked for' },
  huge: { acts: 'answer', meaning: 'a body of bytes=' },
  deep: { acts: 'answer', meaning: 'a body nested levels= deep' },
  'no-id': { acts: 'answer', meaning: 'the answer lacks the id' },
  'duplicate-id': { acts: 'answer', meaning: 'the id of the job before' },
  'foreign-id': { acts: 'answer', meaning: 'an id of nobody' },
  'wrong-types': { acts: 'answer', meaning: 'numbers for strings, strings for objects' },
  'unknown-status': { acts: 'answer', meaning: 'a state that no document names' },
  progress: { acts: 'answer', meaning: 'a progress of that many percent' },
  fail: { acts: 'job', meaning: 'the job fails for a documented reason' },
  hang: { acts: 'job', meaning: 'the job never ends: queue | run' },
  vanish: { acts: 'job', meaning: 'the job is unknown after ms=' },
  lie: { acts: 'job', meaning: 'empty | flip | premature | failed' },
  queue: { acts: 'job', meaning: 'waits ms=' },
  run: { acts: 'job', meaning: 'takes ms=' },
  lag: { acts: 'job', meaning: 'can be looked up only after ms=' },
  film: { acts: 'job', meaning: 'a defective film' },
  expire: { acts: 'job', meaning: 'result links expire ms= after the end' },
  callback: { acts: 'job', meaning: 'duplicate | reversed | forged | stale | early | none | unknown | lie' },
  bill: { acts: 'job', meaning: 'costs usd=, or is billed although it failed' },
} as const satisfies Record<string, Fault>;

/** A name that a script can say. */
export type FaultName = keyof typeof FAULTS;

/** A directive of a script that cannot be understood. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
}

const IN_PROMPT = /\[sim:([^\]]*)\]/g;

/** The directives of a prompt: `[sim:fail content] [sim:callback duplicate]`. Throws a ScriptError. */
export function directivesOfPrompt(prompt: string): readonly Directive[] {
  return [...prompt.matchAll(IN_PROMPT)].map((match) => parseDirective(match[1] ?? ''));
}

/** The directives of the header `x-sim-script`, divided by semicolons. Throws a ScriptError. */
export function directivesOfHeader(header: string): readonly Directive[] {
  return header
    .split(';')
    .filter((part) => part.trim() !== '')
    .map(parseDirective);
}

/** Reads `name kind key=value …`. Throws a ScriptError. */
export function parseDirective(text: string): Directive {
  const [name = '', ...words] = text.trim().split(/\s+/);
  if (!isFault(name)) throw new ScriptError(`simulator: no fault is called ${JSON.stringify(name)}`);
  const args: Record<string, string> = {};
  let kind = '';
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals > 0) args[word.slice(0, equals)] = word.slice(equals + 1);
    else if (kind === '') kind = word;
  }
  return { name, kind, args };
}

function isFault(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name);
}

/** A number among the arguments. Throws a ScriptError for what is none. */
export function numberOf(directive: Directive, key: string, otherwise: number): number {
  const text =
    directive.args[key] ?? (key === 'ms' && /^\d+$/.test(directive.kind) ? directive.kind : undefined);
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isFinite(value))
    throw new ScriptError(`simulator: ${directive.name} ${key}= wants a number, not ${text}`);
  return value;
}

/** An instruction given through the admin API. */
export interface Rule {
  readonly id: number;
  readonly directive: Directive;
  /** Only for prompts that contain this text. */
  readonly prompt: string | null;
}

/** What a request is about, for choosing the faults that it meets. */
export interface Occasion {
  readonly format: string;
  readonly operation: Operation;
  /** Prompts of the jobs concerned. */
  readonly prompts: readonly string[];
  readonly header: string | undefined;
}

/** The fault script of one namespace: its rules, and how often each instruction has struck. */
export interface Script {
  readonly rules: Rule[];
  readonly strikes: Map<string, number>;
}

/** The directives that this request meets now; each of them counts as having struck. Throws a ScriptError. */
export function faultsFor(script: Script, occasion: Occasion): readonly Directive[] {
  const candidates: [string, Directive][] = [];
  for (const prompt of new Set(occasion.prompts)) {
    for (const [at, directive] of directivesOfPrompt(prompt).entries())
      candidates.push([`${occasion.format} ${at} ${prompt}`, directive]);
  }
  if (occasion.header !== undefined) {
    for (const directive of directivesOfHeader(occasion.header)) candidates.push(['', directive]);
  }
  for (const rule of script.rules) {
    const { prompt } = rule;
    if (prompt === null || occasion.prompts.some((text) => text.includes(prompt)))
      candidates.push([`rule ${rule.id}`, rule.directive]);
  }
  return candidates.filter(([key, one]) => strikes(script, key, one, occasion)).map(([, one]) => one);
}

function strikes(script: Script, key: string, directive: Directive, occasion: Occasion): boolean {
  const { args, name } = directive;
  if (args.format !== undefined && !args.format.split(',').includes(occasion.format)) return false;
  const on = FAULTS[name].acts === 'job' ? 'submit' : (args.on ?? 'submit');
  if (on !== 'any' && on !== occasion.operation) return false;
  if (key === '') return true;
  const before = script.strikes.get(key) ?? 0;
  script.strikes.set(key, before + 1);
  const skip = numberOf(directive, 'skip', 0);
  return before >= skip && before < skip + numberOf(directive, 'times', Number.POSITIVE_INFINITY);
}
