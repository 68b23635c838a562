import { isoTime } from '../clock.ts';
import type { Model } from '../core/model.ts';
import { check } from '../core/model.ts';
import type { Order } from '../core/order.ts';
import type {
  Reply,
  Surface,
  SurfaceContext,
  SurfaceRequest,
  SurfaceRoute,
  Wish,
} from '../core/ports/surface.ts';
import type { Refusal, RefusalCode } from '../core/refusal.ts';
import { isRefusal, refuse } from '../core/refusal.ts';
import type { TaskStateName, TaskSummary } from '../core/task.ts';
import { isOver, phase, shownFailure } from '../core/task.ts';
import type { Json } from '../core/values.ts';
import { chosen, parse, taskId, waitMs, withoutNulls } from './reading.ts';
import * as docs from './rivya.docs.ts';
import { modelBody } from './rivya.models.ts';
import { generationBody } from './rivya.wire.ts';

/** The words this dialect has for the fields of an order. */
const FIELDS = { prompt: 'prompt', media: 'params.referenceMediaItems', params: 'params' };

const models: SurfaceRoute<'models'> = {
  action: 'models',
  method: 'GET',
  path: '/api/v1/models',
  scope: null,
  read: () => null,
  write: (all) => ok({ object: 'list', data: all.map(modelBody) }),
  docs: docs.models,
};

const create: SurfaceRoute<'create'> = {
  action: 'create',
  method: 'POST',
  path: '/api/v1/generations',
  scope: 'generations:create',
  read: readWish,
  write: (task, context) => ok(generation(task, context)),
  docs: docs.create,
};

const quote: SurfaceRoute<'quote'> = {
  action: 'quote',
  method: 'POST',
  path: '/api/v1/generations/quote',
  scope: 'generations:create',
  read: readWish,
  write: ({ credits, expected, problem }) =>
    ok({
      credits,
      expected_seconds: { min: expected.minMs / 1_000, max: expected.maxMs / 1_000 },
      problem: problem && { code: CODES[problem.refused].code, message: problem.message },
    }),
  docs: docs.quote,
};

const read: SurfaceRoute<'status'> = {
  action: 'status',
  method: 'GET',
  path: '/api/v1/generations/:taskId',
  scope: 'generations:read',
  read({ params, query }) {
    const wait = waitMs(query);
    if (typeof wait !== 'number') return wait;
    const task = taskId(params.taskId);
    return task === null ? notFound() : { task, model: null, waitMs: wait };
  },
  write: (task, context) => ok(generation(task, context)),
  docs: docs.read,
};

const list: SurfaceRoute<'list'> = {
  action: 'list',
  method: 'GET',
  path: '/api/v1/generations',
  scope: 'generations:read',
  read: readList,
  write: ({ tasks, nextCursor }, context) =>
    ok({
      object: 'list',
      data: tasks.map((task) => generation(task, context)),
      has_more: nextCursor !== null,
      next_cursor: nextCursor,
    }),
  docs: docs.list,
};

const cancel: SurfaceRoute<'cancel'> = {
  action: 'cancel',
  method: 'POST',
  path: '/api/v1/generations/:taskId/cancel',
  scope: 'generations:create',
  read: readTask,
  write: ({ outcome, task }, context) => ok({ outcome, generation: generation(task, context) }),
  docs: docs.cancel,
};

const follow: SurfaceRoute<'follow'> = {
  action: 'follow',
  method: 'GET',
  path: '/api/v1/generations/:taskId/events',
  scope: 'generations:read',
  read: readTask,
  write: (tasks, context) => ({ events: events(tasks, context) }),
  docs: docs.follow,
};

const credits: SurfaceRoute<'balance'> = {
  action: 'balance',
  method: 'GET',
  path: '/api/v1/credits',
  scope: 'credits:read',
  read: () => null,
  write: ({ available }) => ok({ current_credits: available }),
  docs: docs.credits,
};

