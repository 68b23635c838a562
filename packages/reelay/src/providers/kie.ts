import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Order } from '../core/order.ts';
import type { Job, Provider, Upstream, UpstreamRequest } from '../core/ports/provider.ts';
import type { Json } from '../core/values.ts';
import { readKie, sightingOf, taskId } from './kie.wire.ts';
import { KLING_26, KLING_26_LOOKS, KLING_PICTURES } from './kling-2-6.ts';
import { picturesOf, uploadAddresses, uploadedOf, uploadsAt } from './picture.ts';
import {
  bodyOf,
  doubtful,
  exactJson,
  firstUrl,
  GONE,
  isOk,
  oneByOne,
  RUNNING,
  trouble,
  unbilled,
  uploadTrouble,
} from './reply.ts';

const OWN = { base: 'https://api.kie.ai', uploads: 'https://kieai.redpandaai.co' };
/** A task may be unknown to the query for a moment after it was made. */
const SETTLING_MS = 60_000;
const CALLBACK_TOLERANCE_MS = 300_000;

const Handle = z.object({ id: z.string(), at: z.number() });

/** kie.ai (contract 4). Errors come with status 200: the code in the body is what counts. Its jobs cannot be canceled. */
export const kie: Provider = {
  name: 'kie',
  tier: 'value',
  credential: [
    {
      name: 'base_url',
      label: 'API address',
      secret: false,
      required: false,
      default: OWN.base,
      env: 'KIE_BASE_URL',
    },
    { name: 'api_key', label: 'API key', secret: true, required: true, env: 'KIE_API_KEY' },
    {
      name: 'upload_url',
      label: 'Address for uploads, where it is another than kie.ai’s own',
      secret: false,
      required: false,
      env: 'KIE_UPLOAD_URL',
    },
    {
      name: 'webhook_secret',
      label: 'Webhook HMAC key, where one was made in the settings',
      secret: true,
      required: false,
      env: 'KIE_WEBHOOK_HMAC_KEY',
    },
  ],
  addresses: (credential) => uploadAddresses(credential, OWN),
  abilities: [{ ...KLING_26, lastFrame: false, promptMax: 1000, costMicros: price }],
  dedupe: 'callback',
  looks: KLING_26_LOOKS,
  limits: { submits: { count: 20, perMs: 10_000 }, asks: null, unfinished: 100 },
  // Its pages disagree between 24 hours and 14 days.
  resultsLiveMs: 86_400_000,
  pictures: KLING_PICTURES,

  /** It fetches pictures from public addresses only, and has a place of its own for them. */
  async prepare(job, upstream) {
    const uploaded: Json[] = [];
    for (const { role, bytes, mimeType, name } of await picturesOf(job, KLING_PICTURES)) {
      const body = new FormData();
      body.append('file', new Blob([bytes], { type: mimeType }), name);
      body.append('uploadPath', 'reelay');
      body.append('fileName', name);
      const path = `${uploadsAt(upstream.credential, OWN)}/api/file-stream-upload`;
      const reply = await unbilled(upstream.call(authorized(upstream, { method: 'POST', path, body })));
      const file = stored.safeParse(bodyOf(reply));
      const url = file.success ? firstUrl(file.data.data.downloadUrl, file.data.data.fileUrl) : null;
      if (!isOk(reply) || url === null) {
        const { kind, words } = readKie(reply);
        throw uploadTrouble(kind, reply, upstream, words);
      }
      uploaded.push({ role, url });
    }
    return uploaded;
  },

  async submit(job, upstream) {
    const callbackUrl = upstream.callbackUrl(job.task);
    const body = {
      model: `kling-2.6/${job.order.mode}`,
      ...(callbackUrl ? { callBackUrl: callbackUrl } : {}),
      input: input(job),
    };
    const request = authorized(upstream, { method: 'POST', path: '/api/v1/jobs/createTask', body });
    const reply = await upstream.callOnce(request, job.attempt.sendBy);
    const answer = readKie(reply);
    if (answer.kind !== null) throw trouble(answer.kind, reply, upstream, answer.words);
    const id = taskId(answer.data);
    if (id === null) throw doubtful(reply);
    return { id, at: upstream.now() };
  },

  watch: (handles, upstream) =>
    oneByOne(handles, async (handle) => {
      const { id, at } = Handle.parse(handle);
      const path = `/api/v1/jobs/recordInfo?taskId=${encodeURIComponent(id)}`;
      const reply = await upstream.call(authorized(upstream, { method: 'GET', path }));
      const answer = readKie(reply);
      const isUnknown = answer.code === 404 || answer.code === 422;
      if (isUnknown) return upstream.now() - at < SETTLING_MS ? RUNNING : GONE;
      if (answer.kind !== null) throw trouble(answer.kind, reply, upstream, answer.words);
      const sighting = sightingOf(answer.data);
      if (!sighting)
        throw trouble('internal', reply, upstream, 'it answered with something else than a task');
      return sighting;
    }),

  callbackKey: async (upstream) => upstream.credential.webhook_secret || null,

  /** Its signature covers the id and the time, not the body: all that is taken from it is the id (contract 4). */
  callback({ headers, body, receivedAt }, key) {
    const read = z.object({ data: z.unknown() }).safeParse(exactJson(body));
    const id = read.success ? taskId(read.data.data) : null;
    if (id === null) return null;
    const timestamp = headers['x-webhook-timestamp'] ?? '';
    if (key !== null) {
      const given = Buffer.from(headers['x-webhook-signature'] ?? '', 'base64');
      const wanted = createHmac('sha256', key).update(`${id}.${timestamp}`).digest();
      if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
      if (!(Math.abs(receivedAt - Number(timestamp) * 1000) <= CALLBACK_TOLERANCE_MS)) return null;
    }
    return { handle: { id, at: receivedAt }, reference: null };
  },
};

/** Its own price, 11 credits a second or 22 with sound at $0.005 each, as read by others: unverified. */
function price(order: Order): number {
  return order.durationSeconds * (order.sound ? 110_000 : 55_000);
}

/** Seconds are a string; a picture comes as the only one of a list, and decides the ratio. */
function input(job: Job): Json {
  const { order } = job;
  const first = uploadedOf(job, 'first_frame');
  return {
    prompt: order.prompt,
    sound: order.sound,
    duration: String(order.durationSeconds),
    ...(first ? { image_urls: [first] } : { aspect_ratio: order.aspectRatio ?? '16:9' }),
  };
}

function authorized(upstream: Upstream, request: UpstreamRequest): UpstreamRequest {
  return { ...request, headers: { authorization: `Bearer ${upstream.credential.api_key ?? ''}` } };
}

const stored = z.object({
  data: z.object({ downloadUrl: z.unknown().optional(), fileUrl: z.unknown().optional() }),
});
