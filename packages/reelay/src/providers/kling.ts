import { z } from 'zod';
import { Trouble } from '../core/failure.ts';
import type { Job, Provider, Sighting, Upstream, UpstreamRequest } from '../core/ports/provider.ts';
import type { Attempt } from '../core/task.ts';
import type { Json } from '../core/values.ts';
import {
  KLING_REGION,
  KLING_WEBHOOK_SECRET,
  type KlingTask,
  klingCallback,
  klingTask,
  klingTasks,
  mayBeDuplicate,
  readKling,
  sightingOf,
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
import { doubtful, GONE, inBatches, trouble } from './reply.ts';

const BATCH = 100;

/** The reference is kept beside the id: what the list of ids leaves out is looked for by it before it counts as gone. */
const Handle = z.object({ id: z.string(), reference: z.string() });
type Handle = z.infer<typeof Handle>;

/** Kling's own API, new generation (contract 1.2): one key, one region a base address. Its jobs cannot be canceled. */
export const kling: Provider = {
  name: 'kling',
  tier: 'official',
  credential: [
    KLING_REGION,
    { name: 'api_key', label: 'API key', secret: true, required: true, env: 'KLINGAI_API_KEY' },
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
    const { reference, sendBy } = job.attempt;
    const path = `/${job.order.mode}/kling-2.6`;
    const body = { ...input(job), options: options(job, upstream) };
    const reply = await upstream.callOnce(authorized(upstream, { method: 'POST', path, body }), sendBy);
    const answer = readKling(reply);
    if (answer.ok) {
      const created = klingTask.safeParse(answer.data);
      if (!created.success || (created.data.external_id ?? reference) !== reference) throw doubtful(reply);
      return { id: created.data.id, reference };
    }
    if (mayBeDuplicate(answer)) {
      const earlier = await find(job.attempt, upstream);
      if (earlier) return earlier;
    }
    throw trouble(answer.kind, reply, upstream, answer.words);
  },

  watch: (handles, upstream) =>
    inBatches(
      handles.map((handle) => Handle.parse(handle)),
      BATCH,
      (batch) => look(batch, upstream),
    ),

  find,
  callbackKey: async (upstream) => upstream.credential.webhook_secret || null,

  callback(request, key) {
    const told = klingCallback(request, key);
    return told && { handle: { id: told.id, reference: told.reference ?? '' }, reference: told.reference };
  },
};

function input(job: Job): { readonly [key: string]: Json } {
  const { order } = job;
  const settings = {
    audio: order.sound ? 'native' : 'off',
    resolution: needsPro(order) ? '1080p' : '720p',
    duration: order.durationSeconds,
  };
  const first = inlineOf(job, 'first_frame');
  const last = inlineOf(job, 'last_frame');
  if (!first) {
    return { prompt: order.prompt, settings: { ...settings, aspect_ratio: order.aspectRatio ?? '16:9' } };
  }
  const contents: Json[] = [
    { type: 'prompt', text: order.prompt },
    { type: 'first_frame', url: first.base64 },
  ];
  if (last) contents.push({ type: 'last_frame', url: last.base64 });
  return { contents, settings };
}

function options(job: Job, upstream: Upstream): { readonly [key: string]: Json } {
  const callbackUrl = upstream.callbackUrl(job.task);
  return {
    ...(callbackUrl ? { callback_url: callbackUrl } : {}),
    external_task_id: job.attempt.reference,
    watermark_info: { enabled: false },
  };
}

function authorized(upstream: Upstream, request: UpstreamRequest): UpstreamRequest {
  return { ...request, headers: { authorization: `Bearer ${upstream.credential.api_key ?? ''}` } };
}

async function tasksBy(
  key: 'task_ids' | 'external_task_ids',
  ids: readonly string[],
  upstream: Upstream,
): Promise<readonly KlingTask[]> {
  const path = `/tasks?${key}=${ids.map(encodeURIComponent).join(',')}`;
  const reply = await upstream.call(authorized(upstream, { method: 'GET', path }));
  const answer = readKling(reply);
  if (!answer.ok) throw trouble(answer.kind, reply, upstream, answer.words);
  const tasks = klingTasks.safeParse(answer.data);
  if (!tasks.success)
    throw trouble('internal', reply, upstream, 'it answered with something else than tasks');
  return tasks.data;
}

async function find(attempt: Attempt, upstream: Upstream): Promise<Json | null> {
  const found = await tasksBy('external_task_ids', [attempt.reference], upstream);
  const ours = found.filter((one) => (one.external_id ?? attempt.reference) === attempt.reference);
  const landed = ours.find((one) => one.status !== 'failed') ?? ours[0];
  return landed ? { id: landed.id, reference: attempt.reference } : null;
}

/** A batch that is refused for one bad id is halved until the others are seen. */
async function look(batch: readonly Handle[], upstream: Upstream): Promise<readonly Sighting[]> {
  const seen = new Map<string, Sighting>();
  try {
    const ids = batch.map(({ id }) => id);
    for (const one of await tasksBy('task_ids', ids, upstream)) seen.set(one.id, sightingOf(one));
  } catch (error) {
    const isBadId =
      error instanceof Trouble && (error.kind === 'invalid_input' || error.kind === 'misconfigured');
    if (!isBadId) throw error;
    if (batch.length > 1) {
      const half = Math.ceil(batch.length / 2);
      const [left, right] = [batch.slice(0, half), batch.slice(half)];
      return [...(await look(left, upstream)), ...(await look(right, upstream))];
    }
  }
  const missing = batch.filter(({ id, reference }) => !seen.has(id) && reference !== '');
  if (missing.length > 0) {
    const references = missing.map(({ reference }) => reference);
    for (const one of await tasksBy('external_task_ids', references, upstream)) {
      const handle = missing.find(({ reference }) => reference === one.external_id);
      if (handle) seen.set(handle.id, sightingOf(one));
    }
  }
  return batch.map(({ id }) => seen.get(id) ?? GONE);
}
