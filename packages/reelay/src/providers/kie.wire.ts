import { z } from 'zod';
import type { TroubleKind, UpstreamFailureKind } from '../core/failure.ts';
import type { Sighting, UpstreamReply } from '../core/ports/provider.ts';
import {
  bodyOf,
  contentOrInternal,
  exactJson,
  failed,
  firstUrl,
  idOf,
  isOk,
  RUNNING,
  rendered,
} from './reply.ts';

/** What kie's codes mean, whatever status they came with (contract 4); 500 leaves it open whether a job was taken. */
const MEANINGS: Readonly<Record<number, TroubleKind>> = {
  401: 'auth',
  402: 'insufficient_upstream_credits',
  404: 'invalid_input',
  422: 'invalid_input',
  429: 'rate_limited',
  433: 'insufficient_upstream_credits',
  455: 'internal',
  505: 'invalid_input',
};

/** Without a code of kie's own, something in between answered. */
const STATUSES: Readonly<Record<number, TroubleKind>> = { 401: 'auth', 403: 'auth', 429: 'rate_limited' };

const envelope = z.object({
  code: z.number(),
  msg: z.string().nullish().catch(null),
  message: z.string().nullish().catch(null),
  data: z.unknown().optional(),
});

/** kie's envelope, read; its words are `msg` on create, `message` on query. `kind` null: it went well. */
export interface KieAnswer {
  readonly kind: TroubleKind | null;
  readonly code: number | null;
  readonly words: string;
  readonly data: unknown;
}

/** Reads the code in the body first, the status only where there is none. */
export function readKie(reply: UpstreamReply): KieAnswer {
  const read = envelope.safeParse(bodyOf(reply));
  if (!read.success) return { kind: STATUSES[reply.status] ?? 'doubtful', code: null, words: '', data: null };
  const { code, msg, message, data } = read.data;
  const words = msg ?? message ?? '';
  if (code === 200 && isOk(reply)) return { kind: null, code, words, data };
  if (code === 501) return { kind: contentOrInternal(words), code, words, data };
  return { kind: MEANINGS[code] ?? 'doubtful', code, words: `${code} ${words}`, data };
}

/** The id in a body; null where there is none that can be used. */
export function taskId(data: unknown): string | null {
  const read = z.object({ taskId: z.unknown() }).safeParse(data);
  return read.success ? idOf(read.data.taskId) : null;
}

const task = z.object({
  state: z.string(),
  resultJson: z.string().nullish().catch(null),
  failCode: z.union([z.string(), z.number()]).nullish().catch(null),
  failMsg: z.string().nullish().catch(null),
  creditsConsumed: z.number().nonnegative().max(1e6).nullish().catch(null),
});

const CREDIT_MICROS = 5_000;

/** What a task says; null where it is none. A state that nobody knows still runs. */
export function sightingOf(data: unknown): Sighting | null {
  const read = task.safeParse(data);
  if (!read.success) return null;
  const { state, resultJson, failCode, failMsg, creditsConsumed } = read.data;
  if (state === 'fail') return failed(failureKind(failCode, failMsg), `${failCode ?? ''} ${failMsg ?? ''}`);
  if (state !== 'success') return RUNNING;
  const results = z.object({ resultUrls: z.array(z.unknown()) }).safeParse(exactJson(resultJson ?? ''));
  const url = results.success ? firstUrl(...results.data.resultUrls) : null;
  if (url === null) return failed('internal', 'it succeeded without a film');
  return rendered(url, creditsConsumed == null ? null : Math.round(creditsConsumed * CREDIT_MICROS));
}

function failureKind(code: unknown, words: unknown): UpstreamFailureKind {
  if (String(code) === '422') return 'invalid_input';
  return contentOrInternal(words);
}
