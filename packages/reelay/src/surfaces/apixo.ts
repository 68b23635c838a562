import type { Failure, FailureCode } from '../core/failure.ts';
import type { Model } from '../core/model.ts';
import { check } from '../core/model.ts';
import type { Order } from '../core/order.ts';
import type { Reply, Surface, SurfaceContext, SurfaceRequest, SurfaceRoute } from '../core/ports/surface.ts';
import type { Refusal, RefusalCode } from '../core/refusal.ts';
import { isRefusal, refuse } from '../core/refusal.ts';
import type { TaskSummary } from '../core/task.ts';
import { phase, shownFailure } from '../core/task.ts';
import type { Json } from '../core/values.ts';
import { balanceDocs, generateDocs, statusDocs } from './apixo.docs.ts';
import { generateBody } from './apixo.wire.ts';
import { chosen, parse, taskId, urlProblem, waitMs, withoutNulls } from './reading.ts';

/** The words this dialect has for the fields of an order. */
const FIELDS = { prompt: 'input.prompt', media: 'input.image_urls', params: 'input' };

const generateTask: SurfaceRoute<'create'> = {
  action: 'create',
  method: 'POST',
  path: '/api/v1/generateTask/:model',
  scope: 'generations:create',
  read: readOrder,
  write: (task) => success({ taskId: task.id }),
  docs: generateDocs,
};

const statusTask: SurfaceRoute<'status'> = {
  action: 'status',
  method: 'GET',
  path: '/api/v1/statusTask/:model',
  scope: 'generations:read',
  read({ params, query }) {
    if (typeof query.taskId !== 'string' || query.taskId === '') {
      return refuse('invalid', 'taskId is required', { field: 'taskId' });
    }
    const wait = waitMs(query);
    if (typeof wait !== 'number') return wait;
    const task = taskId(query.taskId);
    if (task === null) return refuse('not_found', 'Task not found');
    return { task, model: params.model ?? '', waitMs: wait };
  },
  write: (task, context) => success(statusData(task, context)),
  docs: statusDocs,
};

const currentBalance: SurfaceRoute<'balance'> = {
  action: 'balance',
  method: 'GET',
  path: '/api/v1/apikeys/current-balance',
  scope: 'credits:read',
  read: () => null,
  write: ({ available }, { settings }) => success(dollars(available, settings.creditsPerUsd)),
  docs: balanceDocs,
};

/** APIXO's HTTP API. Source: seeds 000 and 001, contract APIXO, decisions 1–19 and 34–39. */
export const apixo: Surface = {
  name: 'apixo',
  title: 'APIXO dialect',
  about:
    'generateTask and statusTask as the Kling 2.6 pages of APIXO describe them: polling or callback, times in Unix milliseconds, every answer in the envelope {code, message, data}.',
  prefixes: ['/api/v1/generateTask', '/api/v1/statusTask', '/api/v1/apikeys'],
  routes: [generateTask, statusTask, currentBalance],
  refuse(refusal, _requestId, context) {
    const code =
      refusal.refused === 'insufficient_credits'
        ? context.settings.apixoInsufficientCreditsStatus
        : STATUS[refusal.refused];
    return { status: code, body: { code, message: words(refusal), data: null } };
  },
  callback: (task, context) => envelope(statusData(task, context)),
};

const schemas = new WeakMap<Model, Map<boolean, ReturnType<typeof generateBody>>>();

/** Schemas are built once for each model: building one takes longer than a request. */
function bodySchema(model: Model, soundRequired: boolean): ReturnType<typeof generateBody> {
  const built = schemas.get(model) ?? new Map<boolean, ReturnType<typeof generateBody>>();
  schemas.set(model, built);
  const schema = built.get(soundRequired) ?? generateBody(model, soundRequired);
  built.set(soundRequired, schema);
  return schema;
}

function readOrder(request: SurfaceRequest, context: SurfaceContext) {
  const model = context.models.find((one) => one.id === request.params.model);
  if (!model) return refuse('model_unknown', 'Model not found', { field: 'model' });
  const body = parse(bodySchema(model, context.settings.apixoSoundRequired), cleared(request.body));
  if (isRefusal(body)) return body;
  const callbackUrl = body.request_type === 'callback' ? (body.callback_url ?? '') : null;
  const unreachable = callbackUrl === null ? null : callbackProblem(callbackUrl, context);
  if (unreachable) return unreachable;
  const { input } = body;
  const { durationSeconds, sound, aspectRatio } = chosen(model, input);
  const order: Order = {
    model: model.id,
    mode: input.mode,
    prompt: input.prompt,
    media: (input.image_urls ?? []).map((url, index) => ({
      role: index === 0 ? 'first_frame' : 'last_frame',
      kind: 'image',
      url,
    })),
    durationSeconds,
    sound,
    resolution: null,
    // In image-to-video the film follows the picture (decision 6).
    aspectRatio: input.mode === 'text-to-video' ? aspectRatio : null,
    strategy: body.provider ?? request.caller?.strategy ?? 'auto',
    extra: {},
  };
  return check(model, order, FIELDS) ?? { order, callbackUrl, clientRequestId: null };
}

