import { randomInt } from 'node:crypto';
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
import { findJob, hex, type Namespace, visibleJobs } from '../namespace.ts';
import {
  checkCredential,
  credential,
  formOf,
  jsonOf,
  listAt,
  objectAt,
  oneOf,
  promptAt,
  ratioOf,
  textAt,
} from '../request.ts';
import { standardHeaders } from '../sign.ts';
import { HOUR_MS, iso, klingListPrice, pictureFrom } from './common.ts';

const MODEL = 'kwaivgi/kling-v2.6';
const PAGE = 100;
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

const STATES: Readonly<Record<JobState, string>> = {
  queued: 'starting',
  running: 'processing',
  succeeded: 'succeeded',
  failed: 'failed',
  canceled: 'canceled',
};

const errors: Readonly<Record<string, WireError>> = {
  unauthenticated: {
    status: 401,
    code: 'Unauthenticated',
    message: 'You did not pass a valid authentication token',
  },
  insufficient_credit: {
    status: 402,
    code: 'Insufficient credit',
    message:
      'You have insufficient credit to run this model. Go to https://replicate.com/account/billing to purchase credit.',
  },
  forbidden: {
    status: 403,
    code: 'Permission denied',
    message: 'You do not have permission to perform this action',
  },
  invalid_input: { status: 422, code: 'Input validation failed', message: '- input: Invalid input' },
  not_found: { status: 404, code: 'Not found', message: 'The requested resource could not be found.' },
  throttled: { status: 429, message: 'Request was throttled. Your rate limit resets in ~30s.' },
  internal: { status: 500, code: 'Internal server error', message: 'Internal server error' },
  unavailable: { status: 503, code: 'Service unavailable', message: 'Service temporarily unavailable' },
  gateway_timeout: { status: 504, code: 'Gateway timeout', message: 'Gateway timeout' },
};

const commonErrors: Readonly<Record<CommonError, string>> = {
  auth: 'unauthenticated',
  permission: 'forbidden',
  balance: 'insufficient_credit',
  content: 'invalid_input',
  invalid: 'invalid_input',
  not_found: 'not_found',
  rate: 'throttled',
  concurrency: 'throttled',
  internal: 'internal',
  maintenance: 'unavailable',
  timeout: 'gateway_timeout',
};

const failures = {
  E005: 'The input or output was flagged as sensitive. Please try again with different inputs. (E005)',
  E1000: 'Prediction failed for an unknown reason (E1000)',
  E1001: 'Prediction ran out of memory (E1001)',
  image: 'Failed to download the start image',
  aborted: 'The deadline passed before the prediction started',
} as const;

const routes: readonly Route[] = [
  {
    operation: 'submit',
    method: 'POST',
    path: '/v1/models/kwaivgi/kling-v2.6/predictions',
    read: readOrder,
    accepted: created,
  },
  { operation: 'submit', method: 'POST', path: '/v1/predictions', read: readOrder, accepted: created },
  { operation: 'list', method: 'GET', path: '/v1/predictions', handle: list },
  { operation: 'status', method: 'GET', path: '/v1/predictions/:id', handle: get },
  { operation: 'cancel', method: 'POST', path: '/v1/predictions/:id/cancel', handle: cancelPrediction },
  { operation: 'upload', method: 'POST', path: '/v1/files', handle: upload },
  { operation: 'upload', method: 'GET', path: '/v1/files/:upload', handle: getFile },
  { operation: 'upload', method: 'DELETE', path: '/v1/files/:upload', handle: deleteFile },
  {
    operation: 'account',
    method: 'GET',
    path: '/v1/webhooks/default/secret',
    handle: (call) => ({ status: 200, body: { key: call.namespace.signer.standardSecret() } }),
  },
];

/** Replicate: predictions, files and webhooks. */
export const replicate: Format = {
  name: 'replicate',
  routes,
  errors,
  commonErrors,
  failures,
  commonFailures: { content: 'E005', image: 'image', internal: 'E1000', timeout: 'aborted' },
  // Input, output, logs and files go after an hour.
  keeps: { filmMs: HOUR_MS, recordMs: null },
  whenFull: 'queues',
  newId: () => Array.from({ length: 26 }, () => ALPHABET[randomInt(ALPHABET.length)]).join(''),
  price: klingListPrice,
  authenticate: (call) => checkCredential(call, credential(call, 'Bearer')),
  refuse: (error, message) => ({
    status: error.status,
    body:
      error.code === undefined
        ? { detail: message }
        : {
            title: error.code,
            detail: message,
            status: error.status,
            ...(error.status === 422 ? { invalid_fields: [{ type: 'invalid', field: 'input' }] } : {}),
          },
  }),
  notify,
};

