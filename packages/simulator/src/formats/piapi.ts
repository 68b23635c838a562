import { randomUUID } from 'node:crypto';
import { cancel } from '../engine.ts';
import {
  type Call,
  type CommonError,
  type Fields,
  type Format,
  type Notice,
  Refusal,
  type Reply,
  type Route,
  type WireError,
} from '../format.ts';
import {
  type Job,
  type JobState,
  outputUrls,
  type PictureInput,
  type Submission,
  toldState,
} from '../job.ts';
import { findJob } from '../namespace.ts';
import { checkCredential, jsonOf, objectAt, oneOf, promptAt, ratioOf, textAt } from '../request.ts';
import { DAY_MS, iso, klingListPrice, pictureFrom } from './common.ts';

/** The case of the states varies in reality, so it does here. */
const STATES: Readonly<Record<JobState, string>> = {
  queued: 'pending',
  running: 'Processing',
  succeeded: 'completed',
  failed: 'Failed',
  canceled: 'failed',
};

const errors: Readonly<Record<string, WireError>> = {
  unauthorized: { status: 401, code: 401, message: 'invalid api key' },
  forbidden: { status: 403, code: 403, message: 'forbidden' },
  insufficient_credits: { status: 402, code: 402, message: 'insufficient credits' },
  bad_request: { status: 400, code: 400, message: 'invalid request' },
  content: { status: 400, code: 400, message: 'prompt contains sensitive content' },
  not_found: { status: 404, code: 404, message: 'task not found' },
  too_many_requests: { status: 429, code: 429, message: 'too many requests' },
  internal: { status: 500, code: 500, message: 'internal server error' },
  unavailable: { status: 503, code: 503, message: 'service unavailable' },
  gateway_timeout: { status: 504, code: 504, message: 'gateway timeout' },
};

const commonErrors: Readonly<Record<CommonError, string>> = {
  auth: 'unauthorized',
  permission: 'forbidden',
  balance: 'insufficient_credits',
  content: 'content',
  invalid: 'bad_request',
  not_found: 'not_found',
  rate: 'too_many_requests',
  concurrency: 'too_many_requests',
  internal: 'internal',
  maintenance: 'unavailable',
  timeout: 'gateway_timeout',
};

const failures = {
  10000: 'internal error',
  content: 'content is not allowed: the prompt was moderated',
  image: 'failed to download the image',
  timeout: 'task timed out',
} as const;

const routes: readonly Route[] = [
  { operation: 'submit', method: 'POST', path: '/api/v1/task', read: readOrder, accepted },
  { operation: 'status', method: 'GET', path: '/api/v1/task/:id', handle: get },
  { operation: 'cancel', method: 'DELETE', path: '/api/v1/task/:id', handle: cancelTask },
];

/** PiAPI's unified task API. */
export const piapi: Format = {
  name: 'piapi',
  routes,
  errors,
  commonErrors,
  failures,
  commonFailures: { content: 'content', image: 'image', internal: '10000', timeout: 'timeout' },
  keeps: { filmMs: 3 * DAY_MS, recordMs: null },
  whenFull: 'queues',
  newId: randomUUID,
  price: klingListPrice,
  authenticate(call) {
    const key = call.headers['x-api-key'];
    checkCredential(call, typeof key === 'string' ? key : null);
  },
  refuse: (error, message) => ({ status: error.status, body: { code: error.code, data: null, message } }),
  notify(job, event): readonly Notice[] {
    const { callbackUrl, memory } = job.order;
    if (event === 'started' || callbackUrl === null) return [];
    const secret = typeof memory.secret === 'string' ? memory.secret : '';
    return [
      {
        url: callbackUrl,
        body: { timestamp: Math.floor(job.updatedAt / 1000), data: task(job, job.state) },
        sign: (): Readonly<Record<string, string>> => (secret === '' ? {} : { 'x-webhook-secret': secret }),
        // The schedule is not documented.
        retriesMs: [5000, 10_000],
        timeoutMs: 10_000,
      },
    ];
  },
};

function readOrder(call: Call): Submission {
  const body = jsonOf(call);
  oneOf(body, 'model', ['kling'], null);
  oneOf(body, 'task_type', ['video_generation'], null);
  const input = objectAt(body, 'input');
  oneOf(input, 'version', ['2.6'], null);
  const pictures: PictureInput[] = [];
  const first = textAt(input, 'image_url');
  const last = textAt(input, 'image_tail_url');
  if (first) pictures.push({ role: 'first', from: pictureFrom(first) });
  if (last) pictures.push({ role: 'last', from: pictureFrom(last) });
  const ratio = ratioOf(oneOf(input, 'aspect_ratio', ['16:9', '9:16', '1:1'], '16:9'));
  const webhook = objectAt(objectAt(body, 'config'), 'webhook_config');
  return {
    reference: null,
    model: 'kling-2.6',
    prompt: promptAt(input, 2500),
    durationSeconds: oneOf(input, 'duration', [5, 10], 5),
    sound: oneOf(input, 'enable_audio', [true, false], false),
    resolution: oneOf(input, 'mode', ['std', 'pro'], 'std') === 'pro' ? '1080p' : '720p',
    ratio: first ? null : ratio,
    pictures,
    callbackUrl: textAt(webhook, 'endpoint'),
    memory: { input, secret: textAt(webhook, 'secret') },
  };
}

function accepted(job: Job): Reply {
  return { status: 200, body: { code: 200, data: task(job, 'queued'), message: 'success' } };
}

function found(call: Call): Job {
  const job = findJob(call.namespace, piapi, call.params.id ?? '');
  if (!job) throw new Refusal('not_found');
  return job;
}

function get(call: Call): Reply {
  const job = found(call);
  return { status: 200, body: { code: 200, data: task(job, toldState(job)), message: 'success' } };
}

/** Only what has not started can be stopped. */
function cancelTask(call: Call): Reply {
  const job = found(call);
  if (job.state !== 'queued' || !cancel(piapi, call.namespace, job))
    throw new Refusal('bad_request', 'task is not pending');
  return { status: 200, body: { code: 200, data: task(job, job.state), message: 'success' } };
}

function task(job: Job, state: JobState): Fields {
  const failed = state === 'failed' || state === 'canceled';
  const reason = job.failure?.message ?? 'task canceled';
  return {
    task_id: job.id,
    model: 'kling',
    task_type: 'video_generation',
    status: STATES[state],
    config: { service_mode: 'public' },
    input: job.order.memory.input,
    output: state === 'succeeded' ? outputOf(job) : null,
    meta: {
      created_at: iso(job.createdAt),
      started_at: iso(job.startedAt),
      ended_at: iso(job.endedAt),
      usage: { type: 'point', consume: Math.round(job.costUsd * 1e7) },
    },
    detail: null,
    logs: [],
    error: failed
      ? { code: 10000, raw_message: reason, message: reason, detail: null }
      : { code: 0, raw_message: '', message: '', detail: null },
  };
}

/** Four places where a result has been seen; a task's id decides which of them it gets. */
function outputOf(job: Job): Fields {
  const [url = ''] = outputUrls(job);
  if (url === '') return {};
  const places: readonly Fields[] = [
    { video_url: url },
    { video: url },
    { works: [{ video: { resource: url } }] },
    { works: [{ video: { resource: '', resource_without_watermark: url } }] },
  ];
  return places[Number.parseInt(job.id.slice(0, 4), 16) % places.length] ?? {};
}
