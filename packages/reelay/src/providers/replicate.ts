import { z } from 'zod';
import type { Job, Provider, Upstream, UpstreamRequest } from '../core/ports/provider.ts';
import { verifyWebhook } from '../core/signature.ts';
import type { Json } from '../core/values.ts';
import { KLING_26, KLING_26_LOOKS, KLING_PICTURES, proPrice } from './kling-2-6.ts';
import { picturesOf, uploadedOf } from './picture.ts';
import { detailOf, prediction, refusal, sightingOf } from './replicate.wire.ts';
import {
  bodyOf,
  doubtful,
  exactJson,
  GONE,
  isOk,
  oneByOne,
  trouble,
  unbilled,
  uploadTrouble,
} from './reply.ts';

const Handle = z.object({ id: z.string() });

/** Replicate (contract 3). Its list shows where each prediction calls back: that is how a doubtful submit is found again. */
export const replicate: Provider = {
  name: 'replicate',
  tier: 'value',
  credential: [
    {
      name: 'base_url',
      label: 'API address',
      secret: false,
      required: false,
      default: 'https://api.replicate.com/v1',
      env: 'REPLICATE_BASE_URL',
    },
    {
      name: 'api_token',
      label: 'API token (r8_…)',
      secret: true,
      required: true,
      env: 'REPLICATE_API_TOKEN',
    },
  ],
  abilities: [{ ...KLING_26, lastFrame: false, promptMax: 2500, costMicros: proPrice }],
  dedupe: 'callback',
  looks: KLING_26_LOOKS,
  limits: {
    submits: { count: 600, perMs: 60_000 },
    asks: { count: 3000, perMs: 60_000 },
    unfinished: null,
  },
  resultsLiveMs: 3_600_000,
  pictures: KLING_PICTURES,

  /** Uploaded first: inside of a request it takes small files only. */
  async prepare(job, upstream) {
    const uploaded: Json[] = [];
    for (const { role, bytes, mimeType, name } of await picturesOf(job, KLING_PICTURES)) {
      const body = new FormData();
      body.append('content', new Blob([bytes], { type: mimeType }), name);
      body.append('metadata', new Blob(['{}'], { type: 'application/json' }));
      const reply = await unbilled(
        upstream.call(authorized(upstream, { method: 'POST', path: '/files', body })),
      );
      const file = z.object({ urls: z.object({ get: z.string() }) }).safeParse(bodyOf(reply));
      if (!isOk(reply) || !file.success)
        throw uploadTrouble(refusal(reply), reply, upstream, detailOf(reply));
      uploaded.push({ role, url: file.data.urls.get });
    }
    return uploaded;
  },

  async submit(job, upstream) {
    const callbackUrl = upstream.callbackUrl(job.task);
    const request = authorized(upstream, {
      method: 'POST',
      path: '/models/kwaivgi/kling-v2.6/predictions',
      body: {
        input: input(job),
        ...(callbackUrl ? { webhook: callbackUrl, webhook_events_filter: ['completed'] } : {}),
      },
    });
    const reply = await upstream.callOnce(request, job.attempt.sendBy);
    const made = prediction.safeParse(bodyOf(reply));
    if (isOk(reply) && made.success) return { id: made.data.id };
    const kind = refusal(reply);
    throw kind ? trouble(kind, reply, upstream, detailOf(reply)) : doubtful(reply);
  },

  watch: (handles, upstream) =>
    oneByOne(handles, async (handle) => {
      const path = `/predictions/${encodeURIComponent(Handle.parse(handle).id)}`;
      const reply = await upstream.call(authorized(upstream, { method: 'GET', path }));
      if (reply.status === 404) return GONE;
      const read = prediction.safeParse(bodyOf(reply));
      if (!isOk(reply) || !read.success) {
        throw trouble(refusal(reply) ?? 'internal', reply, upstream, detailOf(reply));
      }
      return sightingOf(read.data);
    }),

  /** Only ever finds: that the newest page does not show it proves nothing, so `absent` cannot come of it. */
  async find(attempt, upstream) {
    const reply = await upstream.call(authorized(upstream, { method: 'GET', path: '/predictions' }));
    const page = z.object({ results: z.array(prediction) }).safeParse(bodyOf(reply));
    const ours = page.data?.results.find((one) => one.webhook?.includes(attempt.reference));
    if (ours) return { id: ours.id };
    throw trouble('internal', reply, upstream, 'its newest predictions do not show it');
  },

  async cancel(handle, upstream) {
    const path = `/predictions/${encodeURIComponent(Handle.parse(handle).id)}/cancel`;
    const reply = await upstream.call(authorized(upstream, { method: 'POST', path }));
    const read = prediction.safeParse(bodyOf(reply));
    const status = isOk(reply) && read.success ? read.data.status : '';
    return status === 'canceled' || status === 'aborted' ? 'stopped' : 'too_late';
  },

  async callbackKey(upstream) {
    const reply = await upstream.call(
      authorized(upstream, { method: 'GET', path: '/webhooks/default/secret' }),
    );
    const secret = z.object({ key: z.string() }).safeParse(bodyOf(reply));
    if (!secret.success) throw trouble('internal', reply, upstream, 'its webhook secret cannot be read');
    return secret.data.key;
  },

  callback({ headers, body, receivedAt }, key) {
    const message = {
      id: headers['webhook-id'] ?? '',
      timestamp: headers['webhook-timestamp'] ?? '',
      signature: headers['webhook-signature'] ?? '',
      body,
    };
    const read = prediction.safeParse(exactJson(body));
    if (key === null || !read.success || !verifyWebhook(message, key, receivedAt)) return null;
    return { handle: { id: read.data.id }, reference: null };
  },
};

function input(job: Job): Json {
  const { order } = job;
  const first = uploadedOf(job, 'first_frame');
  return {
    prompt: order.prompt,
    duration: order.durationSeconds,
    generate_audio: order.sound,
    ...(first ? { start_image: first } : { aspect_ratio: order.aspectRatio ?? '16:9' }),
  };
}

function authorized(upstream: Upstream, request: UpstreamRequest): UpstreamRequest {
  return { ...request, headers: { authorization: `Bearer ${upstream.credential.api_token ?? ''}` } };
}
