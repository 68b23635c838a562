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
import { findJob, hex } from '../namespace.ts';
import {
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
import { DAY_MS, klingListPrice } from './common.ts';

const STATES: Readonly<Record<JobState, string>> = {
  queued: 'pending',
  running: 'processing',
  succeeded: 'success',
  failed: 'failed',
  canceled: 'failed',
};

const errors: Readonly<Record<string, WireError>> = {
  400: { status: 400, code: 400, message: 'Invalid request parameters' },
  'insufficient-credits': { status: 400, code: 400, message: 'Insufficient credits' },
  401: { status: 401, code: 401, message: 'Invalid or missing API key' },
  402: { status: 402, code: 402, message: 'Insufficient balance' },
  403: { status: 403, code: 403, message: 'Content violates policy' },
  404: { status: 404, code: 404, message: 'Resource not found' },
  429: { status: 429, code: 429, message: 'Rate limit exceeded' },
  500: { status: 500, code: 500, message: 'Internal server error' },
  503: { status: 503, code: 503, message: 'Model temporarily unavailable' },
};

const commonErrors: Readonly<Record<CommonError, string>> = {
  auth: '401',
  permission: '401',
  balance: 'insufficient-credits',
  content: '403',
  invalid: '400',
  not_found: '404',
  rate: '429',
  concurrency: '429',
  internal: '500',
  maintenance: '503',
  timeout: '500',
};

const failures = {
  CONTENT_VIOLATION: 'Content does not meet safety guidelines',
  NSFW_DETECTED: 'NSFW content was detected',
  PROMPT_TOO_LONG: 'The prompt is too long',
  INVALID_PROMPT: 'The prompt is invalid',
  INVALID_IMAGE_URL: 'The image URL is invalid',
  IMAGE_TOO_LARGE: 'The image is larger than 10 MB',
  UNSUPPORTED_FORMAT: 'The image format is not supported',
  IMAGE_DOWNLOAD_FAILED: 'The image could not be downloaded',
  PROCESSING_TIMEOUT: 'The task has timed out',
  MODEL_UNAVAILABLE: 'The model is not available',
  GENERATION_FAILED: 'The generation failed',
  INSUFFICIENT_CREDITS: 'Insufficient credits',
  SensitiveContentDetected: 'Sensitive content was detected',
} as const;

const routes: readonly Route[] = [
  { operation: 'submit', method: 'POST', path: '/api/v1/generateTask/:model', read: readOrder, accepted },
  {
    operation: 'status',
    method: 'GET',
    path: '/api/v1/statusTask/:model',
    handle: statusTask,
    about: (call) => [call.query.get('taskId') ?? ''],
  },
  { operation: 'account', method: 'GET', path: '/api/v1/apikeys/current-balance', handle: balance },
];

/** APIXO. */
export const apixo: Format = {
  name: 'apixo',
  routes,
  errors,
  commonErrors,
  failures,
  commonFailures: {
    content: 'CONTENT_VIOLATION',
    image: 'INVALID_IMAGE_URL',
    internal: 'GENERATION_FAILED',
    timeout: 'PROCESSING_TIMEOUT',
  },
  keeps: { filmMs: 15 * DAY_MS, recordMs: null },
  whenFull: 'refuses',
  newId: () => `task_${hex(24)}`,
  price: klingListPrice,
  authenticate: (call) => checkCredential(call, credential(call, 'Bearer')),
  refuse: (error, message) => ({ status: error.status, body: { code: error.code, message, data: null } }),
  notify(job, event): readonly Notice[] {
    const { callbackUrl } = job.order;
    if (event === 'started' || callbackUrl === null) return [];
    // Three retries; only the first pause is documented. Nothing is signed.
    const retriesMs = [30_000, 120_000, 600_000];
    const body = envelope(view(job, job.state));
    return [{ url: callbackUrl, body, sign: () => ({}), retriesMs, timeoutMs: 30_000 }];
  },
};

function readOrder(call: Call): Submission {
  if (call.params.model !== 'kling-2-6') throw new Refusal('404', 'Model not found');
  const body = jsonOf(call);
  const isCallback = oneOf(body, 'request_type', ['async', 'callback'], 'async') === 'callback';
  const callbackUrl = textAt(body, 'callback_url');
  if (isCallback && callbackUrl === null) throw new Refusal('400', 'callback_url is required');
  const provider = oneOf(body, 'provider', ['auto', 'value', 'official'], 'auto');
  const input = objectAt(body, 'input');
  const isImage = oneOf(input, 'mode', ['text-to-video', 'image-to-video'], null) === 'image-to-video';
  return {
    reference: null,
    model: 'kling-2-6',
    prompt: promptAt(input, 1000),
    durationSeconds: oneOf(input, 'duration', [5, 10], 5),
    sound: oneOf(input, 'sound', [true, false], false),
    resolution: '1080p',
    ratio: isImage ? null : ratioOf(oneOf(input, 'aspect_ratio', ['1:1', '16:9', '9:16'], '1:1')),
    pictures: isImage ? picturesOf(input) : [],
    callbackUrl: isCallback ? callbackUrl : null,
    memory: { provider },
  };
}

/** One or two; the second is read as the end frame. */
function picturesOf(input: Fields): readonly PictureInput[] {
  const urls = listAt(input, 'image_urls');
  if (urls.length < 1 || urls.length > 2) throw new Refusal('400', 'image_urls must hold 1 or 2 URLs');
  return urls.map((url, at) => {
    if (typeof url !== 'string' || !/^https?:\/\//.test(url))
      throw new Refusal('400', 'image_urls must hold URLs');
    return { role: at === 0 ? 'first' : 'last', from: url };
  });
}

function accepted(job: Job): Reply {
  return { status: 200, body: envelope({ taskId: job.id }) };
}

function statusTask(call: Call): Reply {
  const job = findJob(call.namespace, apixo, call.query.get('taskId') ?? '');
  if (!job || call.params.model !== job.order.model) throw new Refusal('404', 'Task not found');
  return { status: 200, body: envelope(view(job, toldState(job))) };
}

/** Fields that do not apply are left out, and a failed task is a good answer. */
function view(job: Job, state: JobState): Fields {
  const head = { taskId: job.id, state: STATES[state], createTime: job.createdAt };
  if (state === 'succeeded')
    return {
      ...head,
      resultJson: JSON.stringify({ resultUrls: outputUrls(job) }),
      completeTime: job.endedAt,
      costTime: (job.endedAt ?? job.createdAt) - job.createdAt,
    };
  if (state !== 'failed' && state !== 'canceled') return head;
  return {
    ...head,
    failCode: job.failure?.code ?? 'GENERATION_FAILED',
    failMsg: job.failure?.message ?? failures.GENERATION_FAILED,
    completeTime: job.endedAt,
  };
}

function balance(call: Call): Reply {
  const { balanceUsd } = call.namespace.settings;
  const left = (balanceUsd ?? 100) - call.namespace.ledger.exposedUsd('apixo');
  return { status: 200, body: envelope(Math.round(left * 100) / 100) };
}

function envelope(data: unknown): Fields {
  return { code: 200, message: 'success', data };
}
