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
import { KLING_26, KLING_26_LOOKS, KLING_PICTURES, proPrice } from './kling-2-6.ts';
import { picturesOf, uploadedOf } from './picture.ts';
import {
  bodyOf,
  doubtful,
  exactJson,
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

const Handle = z.object({ id: z.string() });

/** Higgsfield (contract 5): the one reseller that documents an `Idempotency-Key`. The same key and body answer the first job again. */
export const higgsfield: Provider = {
  name: 'higgsfield',
  tier: 'value',
  credential: [
    {
      name: 'base_url',
      label: 'API address',
      secret: false,
      required: false,
      default: 'https://api.higgsfield.ai',
      env: 'HIGGSFIELD_BASE_URL',
    },
    {
      name: 'api_key',
      label: 'Key id and secret, as id:secret',
      secret: true,
      required: true,
      env: 'HF_KEY',
    },
  ],
  abilities: [{ ...KLING_26, lastFrame: false, promptMax: 2500, costMicros: proPrice }],
  dedupe: 'key',
  looks: KLING_26_LOOKS,
  limits: { submits: null, asks: null, unfinished: 2 },
  resultsLiveMs: 7 * 86_400_000,
  pictures: KLING_PICTURES,

  /** An address to put the file to, which must not see the credential. */
  async prepare(job, upstream) {
    const uploaded: Json[] = [];
    for (const { role, bytes, mimeType } of await picturesOf(job, KLING_PICTURES)) {
      const request = {
        method: 'POST',
        path: '/files/generate-upload-url',
        body: { content_type: mimeType },
      } as const;
      const reply = await unbilled(upstream.call(authorized(upstream, request)));
      const place = slot.safeParse(bodyOf(reply));
      if (!isOk(reply) || !place.success)
        throw uploadTrouble(refusal(reply), reply, upstream, wordsOf(reply));
      const { public_url: url, upload_url: path, upload_headers } = place.data;
      const headers = { 'content-type': mimeType, ...upload_headers };
      const put = await unbilled(upstream.call({ method: 'PUT', path, headers, body: bytes }));
      if (!isOk(put)) throw trouble('internal', put, upstream, 'the file was not taken');
      uploaded.push({ role, url });
    }
    return uploaded;
  },

  async submit(job, upstream) {
    const callbackUrl = upstream.callbackUrl(job.task);
    const query = callbackUrl ? `?hf_webhook=${encodeURIComponent(callbackUrl)}` : '';
    const request = authorized(upstream, {
      method: 'POST',
      path: `/kling-video/v2.6/pro/${job.order.mode}${query}`,
      headers: { 'idempotency-key': job.attempt.reference },
      body: input(job),
    });
    const reply = await upstream.callOnce(request, job.attempt.sendBy);
    const made = state.safeParse(bodyOf(reply));
    if (isOk(reply) && made.success) return { id: made.data.request_id };
    const kind = refusal(reply);
    throw kind ? trouble(kind, reply, upstream, wordsOf(reply)) : doubtful(reply);
  },

  watch: (handles, upstream) =>
    oneByOne(handles, async (handle) => {
      const path = `/requests/${encodeURIComponent(Handle.parse(handle).id)}/status`;
      const reply = await upstream.call(authorized(upstream, { method: 'GET', path }));
      if (reply.status === 404) return GONE;
      const read = state.safeParse(bodyOf(reply));
      if (isOk(reply) && read.success) return sightingOf(read.data);
      throw trouble(refusal(reply) ?? 'internal', reply, upstream, wordsOf(reply));
    }),

  /** 202 while it waits, 400 once it has begun. */
  async cancel(handle, upstream) {
    const path = `/requests/${encodeURIComponent(Handle.parse(handle).id)}/cancel`;
    return isOk(await upstream.call(authorized(upstream, { method: 'POST', path }))) ? 'stopped' : 'too_late';
  },

  /** Nothing is signed. */
  callback({ body }) {
    const read = state.safeParse(exactJson(body));
    return read.success ? { handle: { id: read.data.request_id }, reference: null } : null;
  },
};

/** Sound is on unless it is said. */
function input(job: Job): Json {
  const { order } = job;
  const first = uploadedOf(job, 'first_frame');
  return {
    prompt: order.prompt,
    duration: order.durationSeconds,
    sound: order.sound ? 'on' : 'off',
    ...(first ? { image_url: first } : { aspect_ratio: order.aspectRatio ?? '16:9' }),
  };
}

function authorized(upstream: Upstream, request: UpstreamRequest): UpstreamRequest {
  return {
    ...request,
    headers: { ...request.headers, authorization: `Key ${upstream.credential.api_key ?? ''}` },
  };
}

const slot = z.object({
  public_url: z.string().regex(/^https?:\/\//),
  upload_url: z.string().regex(/^https?:\/\//),
  upload_headers: z
    .record(z.string().regex(/^[\w-]+$/), z.string().regex(/^[\x20-\x7e]*$/))
    .nullish()
    .catch(null),
});

const state = z.object({
  request_id: z.unknown().transform(idOf).pipe(z.string()),
  status: z.string().catch(''),
  error: z.string().nullish().catch(null),
  video: z.object({ url: z.unknown() }).nullish().catch(null),
});

const detail = z.object({ detail: z.union([z.string(), z.array(z.object({ msg: z.string().catch('') }))]) });

function wordsOf(reply: UpstreamReply): string {
  const read = detail.safeParse(bodyOf(reply));
  if (!read.success) return '';
  return typeof read.data.detail === 'string' ? read.data.detail : (read.data.detail[0]?.msg ?? '');
}

/**
 * What a refusal means; null where it does not say that nothing was taken. Traps: an empty account is a 403 and a full one a 400, told by
 * their words only; a 422 without a list says that the key is known with another body: an earlier submit landed.
 */
function refusal(reply: UpstreamReply): TroubleKind | null {
  const read = detail.safeParse(bodyOf(reply));
  const words = wordsOf(reply);
  if (reply.status === 401) return 'auth';
  if (reply.status === 402) return 'insufficient_upstream_credits';
  if (reply.status === 403) return /credits/i.test(words) ? 'insufficient_upstream_credits' : 'auth';
  if (reply.status === 429) return 'rate_limited';
  if (!read.success) return null;
  if (reply.status === 400)
    return /concurrent requests/i.test(words) ? 'concurrency_limited' : 'invalid_input';
  if (reply.status === 422) return Array.isArray(read.data.detail) ? 'invalid_input' : null;
  return reply.status === 404 ? 'invalid_input' : null;
}

/** `failed` and `nsfw` are not charged. */
function sightingOf(seen: z.infer<typeof state>): Sighting {
  switch (seen.status) {
    case 'completed': {
      const url = firstUrl(seen.video?.url);
      return url ? rendered(url) : failed('internal', 'it completed without a film');
    }
    case 'nsfw':
      return failed('content_violation', 'nsfw', false);
    case 'failed':
      return failed('internal', seen.error, false);
    case 'canceled':
      return failed('canceled', seen.error, false);
    default:
      return RUNNING;
  }
}
