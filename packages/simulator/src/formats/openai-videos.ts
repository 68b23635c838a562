import { cancel } from '../engine.ts';
import { filmReply } from '../film-server.ts';
import {
  type Call,
  type CommonError,
  type Fields,
  type Format,
  Refusal,
  type Reply,
  type Route,
  type WireError,
} from '../format.ts';
import { type Job, type JobState, outputUrls, progressOf, type Submission, toldState } from '../job.ts';
import { findJob, hex, visibleJobs } from '../namespace.ts';
import { checkCredential, credential } from '../request.ts';

const STATES: Readonly<Record<JobState, string>> = {
  queued: 'queued',
  running: 'in_progress',
  succeeded: 'completed',
  failed: 'failed',
  canceled: 'failed',
};

const commonErrors: Readonly<Record<CommonError, string>> = {
  auth: 'unauthorized',
  permission: 'unauthorized',
  balance: 'internal',
  content: 'bad_request',
  invalid: 'bad_request',
  not_found: 'not_found',
  rate: 'overloaded',
  concurrency: 'overloaded',
  internal: 'internal',
  maintenance: 'unavailable',
  timeout: 'gateway_timeout',
};

const errors: Readonly<Record<string, WireError>> = {
  unauthorized: { status: 401, code: 'Unauthorized', message: 'Unauthorized' },
  bad_request: { status: 400, code: 'BadRequestError', message: 'Bad request' },
  unprocessable: { status: 422, code: 'UnprocessableEntity', message: 'Unprocessable entity' },
  not_found: { status: 404, code: 'NotFoundError', message: 'Video not found' },
  in_progress: { status: 404, code: 'NotFoundError', message: 'Generation is still in-progress' },
  in_cloud: {
    status: 400,
    code: 'BadRequestError',
    message: 'The video is stored in the cloud: use its url',
  },
  overloaded: { status: 429, code: 'TooManyRequests', message: 'Too many requests' },
  internal: { status: 500, code: 'InternalServerError', message: 'Internal server error' },
  unavailable: { status: 503, code: 'ServiceUnavailable', message: 'Service unavailable' },
  gateway_timeout: { status: 504, code: 'GatewayTimeout', message: 'Gateway timeout' },
};

const failures = {
  internal: 'Generation failed',
  oom: 'CUDA out of memory. Tried to allocate 12.00 GiB.',
  image: 'The input image could not be read',
  content: 'The prompt was rejected',
  timeout: 'Generation timed out',
} as const;

/** What makes one engine different from another. */
export interface Flavour {
  readonly name: string;
  read(call: Call): Promise<Submission>;
  /** Whether errors are FastAPI's `{"detail"}` instead of OpenAI's object. */
  readonly detailErrors: boolean;
  /** Whether DELETE stops what is running. */
  readonly deleteAborts: boolean;
  /** The engine's own fields of a video. */
  extra(job: Job): Fields;
}

/** An engine of one's own behind OpenAI's `/v1/videos`. */
export function videosEngine(flavour: Flavour): Format {
  const format: Format = {
    name: flavour.name,
    routes: routesOf(flavour, () => format),
    errors,
    commonErrors,
    failures,
    commonFailures: { content: 'content', image: 'image', internal: 'internal', timeout: 'timeout' },
    keeps: { filmMs: null, recordMs: null },
    whenFull: 'queues',
    newId: () => `video_gen_${hex(24)}`,
    price: () => 0,
    authenticate(call) {
      // An API key is optional; one that was sent has to be right.
      if (call.headers.authorization !== undefined) checkCredential(call, credential(call, 'Bearer'));
    },
    refuse: (error, message) => ({
      status: error.status,
      body: flavour.detailErrors
        ? { detail: message }
        : { error: { message, type: error.code, param: null, code: error.status } },
    }),
  };
  return format;
}