/** Rivya's Public API v1. Source: seed 003, contract Rivya, decisions 20–39. */
export const rivya: Surface = {
  name: 'rivya',
  title: 'Rivya dialect',
  about:
    'Public API v1 as the Kling 2.6 page of Rivya describes it: select values are strings, empty fields are null, times are ISO 8601, errors are {error: {code, message, requestId}}.',
  prefixes: ['/api/v1'],
  documentAt: '/api/v1/openapi.json',
  routes: [models, create, list, quote, read, cancel, follow, credits],
  refuse(refusal, requestId) {
    const { status, code } = CODES[refusal.refused];
    const { message, field } = refusal;
    const error = { code, message, requestId };
    if (code !== 'validation_failed' || !field) return { status, body: { error } };
    return { status, body: { error: { ...error, details: [{ field, message }] } } };
  },
  event(task, context) {
    const type = phase(task) === 'succeeded' ? 'generation.succeeded' : 'generation.failed';
    const body = {
      id: `evt_${task.id.slice('task_'.length)}`,
      type,
      api_version: '2026-05-11',
      created_at: isoTime(task.completedAt ?? task.updatedAt),
      data: generation(task, context),
    };
    return { type, body };
  },
};

const bodies = new WeakMap<Model, ReturnType<typeof generationBody>>();

/** Schemas are built once for each model: building one takes longer than a request. */
function bodySchema(model: Model): ReturnType<typeof generationBody> {
  const schema = bodies.get(model) ?? generationBody(model);
  bodies.set(model, schema);
  return schema;
}

function readWish(request: SurfaceRequest, context: SurfaceContext): Wish | Refusal {
  const given = withoutNulls(request.body);
  const fields = typeof given === 'object' && given !== null ? given : {};
  const model = context.models.find((one) => 'model' in fields && one.id === fields.model);
  if (!model) return unknownModel(given, context);
  const params = 'params' in fields ? { params: withoutNulls(fields.params) } : {};
  const body = parse(bodySchema(model), { ...fields, ...params });
  if (isRefusal(body)) return body;
  const references = body.params?.referenceMediaItems ?? [];
  const mode = references.length > 0 ? 'image-to-video' : 'text-to-video';
  const { durationSeconds, sound, aspectRatio } = chosen(model, body.params ?? {});
  const order: Order = {
    model: model.id,
    mode,
    prompt: body.prompt,
    media: references.map(({ url }) => ({ role: 'first_frame', kind: 'image', url })),
    durationSeconds,
    sound,
    resolution: null,
    aspectRatio: mode === 'text-to-video' ? aspectRatio : null,
    strategy: request.caller?.strategy ?? 'auto',
    extra: {},
  };
  const clientRequestId = body.client_request_id ?? null;
  return check(model, order, FIELDS) ?? { order, callbackUrl: null, clientRequestId };
}

function unknownModel(body: unknown, context: SurfaceContext): Refusal {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return refuse('invalid', 'The request body must be a JSON object');
  }
  const ids = context.models.map((model) => model.id).join(', ');
  const message = 'model' in body ? `model must be one of ${ids}` : 'model is required';
  return refuse('invalid', message, { field: 'model' });
}

const STATES: ReadonlyMap<unknown, readonly TaskStateName[]> = new Map([
  ['queued', ['queued']],
  ['processing', ['submitting', 'unknown', 'running', 'storing']],
  ['succeeded', ['succeeded']],
  ['failed', ['failed', 'canceled']],
]);

function readList({ query }: SurfaceRequest) {
  const { status, cursor, client_request_id: clientRequestId, limit = '20' } = query;
  if (status !== undefined && !STATES.has(status)) {
    return refuse('invalid', `status must be one of ${[...STATES.keys()].join(', ')}`, { field: 'status' });
  }
  for (const [field, value] of Object.entries({ cursor, client_request_id: clientRequestId })) {
    if (value !== undefined && (typeof value !== 'string' || value.length > 256)) {
      return refuse('invalid', `${field} must be one text of at most 256 characters`, { field });
    }
  }
  if (typeof limit !== 'string' || !/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > 100) {
    return refuse('invalid', 'limit must be a whole number from 1 to 100', { field: 'limit' });
  }
  return {
    states: STATES.get(status) ?? null,
    clientRequestId: typeof clientRequestId === 'string' ? clientRequestId : null,
    cursor: typeof cursor === 'string' ? cursor : null,
    limit: Number(limit),
  };
}

