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
import { findJob, hex, type Namespace } from '../namespace.ts';
import {
  anyJson,
  checkCredential,
  credential,
  jsonOf,
  listAt,
  objectAt,
  oneOf,
  promptAt,
  ratioOf,
  textAt,
} from '../request.ts';
import { standardHeaders } from '../sign.ts';
import { HOUR_MS, iso, klingListPrice } from './common.ts';
import { rivyaAccountRoutes } from './rivya-account.ts';

const CREDITS = 55;
const MINUTE_MS = 60_000;
/** About three days. */
const RETRIES_MS = [5000, 5 * MINUTE_MS, 30 * MINUTE_MS, 2, 5, 10, 14, 20, 24].map((pause, at) =>
  at < 3 ? pause : pause * HOUR_MS,
);

const STATES: Readonly<Record<JobState, string>> = {
  queued: 'queued',
  running: 'processing',
  succeeded: 'succeeded',
  failed: 'failed',
  canceled: 'failed',
};

const errors: Readonly<Record<string, WireError>> = {
  validation_failed: { status: 400, message: 'The request is not valid' },
  webhook_url_rejected: { status: 400, message: 'The webhook URL was rejected' },
  api_key_missing: { status: 401, message: 'The API key is missing' },
  api_key_invalid: { status: 401, message: 'The API key is invalid' },
  api_key_revoked: { status: 401, message: 'The API key was revoked' },
  api_key_expired: { status: 401, message: 'The API key has expired' },
  api_scope_denied: { status: 403, message: 'The API key lacks the scope' },
  not_found: { status: 404, message: 'Not found' },
  idempotency_conflict: { status: 409, message: 'The idempotency key was used with another body' },
  rate_limited: { status: 429, message: 'Too many requests' },
  public_api_disabled: { status: 503, message: 'The public API is disabled' },
  insufficient_credits: { status: 402, message: 'Not enough credits' },
  internal_error: { status: 500, message: 'Internal error' },
};

const commonErrors: Readonly<Record<CommonError, string>> = {
  auth: 'api_key_invalid',
  permission: 'api_scope_denied',
  balance: 'insufficient_credits',
  content: 'validation_failed',
  invalid: 'validation_failed',
  not_found: 'not_found',
  rate: 'rate_limited',
  concurrency: 'rate_limited',
  internal: 'internal_error',
  maintenance: 'public_api_disabled',
  timeout: 'internal_error',
};

const failures = {
  generation_failed: 'The generation failed.',
  content: 'The content was refused by the provider.',
  image: 'The reference image could not be used.',
  timeout: 'The generation has timed out.',
} as const;

const routes: readonly Route[] = [
  { operation: 'submit', method: 'POST', path: '/api/v1/generations', read: readOrder, accepted },
  { operation: 'status', method: 'GET', path: '/api/v1/generations/:id', handle: get },
  ...rivyaAccountRoutes(),
];

/** Rivya. */
export const rivya: Format = {
  name: 'rivya',
  routes,
  errors: Object.fromEntries(Object.entries(errors).map(([code, error]) => [code, { ...error, code }])),
  commonErrors,
  failures,
  commonFailures: { content: 'content', image: 'image', internal: 'generation_failed', timeout: 'timeout' },
  keeps: { filmMs: null, recordMs: null },
  whenFull: 'queues',
  newId: () => `task_kling_2_6_${hex(20)}`,
  price: klingListPrice,
  authenticate(call) {
    if (call.path === '/api/v1/models') return;
    if (call.headers.authorization === undefined) throw new Refusal('api_key_missing');
    checkCredential(call, credential(call, 'Bearer'));
  },
  refuse: (error, message) => ({
    status: error.status,
    body: { error: { code: error.code, message, requestId: `req_${hex(8)}` } },
  }),
  notify,
};

