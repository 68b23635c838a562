import { isoTime } from '../clock.ts';
import type { Model } from '../core/model.ts';
import { check } from '../core/model.ts';
import type { Order } from '../core/order.ts';
import type { Wish } from '../core/ports/actions.ts';
import type { AnyRoute, SurfaceContext, SurfaceRequest, SurfaceRoute } from '../core/ports/surface.ts';
import type { Refusal } from '../core/refusal.ts';
import { isRefusal, refuse } from '../core/refusal.ts';
import type { TaskStateName, TaskSummary } from '../core/task.ts';
import { isOver, phase, shownFailure } from '../core/task.ts';
import type { Json } from '../core/values.ts';
import { chosen, parse, taskId, waitMs, withoutNulls } from './reading.ts';
import { CODES, ok } from './rivya.codes.ts';
import * as docs from './rivya.docs.ts';
import { modelBody } from './rivya.models.ts';
import { listBody, pageOf } from './rivya.page.ts';
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
    ok(
      listBody(
        tasks.map((task) => generation(task, context)),
        nextCursor,
      ),
    ),
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

export const GENERATION_ROUTES: readonly AnyRoute[] = [
  models,
  create,
  list,
  quote,
  read,
  cancel,
  follow,
  credits,
];

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
  const { status, client_request_id: clientRequestId } = query;
  if (status !== undefined && !STATES.has(status)) {
    return refuse('invalid', `status must be one of ${[...STATES.keys()].join(', ')}`, { field: 'status' });
  }
  if (
    clientRequestId !== undefined &&
    (typeof clientRequestId !== 'string' || clientRequestId.length > 256)
  ) {
    const field = 'client_request_id';
    return refuse('invalid', `${field} must be one text of at most 256 characters`, { field });
  }
  const page = pageOf(query);
  if (isRefusal(page)) return page;
  return { states: STATES.get(status) ?? null, clientRequestId: clientRequestId ?? null, ...page };
}

function readTask({ params }: SurfaceRequest) {
  const task = taskId(params.taskId);
  return task === null ? notFound() : { task };
}

function notFound(): Refusal {
  return refuse('not_found', 'Task not found');
}

/** The public generation: the same in every answer and event. */
export function generation(task: TaskSummary, context: SurfaceContext) {
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