function cleared(body: unknown): unknown {
  const outer = withoutNulls(body);
  if (typeof outer !== 'object' || outer === null || !('input' in outer)) return outer;
  return { ...outer, input: withoutNulls(outer.input) };
}

function callbackProblem(url: string, context: SurfaceContext): Refusal | null {
  const field = 'callback_url';
  if (url === '') {
    return refuse('invalid', 'callback_url is required when request_type is callback', { field });
  }
  const malformed = urlProblem(url);
  if (malformed) return refuse('invalid', `callback_url ${malformed}`, { field });
  const forbidden = context.judgeUrl(url);
  return forbidden === null
    ? null
    : refuse('webhook_url_rejected', `callback_url cannot be used: ${forbidden}`, { field });
}

function statusData(task: TaskSummary, context: SurfaceContext): Json {
  const { id: taskId, state, createdAt: createTime } = task;
  const completeTime = task.completedAt ?? createTime;
  if (state.name === 'succeeded') {
    const films = state.files.filter((file) => file.kind === 'video');
    const resultJson = JSON.stringify({ resultUrls: films.map((film) => context.resultUrl(film)) });
    const costTime = completeTime - createTime;
    return { taskId, state: 'success', resultJson, createTime, completeTime, costTime };
  }
  const failed = shownFailure(task);
  if (failed) return { taskId, state: 'failed', ...failureWords(failed), createTime, completeTime };
  return { taskId, state: phase(task) === 'pending' ? 'pending' : 'processing', createTime };
}

/** Fail codes in the seed's spelling. */
const FAIL_CODES = {
  content_violation: 'CONTENT_VIOLATION',
  nsfw_detected: 'NSFW_DETECTED',
  prompt_too_long: 'PROMPT_TOO_LONG',
  invalid_prompt: 'INVALID_PROMPT',
  invalid_image_url: 'INVALID_IMAGE_URL',
  image_too_large: 'IMAGE_TOO_LARGE',
  unsupported_format: 'UNSUPPORTED_FORMAT',
  image_download_failed: 'IMAGE_DOWNLOAD_FAILED',
  processing_timeout: 'PROCESSING_TIMEOUT',
  model_unavailable: 'MODEL_UNAVAILABLE',
  generation_failed: 'GENERATION_FAILED',
  insufficient_credits: 'INSUFFICIENT_CREDITS',
} as const satisfies Record<FailureCode, string>;

function failureWords({ code, message }: Failure) {
  return { failCode: FAIL_CODES[code], failMsg: message };
}

/** Whatever is wrong with a request itself is a 400 here: the vendor's table has no finer one. */
const STATUS = {
  key_missing: 401,
  key_invalid: 401,
  key_revoked: 401,
  key_expired: 401,
  scope_denied: 403,
  invalid: 400,
  model_unknown: 404,
  not_found: 404,
  method_not_allowed: 405,
  body_too_large: 400,
  media_type_unsupported: 400,
  insufficient_credits: 400,
  rate_limited: 429,
  too_many_tasks: 429,
  idempotency_conflict: 409,
  idempotency_in_flight: 409,
  webhook_url_rejected: 400,
  no_provider: 503,
  unavailable: 503,
  internal: 500,
} as const satisfies Record<RefusalCode, number>;

/** Every trouble with a key begins with the seed's own words (“Kody błędów”, 401). */
function words({ refused, message }: Refusal): string {
  if (STATUS[refused] !== 401) return message;
  const standing = 'Invalid or missing API Key';
  return refused === 'key_missing' || refused === 'key_invalid' ? standing : `${standing}: ${message}`;
}

/** Credits as dollars, to the millionth (decision 39). */
function dollars(credits: number, creditsPerUsd: number): number {
  return Math.round((credits / creditsPerUsd) * 1_000_000) / 1_000_000;
}

function envelope(data: Json): Json {
  return { code: 200, message: 'success', data };
}

function success(data: Json): Reply {
  return { status: 200, body: envelope(data) };
}
