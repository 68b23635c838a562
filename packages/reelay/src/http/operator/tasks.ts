import { z } from 'zod';
import { isoTime } from '../../clock.ts';
import { MOVES } from '../../core/lifecycle.ts';
import { isRefusal } from '../../core/refusal.ts';
import type { TaskStateName } from '../../core/task.ts';
import { find } from './accounts.ts';
import type { OperatorRoute } from './route.ts';
import { answers, CURSOR_DOCS, cursorQuery, listOf, notFound, published, validated } from './route.ts';
import * as wire from './wire.ts';

const TAG = 'operator';
const STATES = Object.keys(MOVES).filter(isState);

function isState(name: string): name is TaskStateName {
  return name in MOVES;
}

const filter = cursorQuery.extend({
  account: z.string().optional(),
  state: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(STATES)))
    .optional(),
  client_request_id: z.string().max(128).optional(),
});

const list: OperatorRoute = {
  method: 'GET',
  path: '/tasks',
  docs: {
    tag: TAG,
    summary: 'Tasks',
    description: 'Newest first.',
    query: {
      account: {
        schema: { type: 'string' },
        required: false,
        description: 'Of this account only, by id or name',
      },
      state: {
        schema: { type: 'string' },
        required: false,
        description: `One or more of ${STATES.join(', ')}, separated by commas`,
      },
      client_request_id: {
        schema: { type: 'string' },
        required: false,
        description: 'The client’s own id for it',
      },
      ...CURSOR_DOCS,
    },
    responses: answers(200, listOf(published(wire.task)), [404]),
  },
  async handle({ query }, gateway) {
    const wanted = validated(filter, query);
    if (isRefusal(wanted)) return wanted;
    const account = wanted.account === undefined ? null : await find(gateway, wanted.account);
    if (wanted.account !== undefined && account === null) return notFound('account');
    const { tasks, nextCursor } = await gateway.store.list({
      limit: wanted.limit,
      ...(account === null ? {} : { account: account.id }),
      ...(wanted.state === undefined ? {} : { state: wanted.state }),
      ...(wanted.client_request_id === undefined ? {} : { clientRequestId: wanted.client_request_id }),
      ...(wanted.cursor === undefined ? {} : { cursor: wanted.cursor }),
    });
    return { status: 200, body: { data: tasks.map(wire.taskBody), next_cursor: nextCursor } };
  },
};

const read: OperatorRoute = {
  method: 'GET',
  path: '/tasks/:task',
  docs: {
    tag: TAG,
    summary: 'One task whole',
    description: 'With its order: the prompt is the customer’s, treat it so.',
    responses: answers(200, published(wire.wholeTask), [404]),
  },
  async handle({ params }, { store }) {
    const id = params.task ?? '';
    const task = wire.isTaskId(id) ? await store.task(id) : null;
    return task ? { status: 200, body: wire.wholeTaskBody(task) } : notFound('task');
  },
};

const timeline: OperatorRoute = {
  method: 'GET',
  path: '/tasks/:task/timeline',
  docs: {
    tag: TAG,
    summary: 'What happened to it',
    description: 'Every committed change, oldest first.',
    responses: answers(200, listOf(published(wire.timelineEntry)), [404]),
  },
  async handle({ params }, { store }) {
    const id = params.task ?? '';
    const entries = wire.isTaskId(id) ? await store.timeline(id) : [];
    if (entries.length === 0) return notFound('task');
    return { status: 200, body: { data: entries.map(wire.timelineBody), next_cursor: null } };
  },
};

const canceled = z.object({
  outcome: z.enum(['before_start', 'requested', 'too_late']),
  task: wire.task.nullable(),
});

const cancel: OperatorRoute = {
  method: 'POST',
  path: '/tasks/:task/cancel',
  docs: {
    tag: TAG,
    summary: 'Cancel it',
    description:
      'before_start: it never began and is refunded; requested: whoever is at work on it is told; too_late: it is over, or the film is there.',
    responses: answers(200, published(canceled), [404]),
  },
  async handle({ params }, gateway) {
    const id = params.task ?? '';
    if (!wire.isTaskId(id)) return notFound('task');
    const { outcome, task } = await gateway.cancel(id);
    if (outcome === 'not_found') return notFound('task');
    return { status: 200, body: { outcome, task: task && wire.taskBody(task) } };
  },
};

const delivery = z.object({
  id: z.string(),
  url: z.string(),
  state: z.enum(['pending', 'delivered', 'dead']),
  attempts: z.array(
    z.object({
      number: z.int(),
      at: z.iso.datetime(),
      status: z.int().nullable(),
      duration_ms: z.number(),
      error: z.string().nullable(),
      excerpt: z.string(),
    }),
  ),
});

const deliveries: OperatorRoute = {
  method: 'GET',
  path: '/tasks/:task/deliveries',
  docs: {
    tag: TAG,
    summary: 'Its notices, each with every attempt',
    description: 'To the order’s own callback address, and to the account’s registered endpoints.',
    responses: answers(200, listOf(published(delivery)), [404]),
  },
  async handle({ params }, { store }) {
    const id = params.task ?? '';
    if (!wire.isTaskId(id) || !(await store.summary(id))) return notFound('task');
    const data = (await store.deliveries(id)).map(({ letter, url, state, attempts }) => ({
      id: letter,
      url,
      state,
      attempts: attempts.map(({ number, at, status, durationMs, error, excerpt }) => ({
        number,
        at: isoTime(at),
        status,
        duration_ms: durationMs,
        error,
        excerpt,
      })),
    }));
    return { status: 200, body: { data, next_cursor: null } };
  },
};

export const TASK_ROUTES: readonly OperatorRoute[] = [list, read, timeline, cancel, deliveries];
