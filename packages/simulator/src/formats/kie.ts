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
import { findJob, hex, type Namespace } from '../namespace.ts';
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
import { kieHeaders } from '../sign.ts';
import { DAY_MS, klingListPrice } from './common.ts';
import { kieUploadRoutes } from './kie-uploads.ts';

const STATES: Readonly<Record<JobState, string>> = {
  queued: 'queuing',
  running: 'generating',
  succeeded: 'success',
  failed: 'fail',
  canceled: 'fail',
};

/** The codes stand in the body; the HTTP status of an answer is 200 whatever happened. */
const errors: Readonly<Record<string, WireError>> = {
  401: { status: 200, code: 401, message: 'You do not have access permissions' },
  402: { status: 200, code: 402, message: 'Credits insufficient' },
  404: { status: 200, code: 404, message: 'Not Found' },
  422: { status: 200, code: 422, message: 'Validation Error' },
  429: { status: 200, code: 429, message: 'Your call frequency is too high. Please try again later.' },
  433: { status: 200, code: 433, message: 'Sub-key usage exceeds the limit' },
  455: { status: 200, code: 455, message: 'Service is currently under maintenance' },
  500: { status: 200, code: 500, message: 'Server exception, please try again later' },
  501: { status: 200, code: 501, message: 'Generation Failed' },
  505: { status: 200, code: 505, message: 'The feature is currently disabled' },
  // The documentation promises a true 429 too.
  'real-429': { status: 429, code: 429, message: 'Too many requests' },
};

const commonErrors: Readonly<Record<CommonError, string>> = {
  auth: '401',
  permission: '401',
  balance: '402',
  content: '422',
  invalid: '422',
  not_found: '404',
  rate: '429',
  concurrency: '429',
  internal: '500',
  maintenance: '455',
  timeout: '500',
};

const failures = {
  content: 'The prompt or image was flagged as sensitive content',
  image: 'Failed to download the image',
  501: 'Generation failed',
  500: 'Internal error, please try again later',
  timeout: 'The generation has timed out',
} as const;

const routes: readonly Route[] = [
  { operation: 'submit', method: 'POST', path: '/api/v1/jobs/createTask', read: readOrder, accepted },
  {
    operation: 'status',
    method: 'GET',
    path: '/api/v1/jobs/recordInfo',
    handle: recordInfo,
    about: (call) => [call.query.get('taskId') ?? ''],
  },
  { operation: 'account', method: 'POST', path: '/api/v1/common/download-url', handle: downloadUrl },
  { operation: 'account', method: 'GET', path: '/api/v1/chat/credit', handle: credit },
  ...kieUploadRoutes(),
];

/** kie.ai's jobs; its uploads are in kie-uploads.ts. */
export const kie: Format = {
  name: 'kie',
  routes,
  errors,
  commonErrors,
  failures,
  commonFailures: { content: 'content', image: 'image', internal: '500', timeout: 'timeout' },
  // The documentation disagrees with itself (24 hours, 14 days): the shorter one.
  keeps: { filmMs: DAY_MS, recordMs: 14 * DAY_MS },
  whenFull: 'refuses',
  newId: () => hex(32),
  price: klingListPrice,
  authenticate: (call) => checkCredential(call, credential(call, 'Bearer')),
  refuse: (error, message) => ({
    status: error.status,
    body: { code: error.code, msg: message, data: null },
  }),
  notify,
};

function readOrder(call: Call): Submission {
  const body = jsonOf(call);
  const input = objectAt(body, 'input');
  const model = oneOf(body, 'model', ['kling-2.6/text-to-video', 'kling-2.6/image-to-video'], null);
  const isImage = model === 'kling-2.6/image-to-video';
  const images = listAt(input, 'image_urls');
  const [image] = images;
  if (isImage && (images.length !== 1 || typeof image !== 'string' || !/^https?:\/\//.test(image)))
    throw new Refusal('422', 'image_urls must hold exactly one URL');
  return {
    reference: null,
    model,
    prompt: promptAt(input, 1000),
    durationSeconds: Number(oneOf(input, 'duration', ['5', '10'], null)),
    sound: oneOf(input, 'sound', [true, false], null),
    resolution: '1080p',
    ratio: isImage ? null : ratioOf(oneOf(input, 'aspect_ratio', ['1:1', '16:9', '9:16'], '1:1')),
    pictures: isImage && typeof image === 'string' ? [{ role: 'first', from: image }] : [],
    callbackUrl: textAt(body, 'callBackUrl'),
    memory: { input },
  };
}

function accepted(job: Job): Reply {
  return { status: 200, body: { code: 200, msg: 'success', data: { taskId: job.id } } };
}

function recordInfo(call: Call): Reply {
  const job = findJob(call.namespace, kie, call.query.get('taskId') ?? '');
  if (!job) throw new Refusal('404', 'recordInfo is null');
  return { status: 200, body: { code: 200, message: 'success', data: record(job, toldState(job)) } };
}

/** `resultJson` and `param` are JSON within strings. */
function record(job: Job, state: JobState): Fields {
  const { model, memory } = job.order;
  return {
    taskId: job.id,
    model,
    state: STATES[state],
    param: JSON.stringify({ model, input: memory.input }),
    resultJson: state === 'succeeded' ? JSON.stringify({ resultUrls: outputUrls(job) }) : '',
    failCode: state === 'failed' ? (/^\d+$/.exec(job.failure?.code ?? '')?.[0] ?? '501') : '',
    failMsg: state === 'failed' ? (job.failure?.message ?? failures[500]) : '',
    costTime: job.endedAt === null ? 0 : Math.round((job.endedAt - job.createdAt) / 1000),
    createTime: job.createdAt,
    completeTime: job.endedAt,
    updateTime: job.updatedAt,
  };
}

function downloadUrl(call: Call): Reply {
  const url = textAt(jsonOf(call), 'url');
  if (url === null) throw new Refusal('422', 'url is required');
  return { status: 200, body: { code: 200, msg: 'success', data: url } };
}

function credit(call: Call): Reply {
  const { balanceUsd } = call.namespace.settings;
  const left = balanceUsd === null ? 10_000 : (balanceUsd - call.namespace.ledger.exposedUsd('kie')) * 200;
  return { status: 200, body: { code: 200, msg: 'success', data: left } };
}

/** Told of the end only; the signature does not cover the body. */
function notify(job: Job, event: 'started' | 'ended', namespace: Namespace): readonly Notice[] {
  const { callbackUrl } = job.order;
  if (event === 'started' || callbackUrl === null) return [];
  const isGood = job.state === 'succeeded';
  const money = { consumeCredits: isGood ? Math.round(job.costUsd * 200) : 0, remainedCredits: 5000 };
  return [
    {
      url: callbackUrl,
      body: {
        code: isGood ? 200 : 501,
        msg: isGood ? 'Playground task completed successfully.' : 'Playground task failed.',
        data: { ...record(job, job.state), ...money },
      },
      sign: (_, __, at) => kieHeaders(namespace.signer.kieKey(), job.id, at),
      // The schedule is not documented.
      retriesMs: [10_000, 60_000, 600_000],
      timeoutMs: 15_000,
    },
  ];
}
