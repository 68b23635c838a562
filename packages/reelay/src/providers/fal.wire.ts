import { createHash, createPublicKey, verify } from 'node:crypto';
import { z } from 'zod';
import type { TroubleKind } from '../core/failure.ts';
import type { InboundCallback, Sighting, Upstream, UpstreamReply } from '../core/ports/provider.ts';
import { bodyOf, exactJson, failed, firstUrl, GONE, isOk, RUNNING, rendered, trouble } from './reply.ts';

const CALLBACK_TOLERANCE_S = 300;

const flat = z.object({ detail: z.string(), error_type: z.string().optional() });
const listed = z.object({
  detail: z.array(z.object({ msg: z.string().catch(''), type: z.string().catch('') })),
});

/** fal's two shapes of errors: a list about the input, or one text with a type (contract 2.4). */
export function detailOf(reply: UpstreamReply): { readonly type: string | null; readonly words: string } {
  const body = bodyOf(reply);
  const list = listed.safeParse(body);
  if (list.success) {
    const [first] = list.data.detail;
    return { type: first?.type ?? '', words: `${first?.type ?? ''} ${first?.msg ?? ''}` };
  }
  const one = flat.safeParse(body);
  if (!one.success) return { type: null, words: '' };
  return { type: one.data.error_type ?? reply.headers['x-fal-error-type'] ?? '', words: one.data.detail };
}

/**
 * What a refusal means; null where it does not say that nothing was taken. The input is blamed only in fal's own words:
 * anything in between can answer 404 as well.
 */
export function refusal(reply: UpstreamReply): TroubleKind | null {
  const { type, words } = detailOf(reply);
  // An empty balance has no code of its own; it is always one of these two sentences.
  const isBroke = /exhausted balance|top[ _]up/i.test(words);
  if (reply.status === 401) return 'auth';
  if (reply.status === 403) return isBroke ? 'insufficient_upstream_credits' : 'auth';
  if (reply.status === 429) return 'rate_limited';
  if (type === null) return null;
  if (type === 'content_policy_violation') return 'content_violation';
  return [400, 404, 422].includes(reply.status) ? 'invalid_input' : null;
}

/** COMPLETED says that it is over; whether well, only the result says (contract 2.1). */
export function resultOf(reply: UpstreamReply, upstream: Upstream): Sighting {
  if (isOk(reply)) {
    const film = z.object({ video: z.object({ url: z.unknown() }) }).safeParse(bodyOf(reply));
    const url = film.success ? firstUrl(film.data.video.url) : null;
    return url ? rendered(url) : failed('internal', 'it completed without a film');
  }
  const { type, words } = detailOf(reply);
  if (type === null || [401, 403, 429].includes(reply.status)) {
    throw trouble(refusal(reply) ?? 'internal', reply, upstream, words);
  }
  if (reply.status === 400 && words === 'Request is still in progress') return RUNNING;
  if (reply.status === 404) return GONE;
  if (reply.status === 499) return failed('canceled', words, false);
  if (reply.status >= 500) return failed(type.endsWith('_timeout') ? 'timeout' : 'internal', words, false);
  return failed(type === 'content_policy_violation' ? 'content_violation' : 'invalid_input', words);
}

const keys = z.object({
  keys: z.array(z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() })),
});

/** Ed25519 over the ids, the time and the body's hash, by any of the published keys (contract 2.3). */
export function isSigned({ headers, body, receivedAt }: InboundCallback, jwks: string): boolean {
  const published = keys.safeParse(exactJson(jwks));
  const timestamp = headers['x-fal-webhook-timestamp'] ?? '';
  if (!published.success || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(receivedAt / 1000 - Number(timestamp)) > CALLBACK_TOLERANCE_S) return false;
  const hash = createHash('sha256').update(body).digest('hex');
  const { 'x-fal-webhook-request-id': request = '', 'x-fal-webhook-user-id': user = '' } = headers;
  const message = Buffer.from([request, user, timestamp, hash].join('\n'));
  const signature = Buffer.from(headers['x-fal-webhook-signature'] ?? '', 'hex');
  return published.data.keys.some((key) => {
    try {
      return verify(null, message, createPublicKey({ key, format: 'jwk' }), signature);
    } catch {
      return false;
    }
  });
}
