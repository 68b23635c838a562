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
import { type Job, type JobState, outputUrls, type Submission, toldState } from '../job.ts';
import { findJob } from '../namespace.ts';
import { checkCredential, credential, jsonOf, oneOf, promptAt, ratioOf, textAt } from '../request.ts';
import { DAY_MS, HOUR_MS, klingListPrice, pictureFrom } from './common.ts';

const STATES: Readonly<Record<JobState, string>> = {
  queued: 'queued',
  running: 'in_progress',
  succeeded: 'completed',
  failed: 'failed',
  canceled: 'canceled',
};

const errors: Readonly<Record<string, WireError>> = {
  unauthorized: { status: 401, message: 'Invalid credentials' },
  forbidden: { status: 403, message: 'Forbidden' },
  not_enough_credits: { status: 403, message: 'Not enough credits' },
  bad_request: { status: 400, message: 'Bad request' },
  validation: { status: 422, message: 'Validation error' },
  key_mismatch: { status: 422, message: 'Idempotency-Key was used with a different request' },
  not_found: { status: 404, message: 'Not found' },
  too_many_requests: { status: 429, message: 'Too many requests' },
  internal: { status: 500, message: 'Internal server error' },
  unavailable: { status: 503, message: 'Service unavailable' },
  gateway_timeout: { status: 504, message: 'Gateway timeout' },
};

const commonErrors: Readonly<Record<CommonError, string>> = {
  auth: 'unauthorized',
  permission: 'forbidden',
  balance: 'not_enough_credits',
  content: 'bad_request',
  invalid: 'validation',
  not_found: 'not_found',
  rate: 'too_many_requests',
  concurrency: 'too_many_requests',
  internal: 'internal',
  maintenance: 'unavailable',
  timeout: 'gateway_timeout',
};

const failures = {
  nsfw: 'The content was flagged',
  failed: 'Generation failed',
  image: 'The image could not be downloaded',
  timeout: 'Generation timed out',
} as const;

const routes: readonly Route[] = [
  {
    operation: 'submit',
    method: 'POST',
    path: '/kling-video/v2.6/pro/text-to-video',
    read: (call) => readOrder(call, false),
    accepted,
  },
  {
    operation: 'submit',
    method: 'POST',
    path: '/kling-video/v2.6/pro/image-to-video',
    read: (call) => readOrder(call, true),
    accepted,
  },
  { operation: 'status', method: 'GET', path: '/requests/:id/status', handle: status },
  { operation: 'cancel', method: 'POST', path: '/requests/:id/cancel', handle: cancelRequest },
];

/** Higgsfield: the one that documents an Idempotency-Key. */
export const higgsfield: Format = {
  name: 'higgsfield',
  routes,
  errors,
  commonErrors,
  failures,
  commonFailures: { content: 'nsfw', image: 'image', internal: 'failed', timeout: 'timeout' },
  keeps: { filmMs: 7 * DAY_MS, recordMs: null },
  whenFull: 'queues',
  newId: randomUUID,
  price: klingListPrice,
  authenticate(call) {
    const key = credential(call, 'Key');
    checkCredential(call, key?.includes(':') ? key : null);
  },
  refuse: (error, message) => ({ status: error.status, body: { detail: message } }),
  notify(job, event): readonly Notice[] {
    const { callbackUrl } = job.order;
    if (event === 'started' || callbackUrl === null) return [];
    // Retried for two hours; the pauses are ours.
    const retriesMs = [10_000, 60_000, 600_000, HOUR_MS, HOUR_MS * 0.8];
    return [{ url: callbackUrl, body: view(job, job.state), sign: () => ({}), retriesMs, timeoutMs: 10_000 }];
  },
};

function readOrder(call: Call, isImage: boolean): Submission {
  const body = jsonOf(call);
  // The documentation that was read does not name the picture's field.
  const image = isImage ? (textAt(body, 'image_url') ?? textAt(body, 'start_image_url')) : null;
  if (isImage && image === null) throw new Refusal('validation', 'image_url is required');
  const repeats = repeated(call);
  return {
    reference: keyOf(call),
    ...(repeats ? { repeats } : {}),
    model: call.path.slice(1),
    prompt: promptAt(body, 2500),
    durationSeconds: Number(oneOf(body, 'duration', [5, 10, '5', '10'], 5)),
    sound: oneOf(body, 'sound', ['on', 'off'], 'on') === 'on',
    resolution: '1080p',
    ratio: isImage ? null : ratioOf(oneOf(body, 'aspect_ratio', ['16:9', '9:16', '1:1'], '16:9')),
    pictures: image === null ? [] : [{ role: 'first', from: pictureFrom(image) }],
    callbackUrl: call.query.get('hf_webhook'),
    memory: { base: call.base },
  };
}

function keyOf(call: Call): string | null {
  const key = call.headers['idempotency-key'];
  return typeof key === 'string' && key !== '' ? key : null;
}

/** The request that this key has created before; the same key with another body is refused. */
function repeated(call: Call): Job | null {
  const key = keyOf(call);
  const before = key === null ? undefined : call.namespace.idempotency.get(`higgsfield ${key}`);
  if (!before) return null;
  if (before.body !== call.path + call.raw.toString()) throw new Refusal('key_mismatch');
  return call.namespace.jobs.get(`higgsfield ${before.jobId}`) ?? null;
}

function accepted(job: Job, call: Call): Reply {
  const key = keyOf(call);
  if (key !== null) {
    const body = call.path + call.raw.toString();
    call.namespace.idempotency.set(`higgsfield ${key}`, { jobId: job.id, body });
  }
  return { status: 200, body: { ...view(job, 'queued'), status: 'queued' } };
}

function found(call: Call): Job {
  const job = findJob(call.namespace, higgsfield, call.params.id ?? '');
  if (!job) throw new Refusal('not_found');
  return job;
}

function status(call: Call): Reply {
  const job = found(call);
  return { status: 200, body: view(job, toldState(job)) };
}

/** Queued ones only. */
function cancelRequest(call: Call): Reply {
  const job = found(call);
  if (job.state !== 'queued' || !cancel(higgsfield, call.namespace, job)) throw new Refusal('bad_request');
  return { status: 202, body: null };
}

function view(job: Job, state: JobState): Fields {
  const address = `${job.order.memory.base}/requests/${job.id}`;
  const [url] = outputUrls(job);
  const isNsfw = state === 'failed' && job.failure?.code === 'nsfw';
  return {
    status: isNsfw ? 'nsfw' : STATES[state],
    request_id: job.id,
    status_url: `${address}/status`,
    cancel_url: `${address}/cancel`,
    ...(state === 'succeeded' && url !== undefined ? { video: { url } } : {}),
    ...(state === 'failed' && !isNsfw ? { error: job.failure?.message ?? failures.failed } : {}),
  };
}
