import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { TroubleKind } from '../core/failure.ts';
import type {
  CredentialField,
  InboundCallback,
  Sighting,
  TaskRef,
  UpstreamReply,
} from '../core/ports/provider.ts';
import { verifyWebhook } from '../core/signature.ts';
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

/** A key belongs to one region; another one answers 1002 (contract 1). */
export const KLING_REGION: CredentialField = {
  name: 'base_url',
  label: "Your key's region: https://api-singapore.klingai.com, or https://api-beijing.klingai.com",
  secret: false,
  required: false,
  default: 'https://api-singapore.klingai.com',
  env: 'KLINGAI_BASE_URL',
};

export const KLING_WEBHOOK_SECRET: CredentialField = {
  name: 'webhook_secret',
  label: 'Webhook Secret (whsec_…), where one was made in the console',
  secret: true,
  required: false,
  env: 'KLINGAI_WEBHOOK_SECRET',
};

/**
 * What Kling's codes mean, both generations (contract 1.6). Never mapped on the status: six of these come as 429.
 * 5000 to 5002 are not here: after one of them a submit may have been taken.
 */
const MEANINGS: Readonly<Record<number, TroubleKind>> = {
  1000: 'auth',
  1001: 'auth',
  1002: 'auth',
  1003: 'auth',
  1004: 'auth',
  1100: 'auth',
  1101: 'insufficient_upstream_credits',
  1102: 'insufficient_upstream_credits',
  1103: 'auth',
  1200: 'invalid_input',
  1201: 'invalid_input',
  1202: 'misconfigured',
  1203: 'misconfigured',
  1300: 'content_violation',
  1301: 'content_violation',
  1302: 'rate_limited',
  1303: 'concurrency_limited',
  1304: 'auth',
};

/** Without a code of Kling's own, something in between answered. */
const STATUSES: Readonly<Record<number, TroubleKind>> = { 401: 'auth', 403: 'auth', 429: 'rate_limited' };

const envelope = z.object({ code: z.number(), message: z.string().catch(''), data: z.unknown().optional() });

/** Kling's envelope, read; a code that is not 0 is a failure even with status 200. */
export type KlingAnswer =
  | { readonly ok: true; readonly data: unknown }
  | {
      readonly ok: false;
      readonly kind: TroubleKind;
      readonly code: number | null;
      readonly words: string;
    };

/** Reads Kling's envelope; `kind` is `doubtful` wherever the answer does not say that nothing was taken. */
export function readKling(reply: UpstreamReply): KlingAnswer {
  const read = envelope.safeParse(bodyOf(reply));
  if (!read.success) {
    return { ok: false, kind: STATUSES[reply.status] ?? 'doubtful', code: null, words: '' };
  }
  const { code, message, data } = read.data;
  if (code === 0 && isOk(reply)) return { ok: true, data };
  return { ok: false, kind: MEANINGS[code] ?? 'doubtful', code, words: `${code} ${message}` };
}

/** A bad parameter, which is also how a reference that was used before may be answered (contract 1.8). */
export function mayBeDuplicate(answer: KlingAnswer): boolean {
  return !answer.ok && (answer.code === 1200 || answer.code === 1201);
}

/** A task of the new generation, as it is created, listed and called back (contract 1.2). */
export const klingTask = z.object({
  id: z.unknown().transform(idOf).pipe(z.string()),
  status: z.string().catch(''),
  message: z.string().catch(''),
  external_id: z.string().nullish(),
  outputs: z.array(z.object({ type: z.string().catch(''), url: z.unknown().optional() })).catch([]),
  billing: z.array(z.object({ charge_type: z.string(), amount: z.unknown().optional() })).catch([]),
});
export type KlingTask = z.infer<typeof klingTask>;
export const klingTasks = z.array(klingTask);

/** What a task of the new generation says; a status that nobody knows still runs. */
export function sightingOf(task: KlingTask): Sighting {
  if (task.status === 'failed') return failed(contentOrInternal(task.message), task.message);
  if (task.status !== 'succeeded') return RUNNING;
  const url = firstUrl(task.outputs.find((output) => output.type === 'video')?.url);
  const units = task.billing.find((bill) => bill.charge_type === 'unit')?.amount;
  return url ? rendered(url, unitsToMicros(units)) : failed('internal', 'it succeeded without a film');
}

/** Resource units as money: one is $0.14 (contract 1.7). Null where it is no number. */
export function unitsToMicros(units: unknown): number | null {
  const count = typeof units === 'string' && units !== '' ? Number(units) : units;
  return typeof count === 'number' && count >= 0 && count < 1e6 ? Math.round(count * 140_000) : null;
}

/** The token of an AccessKey and SecretKey: HS256, half an hour, begun a little ago for a clock that is behind (contract 1.1). */
export function klingToken(accessKey: string, secretKey: string, now: number): string {
  const seconds = Math.floor(now / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: accessKey, exp: seconds + 1800, nbf: seconds - 5 };
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secretKey).update(signed).digest('base64url')}`;
}

const bareTask = z.object({
  id: z.unknown().optional(),
  task_id: z.unknown().optional(),
  external_id: z.string().nullish(),
  task_info: z.object({ external_task_id: z.string().nullish() }).nullish(),
});

/**
 * A callback of either generation: the bare task, signed with Standard Webhooks headers once a Webhook Secret exists
 * (contract 1.4). Null: not genuine.
 */
export function klingCallback(
  request: InboundCallback,
  secret: string | null,
): { readonly id: string; readonly reference: TaskRef['reference'] } | null {
  const { headers, body, receivedAt } = request;
  const message = {
    id: headers['webhook-id'] ?? '',
    timestamp: headers['webhook-timestamp'] ?? '',
    signature: headers['webhook-signature'] ?? '',
    body,
  };
  if (secret !== null && !verifyWebhook(message, secret, receivedAt)) return null;
  const read = bareTask.safeParse(exactJson(body));
  const id = read.success ? (idOf(read.data.id) ?? idOf(read.data.task_id)) : null;
  if (!read.success || id === null) return null;
  return { id, reference: read.data.external_id ?? read.data.task_info?.external_task_id ?? null };
}
