import {
  Trouble,
  type TroubleKind,
  type UpstreamFailure,
  type UpstreamFailureKind,
} from '../core/failure.ts';
import type { Sighting, Upstream, UpstreamReply } from '../core/ports/provider.ts';
import type { Instant, Json } from '../core/values.ts';

/** Operators read it, so it may be an upstream's own words, but never many of them. */
const WORDS_MAX = 200;
const DAY_MS = 86_400_000;
/** Calls that look at jobs, at a time. */
const LOOKS_AT_ONCE = 8;

/** A reply's body, as `exactJson` reads it. */
export function bodyOf(reply: UpstreamReply): unknown {
  return exactJson(reply.text);
}

/**
 * Text as JSON, with whole numbers beyond 2^53 as the strings they were written as: an id must not be rounded.
 * Undefined where it is none.
 */
export function exactJson(text: string): unknown {
  try {
    if (!/\d{16}/.test(text)) return JSON.parse(text);
    return JSON.parse(text, (_key: string, value: unknown, context?: { readonly source?: string }) =>
      typeof value === 'number' && /^\d+$/.test(context?.source ?? '') && !Number.isSafeInteger(value)
        ? context?.source
        : value,
    );
  } catch {
    // Also what is nested deeper than the stack: no answer that anyone meant.
    return undefined;
  }
}

/** An upstream's id for a job, as a string that may stand in a path; null where it is none that can be used. */
export function idOf(value: unknown): string | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value > 0 ? String(value) : null;
  if (typeof value !== 'string' || !/^[\x21-\x7e]{1,256}$/.test(value)) return null;
  return value === '.' || value === '..' ? null : value;
}

/** An upstream's words, short and on one line. */
export function brief(words: unknown): string {
  if (typeof words !== 'string') return '';
  return [...words.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim()].slice(0, WORDS_MAX).join('');
}

/** What an upstream answered, as a trouble: its words without our secrets, its wish to wait. */
export function trouble(
  kind: TroubleKind,
  reply: UpstreamReply,
  upstream: Upstream,
  words: unknown,
): Trouble {
  let said = brief(words).replace(/\b(Bearer|Key)\s+\S+/g, '$1 …');
  for (const value of Object.values(upstream.credential)) {
    if (value.length >= 6) said = said.replaceAll(value, '…');
  }
  const message = said === '' ? `HTTP ${reply.status}` : `HTTP ${reply.status}: ${said}`;
  return new Trouble(kind, message, retryAfterMs(reply, upstream.now()));
}

/** A submit that was answered, but not so that anyone could say whether it was taken: nothing of the answer is believed. */
export function doubtful(reply: UpstreamReply): Trouble {
  return new Trouble('doubtful', `HTTP ${reply.status} without a usable answer`);
}

/**
 * How long a `Retry-After` asks to wait (RFC 9110, 10.2.3), 0 to one day; null where there is none that can be read.
 */
export function retryAfterMs(reply: UpstreamReply, now: Instant): number | null {
  const text = reply.headers['retry-after']?.trim() ?? '';
  if (/^\d{1,15}$/.test(text)) return Math.min(Number(text) * 1000, DAY_MS);
  const at = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : Math.min(Math.max(at - now, 0), DAY_MS);
}

/** A call before the billable one: whatever becomes of it, nothing was bought yet, so nothing is in doubt. */
export async function unbilled(call: Promise<UpstreamReply>): Promise<UpstreamReply> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Trouble && error.kind === 'doubtful') throw new Trouble('not_sent', error.message);
    throw error;
  }
}

/**
 * A picture that was not taken by an upload. It was fetched and checked before, so it is never the customer's doing:
 * only what says something about the account keeps its meaning.
 */
export function uploadTrouble(
  kind: TroubleKind | null,
  reply: UpstreamReply,
  upstream: Upstream,
  words: unknown,
): Trouble {
  const meant = kind === 'auth' || kind === 'insufficient_upstream_credits' || kind === 'rate_limited';
  return trouble(meant ? kind : 'internal', reply, upstream, words);
}

/** Whether a status is one of success. */
export function isOk(reply: UpstreamReply): boolean {
  return reply.status >= 200 && reply.status < 300;
}

export const RUNNING: Sighting = { is: 'running', progress: null };
export const GONE: Sighting = { is: 'gone' };

/** A film behind a URL; `costMicros` null where the upstream does not say what it took. */
export function rendered(url: string, costMicros: number | null = null): Sighting {
  return { is: 'rendered', outputs: [{ kind: 'video', at: { url } }], usage: { costMicros } };
}

/** A job that came to nothing. `charged` null where the upstream does not say. */
export function failed(
  kind: UpstreamFailureKind,
  words: unknown,
  charged: UpstreamFailure['charged'] = null,
): Sighting {
  return { is: 'failed', failure: { kind, message: brief(words), charged } };
}

/** The first of some values that is a web address; null where none is. */
export function firstUrl(...values: readonly unknown[]): string | null {
  for (const value of values) {
    if (typeof value === 'string' && /^https?:\/\/./i.test(value)) return value;
  }
  return null;
}

/**
 * What free text says of a failed job, where the upstream gives nothing better: refused for its content, or its own
 * fault. The one place where words are read, because Kling, kie and PiAPI have no code for it.
 */
export function contentOrInternal(words: unknown): 'content_violation' | 'internal' {
  const refused =
    /risk control|sensitive|violat|nsfw|moderat|prohibit|inappropriate|(content|safety) (policy|guideline|check|filter)/i;
  return typeof words === 'string' && refused.test(words) ? 'content_violation' : 'internal';
}

/**
 * Looks at jobs, so many a call, a few calls at a time. A call that comes to nothing says nothing about its jobs, so they
 * still run; where the upstream asks for rest, the remaining calls are left out. Throws where none was answered.
 * @param look answers one sighting for each job of its batch, in order
 */
export async function inBatches<T>(
  jobs: readonly T[],
  size: number,
  look: (batch: readonly T[]) => Promise<readonly Sighting[]>,
): Promise<readonly Sighting[]> {
  const sightings: Sighting[] = jobs.map(() => RUNNING);
  let next = 0;
  let answered = false;
  let setback: Trouble | null = null;
  const work = async () => {
    for (let at = next; at < jobs.length; at = next) {
      next += size;
      try {
        const seen = await look(jobs.slice(at, at + size));
        sightings.splice(at, seen.length, ...seen);
        answered = true;
      } catch (error) {
        if (!(error instanceof Trouble)) throw error;
        setback ??= error;
        if (error.kind === 'rate_limited' || error.kind === 'auth') next = jobs.length;
      }
    }
  };
  const calls = Math.min(LOOKS_AT_ONCE, Math.ceil(jobs.length / size));
  await Promise.all(Array.from({ length: calls }, work));
  if (setback && !answered) throw setback;
  return sightings;
}

/** `inBatches` for upstreams that have to be asked for each job by itself. */
export function oneByOne(
  handles: readonly Json[],
  look: (handle: Json) => Promise<Sighting>,
): Promise<readonly Sighting[]> {
  return inBatches(handles, 1, ([handle]) => Promise.all([look(handle ?? null)]));
}
