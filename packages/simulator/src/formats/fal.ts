import { randomUUID } from 'node:crypto';
import { cancel } from '../engine.ts';
import {
  type Call,
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
import { findJob, type Namespace } from '../namespace.ts';
import { checkCredential, credential, jsonOf, oneOf, promptAt, ratioOf, textAt } from '../request.ts';
import { falHeaders } from '../sign.ts';
import { DAY_MS, HOUR_MS, iso, klingListPrice, pictureFrom } from './common.ts';
import { FAL_COMMON_ERRORS, FAL_ERRORS, FAL_FAILURES } from './fal-errors.ts';
import { falUploadRoutes } from './fal-storage.ts';

const STATES: Readonly<Record<JobState, string>> = {
  queued: 'IN_QUEUE',
  running: 'IN_PROGRESS',
  succeeded: 'COMPLETED',
  failed: 'COMPLETED',
  canceled: 'COMPLETED',
};

const queueRoutes: readonly Route[] = [
  { operation: 'status', method: 'GET', path: '/*app/requests/:id/status', handle: status },
  { operation: 'status', method: 'GET', path: '/*app/requests/:id', handle: result },
  { operation: 'cancel', method: 'PUT', path: '/*app/requests/:id/cancel', handle: cancelRequest },
  {
    operation: 'account',
    method: 'GET',
    path: '/.well-known/jwks.json',
    handle: (call) => ({ status: 200, body: { keys: [call.namespace.signer.falJwk()] } }),
  },
];

/** fal's queue (queue.fal.run) and what is needed of rest.fal.ai: uploads and the keys of the webhooks. */
export const fal: Format = {
  name: 'fal',
  routes: [
    ...queueRoutes,
    ...falUploadRoutes(),
    { operation: 'submit', method: 'POST', path: '/*app', read: readOrder, accepted },
  ],
  errors: FAL_ERRORS,
  commonErrors: FAL_COMMON_ERRORS,
  failures: FAL_FAILURES,
  commonFailures: {
    content: 'content_policy_violation',
    image: 'file_download_error',
    internal: 'internal_server_error',
    timeout: 'request_timeout',
  },
  // The record is kept for 30 days; files stay unless the caller limits them.
  keeps: { filmMs: null, recordMs: 30 * DAY_MS },
  whenFull: 'queues',
  newId: randomUUID,
  price: klingListPrice,
  authenticate(call) {
    // Keys of webhooks are public, and the address of an upload is its own credential.
    if (call.path.startsWith('/.well-known/') || call.path.startsWith('/storage/put/')) return;
    checkCredential(call, credential(call, 'Key'));
  },
  refuse: errorReply,
  notify,
};

function errorReply(error: WireError, message: string): Reply {
  return { status: error.status, headers: error.headers, body: errorBody(error, message) };
}

function errorBody(error: WireError, message: string): unknown {
  if (error.code === undefined) return { detail: message };
  if (error.status === 422)
    return {
      detail: [
        {
          loc: ['body', 'prompt'],
          msg: message,
          type: error.code,
          url: 'https://docs.fal.ai/errors',
          ctx: {},
        },
      ],
    };
  return { detail: message, error_type: error.code };
}

function readOrder(call: Call): Submission {
  const app = call.params.app ?? '';
  const kind = /^fal-ai\/kling-video\/v2\.6\/pro\/(text|image)-to-video$/.exec(app)?.[1];
  if (!kind) throw new Refusal('not_found', `Application "${app}" not found`);
  const body = jsonOf(call);
  const pictures = kind === 'image' ? picturesOf(body) : [];
  return {
    reference: null,
    model: app,
    prompt: promptAt(body, 2500),
    durationSeconds: Number(oneOf(body, 'duration', ['5', '10'], '5')),
    sound: oneOf(body, 'generate_audio', [true, false], true),
    resolution: '1080p',
    ratio: kind === 'text' ? ratioOf(oneOf(body, 'aspect_ratio', ['16:9', '9:16', '1:1'], '16:9')) : null,
    pictures,
    callbackUrl: call.query.get('fal_webhook'),
    filmKeptMs: lifecycleMs(call),
    memory: { base: `${call.base}/${app.split('/').slice(0, 2).join('/')}` },
  };
}

function picturesOf(body: Fields): readonly PictureInput[] {
  const first = textAt(body, 'start_image_url');
  if (first === null) throw new Refusal('missing', 'start_image_url: Field required');
  const last = textAt(body, 'end_image_url');
  return [
    { role: 'first', from: pictureFrom(first) },
    ...(last === null ? [] : [{ role: 'last' as const, from: pictureFrom(last) }]),
  ];
}

/** `X-Fal-Object-Lifecycle-Preference`: how long the caller wants the files kept; null: no limit. */
function lifecycleMs(call: Call): number | null {
  const header = call.headers['x-fal-object-lifecycle-preference'];
  const seconds =
    typeof header === 'string' ? /"expiration_duration_seconds"\s*:\s*(\d+)/.exec(header)?.[1] : null;
  return seconds ? Number(seconds) * 1000 : null;
}

function links(job: Job): Fields {
  const base = `${job.order.memory.base}/requests/${job.id}`;
  return {
    request_id: job.id,
    response_url: base,
    status_url: `${base}/status`,
    cancel_url: `${base}/cancel`,
  };
}

function accepted(job: Job): Reply {
  return {
    status: 200,
    headers: { 'x-fal-request-id': job.id },
    body: { status: 'IN_QUEUE', ...links(job), queue_position: 0 },
  };
}

function found(call: Call): Job {
  const job = findJob(call.namespace, fal, call.params.id ?? '');
  if (!job) throw new Refusal('not_found', 'Request not found');
  return job;
}

function status(call: Call): Reply {
  const job = found(call);
  const state = toldState(job);
  const told = STATES[state];
  const extra: Fields =
    told === 'IN_QUEUE'
      ? { queue_position: (call.namespace.waiting.get('fal')?.indexOf(job) ?? -1) + 1 }
      : { logs: call.query.get('logs') === '1' ? logsOf(job) : null };
  const metrics = told === 'COMPLETED' ? { metrics: { inference_time: job.plan.runMs / 1000 } } : {};
  return {
    status: told === 'COMPLETED' ? 200 : 202,
    body: { status: told, ...links(job), ...extra, ...metrics },
  };
}

function logsOf(job: Job): readonly Fields[] {
  return [
    { message: 'rendering', level: 'INFO', source: 'USER', timestamp: iso(job.startedAt ?? job.createdAt) },
  ];
}

/** COMPLETED is no success: only the result tells. */
function result(call: Call): Reply {
  const job = found(call);
  // A job that flips does so in its status.
  const state = job.plan.lie === 'flip' ? job.state : toldState(job);
  if (state === 'queued' || state === 'running') throw new Refusal('in_progress');
  if (state === 'succeeded')
    return { status: 200, headers: { 'x-fal-request-id': job.id }, body: output(job) };
  return failureReply(job, state);
}

function failureReply(job: Job, state: JobState): Reply {
  const code = state === 'canceled' ? 'canceled' : (job.failure?.code ?? 'internal_server_error');
  const error = FAL_ERRORS[code] ?? { status: 500, message: 'Internal Server Error' };
  return errorReply(error, job.failure?.message ?? error.message);
}

function output(job: Job): Fields {
  const [url] = outputUrls(job);
  if (url === undefined) return { video: null };
  return {
    video: {
      url,
      content_type: 'video/mp4',
      file_name: 'output.mp4',
      file_size: job.plan.film.bytes || null,
    },
  };
}

function cancelRequest(call: Call): Reply {
  const job = findJob(call.namespace, fal, call.params.id ?? '');
  if (!job) return { status: 404, body: { status: 'NOT_FOUND' } };
  return cancel(fal, call.namespace, job)
    ? { status: 202, body: { status: 'CANCELLATION_REQUESTED' } }
    : { status: 400, body: { status: 'ALREADY_COMPLETED' } };
}

function notify(job: Job, event: 'started' | 'ended', namespace: Namespace): readonly Notice[] {
  const { callbackUrl } = job.order;
  if (event === 'started' || callbackUrl === null) return [];
  const isGood = job.state === 'succeeded';
  const outcome: Fields = isGood
    ? { status: 'OK', payload: output(job) }
    : { status: 'ERROR', error: job.failure?.code ?? 'canceled', payload: failureReply(job, job.state).body };
  return [
    {
      url: callbackUrl,
      body: { request_id: job.id, gateway_request_id: job.id, ...outcome },
      sign: (raw, _, at) => falHeaders(namespace.signer.falPrivateKey(), job.id, raw, at),
      // Ten retries over two hours.
      retriesMs: Array.from({ length: 10 }, (_, at) => ((at + 1) * 2 * HOUR_MS) / 55),
      timeoutMs: 15_000,
    },
  ];
}