function readTask({ params }: SurfaceRequest) {
  const task = taskId(params.taskId);
  return task === null ? notFound() : { task };
}

function notFound(): Refusal {
  return refuse('not_found', 'Task not found');
}

/** The public generation: the same in every answer and event. */
function generation(task: TaskSummary, context: SurfaceContext) {
  const { state } = task;
  const failed = shownFailure(task);
  const films = state.name === 'succeeded' ? state.files.filter((file) => file.kind === 'video') : [];
  const urls = films.map((film) => context.resultUrl(film));
  const seen = phase(task);
  return {
    id: task.id,
    status: seen === 'pending' ? 'queued' : seen,
    model: task.model,
    reserved_credits: task.price,
    final_credits: state.name === 'succeeded' ? state.charge : 0,
    created_at: isoTime(task.createdAt),
    updated_at: isoTime(task.updatedAt),
    result: urls[0] === undefined ? null : { primary_url: urls[0], urls },
    error: failed && { code: 'generation_failed', message: failed.message },
  };
}

async function* events(tasks: AsyncIterable<TaskSummary>, context: SurfaceContext) {
  for await (const task of tasks) {
    yield { id: task.version.toString(), event: 'generation', data: followed(task, context) };
  }
}

/** With what a progress bar needs. The finish is expected by the usual time of the longest clip: the hot row knows no more. */
function followed(task: TaskSummary, context: SurfaceContext): Json {
  const { state } = task;
  const model = context.models.find((one) => one.id === task.model);
  const from = task.startedAt ?? task.createdAt;
  const longestMs = Math.max(0, ...(model?.usual ?? []).map((usual) => usual.maxMs));
  const expected = isOver(state) ? null : isoTime(from + longestMs);
  const progress = state.name === 'running' ? state.progress : isOver(state) ? 100 : null;
  return { ...generation(task, context), progress_percent: progress, expected_finish_at: expected };
}

/** Codes of the contract (B4); `no_provider`, `unavailable` and `internal_error` are ours. */
const CODES = {
  key_missing: { status: 401, code: 'api_key_missing' },
  key_invalid: { status: 401, code: 'api_key_invalid' },
  key_revoked: { status: 401, code: 'api_key_revoked' },
  key_expired: { status: 401, code: 'api_key_expired' },
  scope_denied: { status: 403, code: 'api_scope_denied' },
  invalid: { status: 400, code: 'validation_failed' },
  model_unknown: { status: 400, code: 'validation_failed' },
  not_found: { status: 404, code: 'not_found' },
  method_not_allowed: { status: 400, code: 'validation_failed' },
  body_too_large: { status: 400, code: 'validation_failed' },
  media_type_unsupported: { status: 400, code: 'validation_failed' },
  insufficient_credits: { status: 402, code: 'insufficient_credits' },
  rate_limited: { status: 429, code: 'rate_limited' },
  too_many_tasks: { status: 429, code: 'rate_limited' },
  idempotency_conflict: { status: 409, code: 'idempotency_conflict' },
  idempotency_in_flight: { status: 409, code: 'idempotency_conflict' },
  webhook_url_rejected: { status: 400, code: 'webhook_url_rejected' },
  no_provider: { status: 503, code: 'no_provider' },
  unavailable: { status: 503, code: 'unavailable' },
  internal: { status: 500, code: 'internal_error' },
} as const satisfies Record<RefusalCode, { status: number; code: string }>;

function ok(body: Json): Reply {
  return { status: 200, body };
}
