import { z } from 'zod';
import type { TroubleKind } from '../core/failure.ts';
import type {
  Job,
  Provider,
  Sighting,
  Upstream,
  UpstreamReply,
  UpstreamRequest,
} from '../core/ports/provider.ts';
import type { Json } from '../core/values.ts';
import { KLING_26, KLING_26_LOOKS, proPrice } from './kling-2-6.ts';
import { picturesOf, uploadedOf } from './picture.ts';
import {
  bodyOf,
  contentOrInternal,
  doubtful,
  failed,
  firstUrl,
  GONE,
  idOf,
  isOk,
  oneByOne,
  RUNNING,
  rendered,
  trouble,
  unbilled,
  uploadTrouble,
} from './reply.ts';

const PICTURES = ['image/jpeg', 'image/png', 'image/webp'];
const Handle = z.object({ id: z.string() });

/**
 * Rivya (contracts/rivya.md), and whoever speaks its dialect: another Reelay too. A submit carries an Idempotency-Key.
 * It calls registered endpoints only, so jobs are watched by asking.
 */
export const rivya: Provider = {
  name: 'rivya',
  tier: 'value',
  credential: [
    {
      name: 'base_url',
      label: 'Address before /api/v1',
      secret: false,
      required: false,
      default: 'https://rivya.ai',
      env: 'RIVYA_BASE_URL',
    },
    { name: 'api_key', label: 'API key (rvya_sk_…)', secret: true, required: true, env: 'RIVYA_API_KEY' },
  ],
  // 55 of its credits a film, whose price in money could not be read: Kling's own stands for it.
  abilities: [{ ...KLING_26, lastFrame: false, promptMax: 1000, costMicros: proPrice }],
  dedupe: 'key',
  looks: KLING_26_LOOKS,
  limits: { submits: null, asks: null, unfinished: null },
  pictures: PICTURES,

  async prepare(job, upstream) {
    const uploaded: Json[] = [];
    for (const { role, bytes, mimeType, name } of await picturesOf(job, PICTURES)) {
      const body = new FormData();
      body.append('file', new Blob([bytes], { type: mimeType }), name);
      body.append('kind', 'image');
      body.append('model', 'kling-2-6');
      const request = authorized(upstream, { method: 'POST', path: '/api/v1/files', body });
      const reply = await unbilled(upstream.call(request));
      const file = z.object({ url: z.unknown() }).safeParse(bodyOf(reply));
      const url = file.success ? firstUrl(file.data.url) : null;
      if (!isOk(reply) || url === null) throw uploadTrouble(refusal(reply), reply, upstream, codeOf(reply));
      uploaded.push({ role, url });
    }
    return uploaded;
  },

  async submit(job, upstream) {
    const headers = { 'idempotency-key': job.attempt.reference };
    const request = { method: 'POST', path: '/api/v1/generations', headers, body: body(job) } as const;
    const reply = await upstream.callOnce(authorized(upstream, request), job.attempt.sendBy);
    const made = generation.safeParse(bodyOf(reply));
    if (isOk(reply) && made.success) return { id: made.data.id };
    const kind = refusal(reply);
    throw kind ? trouble(kind, reply, upstream, codeOf(reply)) : doubtful(reply);
  },

  watch: (handles, upstream) =>
    oneByOne(handles, async (handle) => {
      const path = `/api/v1/generations/${encodeURIComponent(Handle.parse(handle).id)}`;
      const reply = await upstream.call(authorized(upstream, { method: 'GET', path }));
      if (codeOf(reply) === 'not_found') return GONE;
      const read = generation.safeParse(bodyOf(reply));
      if (isOk(reply) && read.success) return sightingOf(read.data);
      throw trouble(refusal(reply) ?? 'internal', reply, upstream, codeOf(reply));
    }),
};

/** Every choice is a string; a reference makes it image-to-video, and the ratio is the picture's then. */
function body(job: Job): Json {
  const { order } = job;
  const first = uploadedOf(job, 'first_frame');
  const params = { duration: String(order.durationSeconds), sound: String(order.sound) };
  return {
    model: 'kling-2-6',
    prompt: order.prompt,
    params: first
      ? { ...params, referenceMediaItems: [{ url: first, kind: 'image' }] }
      : { ...params, aspect_ratio: order.aspectRatio ?? '1:1' },
    client_request_id: job.attempt.reference,
  };
}

function authorized(upstream: Upstream, request: UpstreamRequest): UpstreamRequest {
  const authorization = `Bearer ${upstream.credential.api_key ?? ''}`;
  return { ...request, headers: { ...request.headers, authorization } };
}

const generation = z.object({
  id: z.unknown().transform(idOf).pipe(z.string()),
  status: z.string(),
  result: z
    .object({ primary_url: z.unknown().optional(), urls: z.array(z.unknown()).nullish().catch(null) })
    .nullish()
    .catch(null),
  error: z
    .object({ code: z.string().catch(''), message: z.string().catch('') })
    .nullish()
    .catch(null),
});

function codeOf(reply: UpstreamReply): string | null {
  const read = z.object({ error: z.object({ code: z.string() }) }).safeParse(bodyOf(reply));
  return read.success ? read.data.error.code : null;
}

/** `error.code` is the integration contract (B4). A conflict of keys is not here: the earlier submit landed. */
const MEANINGS: Readonly<Record<string, TroubleKind>> = {
  validation_failed: 'invalid_input',
  not_found: 'invalid_input',
  api_key_missing: 'auth',
  api_key_invalid: 'auth',
  api_key_revoked: 'auth',
  api_key_expired: 'auth',
  api_scope_denied: 'auth',
  insufficient_credits: 'insufficient_upstream_credits',
  rate_limited: 'rate_limited',
  public_api_disabled: 'internal',
};

/** Without a code of Rivya's own, something in between answered. */
const STATUSES: Readonly<Record<number, TroubleKind>> = { 401: 'auth', 403: 'auth', 429: 'rate_limited' };

function refusal(reply: UpstreamReply): TroubleKind | null {
  const code = codeOf(reply);
  return (code === null ? STATUSES[reply.status] : MEANINGS[code]) ?? null;
}

/** A status that nobody knows still runs. A failed one is not charged. */
function sightingOf(seen: z.infer<typeof generation>): Sighting {
  if (seen.status === 'failed') {
    const words = seen.error?.message ?? '';
    return failed(contentOrInternal(words), words, false);
  }
  if (seen.status !== 'succeeded') return RUNNING;
  const url = firstUrl(seen.result?.primary_url, ...(seen.result?.urls ?? []));
  return url ? rendered(url) : failed('internal', 'it succeeded without a film');
}
