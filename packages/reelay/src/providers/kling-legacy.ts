import { z } from 'zod';
import type { Job, Provider, Sighting, Upstream, UpstreamRequest } from '../core/ports/provider.ts';
import type { Attempt } from '../core/task.ts';
import type { Json } from '../core/values.ts';
import {
  KLING_REGION,
  KLING_WEBHOOK_SECRET,
  klingCallback,
  klingToken,
  mayBeDuplicate,
  readKling,
  unitsToMicros,
} from './kling.wire.ts';
import {
  KLING_26,
  KLING_26_LOOKS,
  KLING_PICTURES,
  klingPrice,
  needsPro,
  refuseSoundWithLastFrame,
} from './kling-2-6.ts';
import { inlineOf, inlinePictures } from './picture.ts';
import {
  contentOrInternal,
  doubtful,
  failed,
  firstUrl,
  GONE,
  idOf,
  oneByOne,
  RUNNING,
  rendered,
  trouble,
} from './reply.ts';

/** The kind is part of the path, for looking as for making: it is remembered. Null: found by a callback, which does not say. */
const Handle = z.object({ id: z.string(), kind: z.enum(['text2video', 'image2video']).nullable() });
const KINDS = ['text2video', 'image2video'] as const;

/**
 * Kling's own API, old generation (contract 1.3): for accounts that have an AccessKey and a SecretKey only. A token is
 * made anew for each request, so none is ever too old; its jobs are asked for one by one and cannot be canceled.
 */
export const klingLegacy: Provider = {
  name: 'kling-legacy',
  tier: 'official',
  credential: [
    KLING_REGION,
    { name: 'access_key', label: 'AccessKey', secret: true, required: true, env: 'KLINGAI_ACCESS_KEY' },
    { name: 'secret_key', label: 'SecretKey', secret: true, required: true, env: 'KLINGAI_SECRET_KEY' },
    KLING_WEBHOOK_SECRET,
  ],
  abilities: [{ ...KLING_26, lastFrame: true, promptMax: 2500, costMicros: klingPrice }],
  dedupe: 'lookup',
  looks: KLING_26_LOOKS,
  limits: { submits: null, asks: null, unfinished: 20 },
  resultsLiveMs: 30 * 86_400_000,
  pictures: KLING_PICTURES,

  prepare: (job) => inlinePictures(job, KLING_PICTURES),

  async submit(job, upstream) {
    refuseSoundWithLastFrame(job.order);
    const kind = job.order.mode === 'text-to-video' ? 'text2video' : 'image2video';
    const request = { method: 'POST', path: `/v1/videos/${kind}`, body: body(job, upstream) } as const;
    const reply = await upstream.callOnce(authorized(upstream, request), job.attempt.sendBy);
    const answer = readKling(reply);
    if (answer.ok) {
      const made = task.safeParse(answer.data);
      const { reference } = job.attempt;
      if (!made.success || (made.data.task_info?.external_task_id ?? reference) !== reference) {
        throw doubtful(reply);
      }
      return { id: made.data.task_id, kind };
    }
    if (mayBeDuplicate(answer)) {
      const earlier = await find(job.attempt, upstream);
      if (earlier) return earlier;
    }
    throw trouble(answer.kind, reply, upstream, answer.words);
  },

  watch: (handles, upstream) =>
    oneByOne(handles, async (handle) => {
      const { id, kind } = Handle.parse(handle);
      for (const one of kind ? [kind] : KINDS) {
        const seen = await taskBy(one, id, upstream);
        if (seen) return sightingOf(seen);
      }
      return GONE;
    }),

  find,
  callbackKey: async (upstream) => upstream.credential.webhook_secret || null,

  callback(request, key) {
    const told = klingCallback(request, key);
    return told && { handle: { id: told.id, kind: null }, reference: told.reference };
  },
};

/** Numbers are strings here, and without `model_name` a retired model would be used. */
function body(job: Job, upstream: Upstream): Json {
  const { order } = job;
  const first = inlineOf(job, 'first_frame');
  const last = inlineOf(job, 'last_frame');
  const callbackUrl = upstream.callbackUrl(job.task);
  return {
    model_name: 'kling-v2-6',
    prompt: order.prompt,
    sound: order.sound ? 'on' : 'off',
    mode: needsPro(order) ? 'pro' : 'std',
    duration: String(order.durationSeconds),
    ...(first ? { image: first.base64 } : { aspect_ratio: order.aspectRatio ?? '16:9' }),
    ...(last ? { image_tail: last.base64 } : {}),
    watermark_info: { enabled: false },
    external_task_id: job.attempt.reference,
    ...(callbackUrl ? { callback_url: callbackUrl } : {}),
  };
}

function authorized(upstream: Upstream, request: UpstreamRequest): UpstreamRequest {
  const { access_key = '', secret_key = '' } = upstream.credential;
  const token = klingToken(access_key, secret_key, upstream.now());
  return { ...request, headers: { authorization: `Bearer ${token}` } };
}

const task = z.object({
  task_id: z.unknown().transform(idOf).pipe(z.string()),
  task_status: z.string().catch(''),
  task_status_msg: z.string().catch(''),
  task_info: z.object({ external_task_id: z.string().nullish() }).nullish(),
  final_unit_deduction: z.unknown().optional(),
  task_result: z
    .object({ videos: z.array(z.object({ url: z.unknown().optional() })).catch([]) })
    .catch({ videos: [] }),
});

/** By its id or by our reference; null where there is none: an unknown one is a bad parameter here, not a 404. */
async function taskBy(
  kind: (typeof KINDS)[number],
  id: string,
  upstream: Upstream,
): Promise<z.infer<typeof task> | null> {
  const path = `/v1/videos/${kind}/${encodeURIComponent(id)}`;
  const reply = await upstream.call(authorized(upstream, { method: 'GET', path }));
  const answer = readKling(reply);
  if (!answer.ok && (answer.code === 1201 || answer.code === 1203)) return null;
  if (!answer.ok) throw trouble(answer.kind, reply, upstream, answer.words);
  const read = task.safeParse(answer.data);
  if (!read.success)
    throw trouble('internal', reply, upstream, 'it answered with something else than a task');
  return read.data;
}

async function find(attempt: Attempt, upstream: Upstream): Promise<Json | null> {
  for (const kind of KINDS) {
    const found = await taskBy(kind, attempt.reference, upstream);
    if (found) return { id: found.task_id, kind };
  }
  return null;
}

function sightingOf(seen: z.infer<typeof task>): Sighting {
  const message = seen.task_status_msg;
  if (seen.task_status === 'failed') return failed(contentOrInternal(message), message);
  if (seen.task_status !== 'succeed') return RUNNING;
  const url = firstUrl(seen.task_result.videos[0]?.url);
  const micros = unitsToMicros(seen.final_unit_deduction);
  return url ? rendered(url, micros) : failed('internal', 'it succeeded without a film');
}
