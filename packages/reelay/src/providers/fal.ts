import { z } from 'zod';
import type {
  Job,
  Provider,
  Sighting,
  Upstream,
  UpstreamReply,
  UpstreamRequest,
} from '../core/ports/provider.ts';
import type { Json } from '../core/values.ts';
import { detailOf, isSigned, refusal, resultOf } from './fal.wire.ts';
import { KLING_26, KLING_26_LOOKS, KLING_PICTURES, proPrice } from './kling-2-6.ts';
import { dataUrl, inlineOf, inlinePictures } from './picture.ts';
import {
  bodyOf,
  doubtful,
  exactJson,
  failed,
  GONE,
  idOf,
  isOk,
  oneByOne,
  RUNNING,
  trouble,
} from './reply.ts';

/** A submit names the whole endpoint, everything after it only its owner and alias (contract 2.1). */
const ENDPOINT = '/fal-ai/kling-video/v2.6/pro';
const ALIAS = '/fal-ai/kling-video/requests';
const OFFICIAL = 'https://queue.fal.run';
const FILES_LIVE_SECONDS = 86_400;

const Handle = z.object({ id: z.string() });

/** fal's queue (contract 2). No key of ours is stored there: a doubtful submit is resolved by its callback alone. */
export const fal: Provider = {
  name: 'fal',
  tier: 'value',
  credential: [
    {
      name: 'base_url',
      label: 'Queue address',
      secret: false,
      required: false,
      default: OFFICIAL,
      env: 'FAL_QUEUE_URL',
    },
    {
      name: 'api_key',
      label: 'Key, or key id and secret as id:secret',
      secret: true,
      required: true,
      env: 'FAL_KEY',
    },
  ],
  abilities: [{ ...KLING_26, lastFrame: true, promptMax: 2500, costMicros: proPrice }],
  dedupe: 'callback',
  looks: KLING_26_LOOKS,
  limits: { submits: null, asks: null, unfinished: null },
  resultsLiveMs: FILES_LIVE_SECONDS * 1000,
  pictures: [...KLING_PICTURES, 'image/webp'],

  prepare: (job) => inlinePictures(job, fal.pictures ?? []),

  async submit(job, upstream) {
    const callbackUrl = upstream.callbackUrl(job.task);
    const query = callbackUrl ? `?fal_webhook=${encodeURIComponent(callbackUrl)}` : '';
    const request = authorized(upstream, {
      method: 'POST',
      path: `${ENDPOINT}/${job.order.mode}${query}`,
      headers: {
        // fal's own repeats of a job that fell over would be paid for, and are not ours to count.
        'x-fal-no-retry': '1',
        'x-fal-object-lifecycle-preference': JSON.stringify({
          expiration_duration_seconds: FILES_LIVE_SECONDS,
        }),
      },
      body: input(job),
    });
    const reply = await upstream.callOnce(request, job.attempt.sendBy);
    const queued = z
      .object({ request_id: z.unknown().transform(idOf).pipe(z.string()) })
      .safeParse(bodyOf(reply));
    if (isOk(reply) && queued.success) return { id: queued.data.request_id };
    const kind = refusal(reply);
    throw kind ? trouble(kind, reply, upstream, detailOf(reply).words) : doubtful(reply);
  },

  watch: (handles, upstream) => oneByOne(handles, (handle) => look(Handle.parse(handle).id, upstream)),

  async cancel(handle, upstream) {
    const path = `${ALIAS}/${encodeURIComponent(Handle.parse(handle).id)}`;
    const reply = await upstream.call(authorized(upstream, { method: 'PUT', path: `${path}/cancel` }));
    if (!isOk(reply)) return 'too_late';
    // A request that runs already is stopped at best effort only: it counts as stopped once it does not run.
    const after = await upstream.call(authorized(upstream, { method: 'GET', path: `${path}/status` }));
    const status = statusOf(after);
    return status === 'IN_PROGRESS' || status === 'COMPLETED' ? 'too_late' : 'stopped';
  },

  /** Below a base address that is not fal's own, the keys are published there too. */
  async callbackKey(upstream) {
    const base = upstream.credential.base_url ?? OFFICIAL;
    const path = base === OFFICIAL ? 'https://rest.fal.ai/.well-known/jwks.json' : '/.well-known/jwks.json';
    const reply = await upstream.call({ method: 'GET', path });
    if (!isOk(reply)) throw trouble('internal', reply, upstream, 'its keys cannot be read');
    return reply.text;
  },

  callback(request, key) {
    const body = z.object({ request_id: z.unknown().transform(idOf).pipe(z.string()) });
    const read = body.safeParse(exactJson(request.body));
    if (key === null || !read.success || !isSigned(request, key)) return null;
    return { handle: { id: read.data.request_id }, reference: null };
  },
};

/** `generate_audio` is on unless it is said, and the first frame is `start_image_url` in 2.6 (contract 2.2). */
function input(job: Job): Json {
  const { order } = job;
  const first = inlineOf(job, 'first_frame');
  const last = inlineOf(job, 'last_frame');
  return {
    prompt: order.prompt,
    duration: String(order.durationSeconds),
    generate_audio: order.sound,
    ...(first ? { start_image_url: dataUrl(first) } : { aspect_ratio: order.aspectRatio ?? '16:9' }),
    ...(last ? { end_image_url: dataUrl(last) } : {}),
  };
}

function authorized(upstream: Upstream, request: UpstreamRequest): UpstreamRequest {
  return {
    ...request,
    headers: { ...request.headers, authorization: `Key ${upstream.credential.api_key ?? ''}` },
  };
}

function statusOf(reply: UpstreamReply): string | null {
  const read = z.object({ status: z.string() }).safeParse(bodyOf(reply));
  return read.success ? read.data.status : null;
}

async function look(id: string, upstream: Upstream): Promise<Sighting> {
  const path = `${ALIAS}/${encodeURIComponent(id)}`;
  const reply = await upstream.call(authorized(upstream, { method: 'GET', path: `${path}/status?logs=0` }));
  if (reply.status === 404) return GONE;
  // Also a balance that ran out: it says nothing about the job.
  if (!isOk(reply)) throw trouble(refusal(reply) ?? 'internal', reply, upstream, detailOf(reply).words);
  const status = statusOf(reply);
  if (status === null) throw trouble('internal', reply, upstream, 'it answered without a status');
  if (status !== 'COMPLETED') return status === 'CANCELLED' ? failed('canceled', status, false) : RUNNING;
  return resultOf(await upstream.call(authorized(upstream, { method: 'GET', path })), upstream);
}