function readOrder(call: Call): Submission {
  const body = jsonOf(call);
  const input = objectAt(body, 'input');
  const image = textAt(input, 'start_image');
  const duration = oneOf(input, 'duration', [5, 10], 5);
  const ratio = oneOf(input, 'aspect_ratio', ['16:9', '9:16', '1:1'], '16:9');
  const filter = listAt(body, 'webhook_events_filter');
  return {
    reference: null,
    model: MODEL,
    prompt: promptAt(input, 2500),
    durationSeconds: duration,
    sound: oneOf(input, 'generate_audio', [true, false], true),
    resolution: '1080p',
    ratio: image === null ? ratioOf(ratio) : null,
    pictures: image === null ? [] : [{ role: 'first', from: pictureFrom(image) }],
    callbackUrl: textAt(body, 'webhook'),
    memory: {
      base: call.base,
      input,
      starts: filter.length === 0 || filter.includes('start'),
      completes: filter.length === 0 || filter.includes('completed'),
    },
  };
}

function created(job: Job): Reply {
  return { status: 201, body: prediction(job, 'queued') };
}

function get(call: Call): Reply {
  const job = findJob(call.namespace, replicate, call.params.id ?? '');
  if (!job) throw new Refusal('not_found');
  const body = prediction(job, toldState(job));
  const isGone = job.endedAt !== null && call.namespace.clock.now() - job.endedAt >= HOUR_MS;
  if (!isGone) return { status: 200, body };
  return { status: 200, body: { ...body, input: {}, output: null, logs: '', data_removed: true } };
}

function cancelPrediction(call: Call): Reply {
  const job = findJob(call.namespace, replicate, call.params.id ?? '');
  if (!job) throw new Refusal('not_found');
  cancel(replicate, call.namespace, job);
  return { status: 200, body: prediction(job, job.state) };
}

function list(call: Call): Reply {
  const first = Number(call.query.get('cursor') ?? 0);
  const all = [...visibleJobs(call.namespace, replicate)].reverse();
  const results = all.slice(first, first + PAGE).map((job) => prediction(job, job.state));
  const page = (at: number) => `${call.base}/v1/predictions?cursor=${at}`;
  const next = first + PAGE < all.length ? page(first + PAGE) : null;
  return {
    status: 200,
    body: { previous: first > 0 ? page(Math.max(0, first - PAGE)) : null, next, results },
  };
}

function prediction(job: Job, state: JobState): Fields {
  const { base, input } = job.order.memory;
  const address = `${base}/v1/predictions/${job.id}`;
  const isAborted = job.failure?.code === 'aborted' && state === 'failed';
  const [output = null] = outputUrls(job);
  return {
    id: job.id,
    model: MODEL,
    version: 'hidden',
    status: isAborted ? 'aborted' : STATES[state],
    input,
    output: state === 'succeeded' ? output : null,
    error: state === 'failed' ? (job.failure?.message ?? failures.E1000) : null,
    logs: state === 'queued' ? '' : 'rendering\n',
    data_removed: false,
    created_at: iso(job.createdAt),
    started_at: state === 'queued' ? null : iso(job.startedAt),
    completed_at: iso(job.endedAt),
    metrics: state === 'succeeded' ? { predict_time: job.plan.runMs / 1000 } : {},
    urls: { get: address, cancel: `${address}/cancel`, web: `https://replicate.com/p/${job.id}` },
  };
}

async function upload(call: Call): Promise<Reply> {
  const content = (await formOf(call)).get('content');
  if (!(content instanceof File)) throw new Refusal('invalid_input', '- content: This field is required');
  const id = hex(40);
  const bytes = Buffer.from(await content.arrayBuffer());
  call.namespace.uploads.set(id, { id, name: content.name, type: content.type, bytes });
  return { status: 201, body: fileBody(call, id) };
}

function getFile(call: Call): Reply {
  return { status: 200, body: fileBody(call, call.params.upload ?? '') };
}

function deleteFile(call: Call): Reply {
  if (!call.namespace.uploads.delete(call.params.upload ?? '')) throw new Refusal('not_found');
  return { status: 204, body: null };
}

function fileBody(call: Call, id: string): Fields {
  const file = call.namespace.uploads.get(id);
  if (!file) throw new Refusal('not_found');
  return {
    id,
    name: file.name,
    content_type: file.type,
    size: file.bytes.length,
    urls: { get: `${call.root}/uploads/${id}` },
  };
}

function notify(job: Job, event: 'started' | 'ended', namespace: Namespace): readonly Notice[] {
  const { callbackUrl, memory } = job.order;
  if (callbackUrl === null || !(event === 'started' ? memory.starts : memory.completes)) return [];
  return [
    {
      url: callbackUrl,
      body: prediction(job, job.state),
      sign: (raw, id, at) => standardHeaders(namespace.signer.standardSecret(), id, raw, at),
      // Only the last message is tried again, about a minute long.
      retriesMs: event === 'ended' ? [5000, 10_000, 20_000, 25_000] : [],
      timeoutMs: 10_000,
    },
  ];
}
