import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Job, Provider, Upstream, UpstreamRequest } from '../core/ports/provider.ts';
import type { Json } from '../core/values.ts';
import {
  KLING_26,
  KLING_26_LOOKS,
  KLING_PICTURES,
  klingPrice,
  needsPro,
  refuseSoundWithLastFrame,
} from './kling-2-6.ts';
import { piapiTask, refusal, sightingOf, wordsOf } from './piapi.wire.ts';
import { picturesOf, uploadAddresses, uploadedOf, uploadsAt } from './picture.ts';
import {
  bodyOf,
  doubtful,
  exactJson,
  firstUrl,
  GONE,
  isOk,
  oneByOne,
  trouble,
  unbilled,
  uploadTrouble,
} from './reply.ts';

const OWN = { base: 'https://api.piapi.ai', uploads: 'https://upload.theapi.app' };

const Handle = z.object({ id: z.string() });

/** PiAPI (contract 5). What it takes for 2.6 (`version`, `enable_audio`) is read from its pages for 3.0: unverified. */
export const piapi: Provider = {
  name: 'piapi',
  tier: 'value',
  credential: [
    {
      name: 'base_url',
      label: 'API address',
      secret: false,
      required: false,
      default: OWN.base,
      env: 'PIAPI_BASE_URL',
    },
    { name: 'api_key', label: 'API key', secret: true, required: true, env: 'PIAPI_API_KEY' },
    {
      name: 'upload_url',
      label: 'Address for uploads, where it is another than PiAPI’s own',
      secret: false,
      required: false,
      env: 'PIAPI_UPLOAD_URL',
    },
    {
      name: 'webhook_secret',
      label: 'A word of your own that its callbacks have to repeat',
      secret: true,
      required: false,
      env: 'PIAPI_WEBHOOK_SECRET',
    },
  ],
  addresses: (credential) => uploadAddresses(credential, OWN),
  // It publishes no price for 2.6 that could be read: Kling's own stands for it.
  abilities: [{ ...KLING_26, lastFrame: true, promptMax: 2500, costMicros: klingPrice }],
  dedupe: 'callback',
  looks: KLING_26_LOOKS,
  limits: { submits: null, asks: null, unfinished: null },
  resultsLiveMs: 86_400_000,
  pictures: KLING_PICTURES,

  /** Kept there for a day; accounts without a plan may not upload, and are told so as 403. */
  async prepare(job, upstream) {
    const uploaded: Json[] = [];
    for (const { role, bytes, name } of await picturesOf(job, KLING_PICTURES)) {
      const body = { file_name: name, file_data: bytes.toString('base64') };
      const path = `${uploadsAt(upstream.credential, OWN)}/api/ephemeral_resource`;
      const reply = await unbilled(upstream.call(authorized(upstream, { method: 'POST', path, body })));
      const file = z.object({ data: z.object({ url: z.unknown() }) }).safeParse(bodyOf(reply));
      const url = file.success ? firstUrl(file.data.data.url) : null;
      if (!isOk(reply) || url === null) {
        throw uploadTrouble(refusal(reply), reply, upstream, wordsOf(reply));
      }
      uploaded.push({ role, url });
    }
    return uploaded;
  },

  async submit(job, upstream) {
    refuseSoundWithLastFrame(job.order);
    const request = authorized(upstream, { method: 'POST', path: '/api/v1/task', body: body(job, upstream) });
    const reply = await upstream.callOnce(request, job.attempt.sendBy);
    const made = piapiTask.safeParse(bodyOf(reply));
    if (isOk(reply) && made.success && made.data.code === 200) return { id: made.data.data.task_id };
    const kind = refusal(reply);
    throw kind ? trouble(kind, reply, upstream, wordsOf(reply)) : doubtful(reply);
  },

  watch: (handles, upstream) =>
    oneByOne(handles, async (handle) => {
      const path = `/api/v1/task/${encodeURIComponent(Handle.parse(handle).id)}`;
      const reply = await upstream.call(authorized(upstream, { method: 'GET', path }));
      if (reply.status === 404) return GONE;
      const read = piapiTask.safeParse(bodyOf(reply));
      if (isOk(reply) && read.success) return sightingOf(read.data.data);
      throw trouble(refusal(reply) ?? 'internal', reply, upstream, wordsOf(reply));
    }),

  /** Only what waits can be taken back. */
  async cancel(handle, upstream) {
    const path = `/api/v1/task/${encodeURIComponent(Handle.parse(handle).id)}`;
    const reply = await upstream.call(authorized(upstream, { method: 'DELETE', path }));
    return isOk(reply) ? 'stopped' : 'too_late';
  },

  callbackKey: async (upstream) => upstream.credential.webhook_secret || null,

  /** Nothing is signed; the secret that the submit gave comes back as it is. */
  callback({ headers, body }, key) {
    const read = piapiTask.safeParse(exactJson(body));
    if (!read.success || (key !== null && !isSame(headers['x-webhook-secret'] ?? '', key))) return null;
    return { handle: { id: read.data.data.task_id }, reference: null };
  },
};

function body(job: Job, upstream: Upstream): Json {
  const { order } = job;
  const first = uploadedOf(job, 'first_frame');
  const last = uploadedOf(job, 'last_frame');
  const callbackUrl = upstream.callbackUrl(job.task);
  const { webhook_secret: secret } = upstream.credential;
  return {
    model: 'kling',
    task_type: 'video_generation',
    input: {
      prompt: order.prompt,
      version: '2.6',
      mode: needsPro(order) ? 'pro' : 'std',
      duration: order.durationSeconds,
      enable_audio: order.sound,
      ...(first ? { image_url: first } : { aspect_ratio: order.aspectRatio ?? '16:9' }),
      ...(last ? { image_tail_url: last } : {}),
    },
    config: {
      service_mode: 'public',
      ...(callbackUrl ? { webhook_config: { endpoint: callbackUrl, ...(secret ? { secret } : {}) } } : {}),
    },
  };
}

/** Compared by their hashes, so that the time it takes tells nothing. */
function isSame(given: string, wanted: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(wanted));
}

function authorized(upstream: Upstream, request: UpstreamRequest): UpstreamRequest {
  return { ...request, headers: { 'x-api-key': upstream.credential.api_key ?? '' } };
}