function routesOf(flavour: Flavour, format: () => Format): readonly Route[] {
  const found = (call: Call): Job => {
    const job = findJob(call.namespace, format(), call.params.id ?? '');
    if (!job) throw new Refusal('not_found');
    return job;
  };
  const show = (job: Job, state: JobState, call: Call) => video(flavour, job, state, call);
  return [
    {
      operation: 'submit',
      method: 'POST',
      path: '/v1/videos',
      read: flavour.read,
      accepted: (job, call) => ({ status: 200, body: show(job, 'queued', call) }),
    },
    {
      operation: 'status',
      method: 'GET',
      path: '/v1/videos/:id',
      handle(call) {
        const job = found(call);
        return { status: 200, body: show(job, toldState(job), call) };
      },
    },
    {
      operation: 'film',
      method: 'GET',
      path: '/v1/videos/:id/content',
      handle: (call) => content(call, found(call), format()),
    },
    {
      operation: 'list',
      method: 'GET',
      path: '/v1/videos',
      handle: (call) => list(call, format(), (job) => show(job, job.state, call)),
    },
    {
      operation: 'cancel',
      method: 'DELETE',
      path: '/v1/videos/:id',
      handle: (call) => remove(call, found(call), flavour, format()),
    },
    { operation: 'account', method: 'GET', path: '/health', handle: () => ({ status: 200, body: null }) },
    { operation: 'account', method: 'GET', path: '/v1/models', handle: models },
  ];
}

function video(flavour: Flavour, job: Job, state: JobState, call: Call): Fields {
  const isFailed = state === 'failed' || state === 'canceled';
  return {
    id: job.id,
    object: 'video',
    model: job.order.model,
    status: STATES[state],
    progress: state === 'queued' ? 0 : progressOf(job, call.namespace.clock.now()),
    created_at: Math.floor(job.createdAt / 1000),
    completed_at: job.endedAt === null ? null : Math.floor(job.endedAt / 1000),
    expires_at: null,
    seconds: String(job.order.durationSeconds),
    size: job.order.memory.size,
    prompt: job.order.prompt,
    error: isFailed
      ? { code: job.failure?.code ?? 'canceled', message: job.failure?.message ?? 'Canceled' }
      : null,
    ...flavour.extra(job),
  };
}

async function content(call: Call, job: Job, format: Format): Promise<Reply> {
  if (job.state === 'failed' || job.state === 'canceled')
    throw new Refusal('bad_request', 'Generation failed');
  if (job.state !== 'succeeded') throw new Refusal('in_progress');
  if (job.order.memory.inCloud === true) throw new Refusal('in_cloud');
  if (job.plan.lie === 'empty') throw new Refusal('not_found');
  return await filmReply(format, call, job);
}

function list(call: Call, format: Format, show: (job: Job) => Fields): Reply {
  const limit = Math.min(100, Number(call.query.get('limit') ?? 20));
  const all = [...visibleJobs(call.namespace, format)];
  if (call.query.get('order') !== 'asc') all.reverse();
  const after = all.findIndex((job) => job.id === call.query.get('after')) + 1;
  const data = all.slice(after, after + limit).map(show);
  const hasMore = after + data.length < all.length;
  return {
    status: 200,
    body: {
      object: 'list',
      data,
      first_id: data[0]?.id ?? null,
      last_id: data.at(-1)?.id ?? null,
      has_more: hasMore,
    },
  };
}

function remove(call: Call, job: Job, flavour: Flavour, format: Format): Reply {
  if (!flavour.deleteAborts)
    return { status: 200, body: { ...video(flavour, job, job.state, call), status: 'deleted' } };
  cancel(format, call.namespace, job);
  call.namespace.jobs.delete(`${format.name} ${job.id}`);
  return { status: 200, body: { id: job.id, object: 'video.deleted', deleted: true } };
}

function models(): Reply {
  const model = {
    id: 'Wan-AI/Wan2.2-T2V-A14B-Diffusers',
    object: 'model',
    created: 0,
    owned_by: 'simulator',
  };
  return { status: 200, body: { object: 'list', data: [model] } };
}

/** Where the film of a job lies when it is not fetched through the engine. */
export function cloudUrl(job: Job): string | null {
  return job.state === 'succeeded' ? (outputUrls(job)[0] ?? null) : null;
}