/** The body in one spelling, so that the order of keys makes no difference. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, item]) => [key, canonical(item)]));
}

function fingerprint(call: Call): string {
  return JSON.stringify(canonical(anyJson(call.raw)));
}

function readOrder(call: Call): Submission {
  const body = jsonOf(call);
  if (body.model !== 'kling-2-6') throw new Refusal('validation_failed', 'model is not known');
  const key = keyOf(call);
  const before = key === null ? undefined : call.namespace.idempotency.get(`rivya ${key}`);
  if (before && before.body !== fingerprint(call)) throw new Refusal('idempotency_conflict');
  const repeats = before && call.namespace.jobs.get(`rivya ${before.jobId}`);
  const params = objectAt(body, 'params');
  const known = ['duration', 'sound', 'aspect_ratio', 'referenceMediaItems'];
  for (const name of Object.keys(params))
    if (!known.includes(name)) throw new Refusal('validation_failed', `params.${name} is not allowed`);
  const pictures = picturesOf(params);
  return {
    reference: key ?? textAt(body, 'client_request_id'),
    ...(repeats ? { repeats } : {}),
    model: 'kling-2-6',
    prompt: promptAt(body, 1000),
    durationSeconds: Number(oneOf(params, 'duration', ['5', '10'], '5')),
    sound: oneOf(params, 'sound', ['false', 'true'], 'false') === 'true',
    resolution: '1080p',
    ratio:
      pictures.length > 0 ? null : ratioOf(oneOf(params, 'aspect_ratio', ['1:1', '16:9', '9:16'], '1:1')),
    pictures,
    callbackUrl: null,
    memory: {},
  };
}

function picturesOf(params: Fields): readonly PictureInput[] {
  const items = listAt(params, 'referenceMediaItems');
  if (items.length > 1) throw new Refusal('validation_failed', 'kling-2-6 takes one reference');
  return items.map((item) => {
    const fields: Fields = typeof item === 'object' && item !== null ? { ...item } : {};
    const url = textAt(fields, 'url');
    if (fields.kind !== 'image' || url === null)
      throw new Refusal('validation_failed', 'the reference is no image');
    return { role: 'first', from: url };
  });
}

function keyOf(call: Call): string | null {
  const key = call.headers['idempotency-key'];
  return typeof key === 'string' && key !== '' ? key : null;
}

function accepted(job: Job, call: Call): Reply {
  const key = keyOf(call);
  if (key !== null)
    call.namespace.idempotency.set(`rivya ${key}`, { jobId: job.id, body: fingerprint(call) });
  return { status: 200, body: generation(job, job.state) };
}

function get(call: Call): Reply {
  const job = findJob(call.namespace, rivya, call.params.id ?? '');
  if (!job) throw new Refusal('not_found', 'Generation not found');
  return { status: 200, body: generation(job, toldState(job)) };
}

function generation(job: Job, state: JobState): Fields {
  const urls = outputUrls(job);
  const isFailed = state === 'failed' || state === 'canceled';
  const message = job.failure?.message ?? failures.generation_failed;
  return {
    id: job.id,
    status: STATES[state],
    model: job.order.model,
    reserved_credits: CREDITS,
    final_credits: state === 'succeeded' ? CREDITS : 0,
    created_at: iso(job.createdAt),
    updated_at: iso(job.updatedAt),
    result: state === 'succeeded' ? { primary_url: urls[0] ?? null, urls } : null,
    error: isFailed ? { code: 'generation_failed', message } : null,
  };
}

/** To every registered endpoint. The signature's scheme and the schedule are not documented: Standard Webhooks. */
function notify(job: Job, event: 'started' | 'ended', namespace: Namespace): readonly Notice[] {
  if (event === 'started') return [];
  const type = job.state === 'succeeded' ? 'generation.succeeded' : 'generation.failed';
  const body = {
    id: `evt_${hex(24)}`,
    type,
    api_version: '2026-05-11',
    created_at: iso(job.updatedAt),
    data: generation(job, job.state),
  };
  return [...namespace.endpoints.values()].map((endpoint) => ({
    url: endpoint.url,
    body,
    sign: (raw: string, id: string, at: number) => standardHeaders(endpoint.secret, id, raw, at),
    retriesMs: RETRIES_MS,
    timeoutMs: 10_000,
  }));
}
