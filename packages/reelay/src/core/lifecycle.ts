import type { Failure } from './failure.ts';
import { failure } from './failure.ts';
import type { Transfer } from './ledger.ts';
import { hold, resolve } from './ledger.ts';
import type { Prepared } from './order.ts';
import type { Attempt, Output, StoredFile, Task, TaskState, TaskStateName, Tried, Usage } from './task.ts';
import { attemptOf, isOver } from './task.ts';
import { trace } from './trace.ts';
import type { Instant, Json, UsdMicros } from './values.ts';
import { Bug } from './values.ts';

/** What happened, in the past tense: the only thing that moves a task. Delays say when to look at it again. */
export type TaskEvent =
  | {
      readonly is: 'prepared';
      readonly prepared: Prepared;
      readonly files: readonly StoredFile[];
      /** Whoever prepared it goes on to the attempt: nobody else is given it meanwhile. */
      readonly leaseMs: number;
    }
  | { readonly is: 'deferred'; readonly reason: string; readonly dueInMs: number }
  | {
      readonly is: 'attempted';
      readonly attempt: Attempt;
      readonly leaseMs: number;
      /** Why other routes were not taken. */
      readonly passedOver?: readonly { readonly route: string; readonly reason: string }[];
    }
  | { readonly is: 'submitted'; readonly handle: Json; readonly dueInMs: number }
  | { readonly is: 'doubted'; readonly reason: string; readonly dueInMs: number }
  | { readonly is: 'found'; readonly handle: Json; readonly dueInMs: number }
  | { readonly is: 'absent'; readonly evidence: Json }
  | { readonly is: 'progressed'; readonly progress: number | null; readonly dueInMs: number }
  | { readonly is: 'rendered'; readonly outputs: readonly Output[]; readonly usage: Usage }
  | {
      readonly is: 'rerouted';
      readonly reason: Tried['reason'];
      readonly dueInMs: number;
      /** The upstream says that it billed nothing. */
      readonly unbilled?: boolean;
    }
  | { readonly is: 'stored'; readonly files: readonly StoredFile[] }
  | { readonly is: 'failed'; readonly failure: Failure }
  | { readonly is: 'canceled' }
  | { readonly is: 'cancelRequested' }
  | { readonly is: 'expired' };

export type TaskEventName = TaskEvent['is'];

/** Told to clients once a task is over, in the finishing commit. */
export type NoticeType = 'succeeded' | 'failed';

/** Money that an upstream may have taken for nothing, recorded for the operator; never debited to a customer. */
export interface Ambiguity {
  readonly attempt: Attempt;
  /**
   * `never_resolved`: in doubt until the deadline; `never_finished`: watched or copied until the deadline;
   * `absent`: in doubt, then proven not to be there; `stopped_watching`: taken, then said to be gone.
   */
  readonly reason: 'never_resolved' | 'never_finished' | 'absent' | 'stopped_watching';
  readonly decision: 'refunded' | 'submitted_again';
  readonly costMicros: UsdMicros | null;
}

/** Everything that must become true together, or not at all. */
export interface Change {
  /** The version it was decided on; null at birth. */
  readonly expects: number | null;
  readonly task: Task;
  /** For the task's timeline: what happened, with details that may be shown to an operator. */
  readonly event: { readonly name: TaskEventName | 'accepted'; readonly detail: Json };
  readonly transfers: readonly Transfer[];
  readonly notices: readonly NoticeType[];
  /** Files that are now ours to keep and, at their time, to remove. */
  readonly files: readonly StoredFile[];
  readonly ambiguity: Ambiguity | null;
  /** When the task may next be touched, counted by the database's clock; null: never again. */
  readonly dueInMs: number | null;
}

/** The whole machine: a pair of state and event that is not here cannot happen. */
export const MOVES = {
  queued: {
    prepared: 'queued',
    deferred: 'queued',
    attempted: 'submitting',
    failed: 'failed',
    expired: 'failed',
    cancelRequested: 'canceled',
  },
  submitting: {
    submitted: 'running',
    rendered: 'storing',
    doubted: 'unknown',
    expired: 'unknown',
    deferred: 'queued',
    rerouted: 'queued',
    failed: 'failed',
    cancelRequested: 'submitting',
  },
  unknown: {
    found: 'running',
    absent: 'queued',
    deferred: 'unknown',
    cancelRequested: 'unknown',
    expired: 'failed',
  },
  running: {
    progressed: 'running',
    deferred: 'running',
    cancelRequested: 'running',
    rendered: 'storing',
    rerouted: 'queued',
    canceled: 'canceled',
    failed: 'failed',
    expired: 'failed',
  },
  storing: {
    deferred: 'storing',
    rendered: 'storing',
    stored: 'succeeded',
    rerouted: 'queued',
    expired: 'failed',
  },
  succeeded: {},
  failed: {},
  canceled: {},
} as const satisfies Readonly<Record<TaskStateName, Readonly<Partial<Record<TaskEventName, TaskStateName>>>>>;

/** Where an event would take a state; null where that cannot happen. */
export function destination(state: TaskStateName, event: TaskEventName): TaskStateName | null {
  const moves: Readonly<Partial<Record<TaskEventName, TaskStateName>>> = MOVES[state];
  return moves[event] ?? null;
}

/** The birth of a task: its hold, and due at once. */
export function accept(task: Task): Change {
  const detail = { price: task.price, strategy: task.order.strategy, surface: task.origin.surface };
  return {
    expects: null,
    task: { ...task, version: 1, escrow: task.price },
    event: { name: 'accepted', detail },
    transfers: hold(task, task.createdAt),
    notices: [],
    files: [],
    ambiguity: null,
    dueInMs: 0,
  };
}

/** Decides what an event makes of a task. Pure: nothing is true before the change is committed. */
export function next(task: Task, event: TaskEvent, now: Instant): Change {
  const named = destination(task.state.name, event.is);
  if (named === null) throw new Bug(`${event.is} cannot happen to a task that is ${task.state.name}`);
  const state = entered(task, event, named);
  const at = Math.max(now, task.createdAt);
  const over = isOver(state);
  const charge = state.name === 'succeeded' ? state.charge : 0;
  const moved: Task = {
    ...task,
    version: task.version + 1,
    state,
    stateSince: state.name === task.state.name ? task.stateSince : at,
    escrow: over ? 0 : task.escrow,
    attempts: event.is === 'attempted' ? event.attempt.number : task.attempts,
    cancelRequested: task.cancelRequested || event.is === 'cancelRequested',
    updatedAt: at,
    startedAt: task.startedAt ?? (event.is === 'attempted' ? at : null),
    completedAt: over ? at : null,
    prepared: event.is === 'prepared' ? event.prepared : task.prepared,
    tried: tried(task, event),
  };
  return {
    expects: task.version,
    task: moved,
    event: { name: event.is, detail: trace(task, event) },
    transfers: over ? resolve(task, charge, at) : [],
    notices: over ? [state.name === 'succeeded' ? 'succeeded' : 'failed'] : [],
    files: event.is === 'prepared' || event.is === 'stored' ? event.files : [],
    ambiguity: ambiguity(task, event),
    dueInMs: over ? null : dueInMs(moved, event, at),
  };
}

function entered(task: Task, event: TaskEvent, name: TaskStateName): TaskState {
  const from = task.state;
  if (name === 'queued') {
    // Back to the queue, but nobody wants it any more.
    if (task.cancelRequested) return { name: 'canceled', outcome: 'stopped' };
    return { name };
  }
  if (name === 'canceled') return { name, outcome: task.startedAt === null ? 'before_start' : 'stopped' };
  switch (event.is) {
    case 'attempted':
      return { name: 'submitting', attempt: event.attempt };
    case 'submitted':
    case 'found':
      return { name: 'running', attempt: attemptOf(from), handle: event.handle, progress: null };
    case 'rendered':
      return { name: 'storing', attempt: attemptOf(from), outputs: event.outputs, usage: event.usage };
    case 'stored':
      return { name: 'succeeded', files: event.files, charge: task.escrow };
    case 'failed':
      return { name: 'failed', failure: event.failure };
    case 'progressed':
      return from.name === 'running' ? { ...from, progress: event.progress } : from;
    case 'doubted':
      return { name: 'unknown', attempt: attemptOf(from), emptyReads: 0 };
    case 'expired':
      return name === 'unknown'
        ? { name, attempt: attemptOf(from), emptyReads: 0 }
        : { name: 'failed', failure: failure('processing_timeout') };
    case 'deferred':
      return from.name === 'unknown' ? { ...from, emptyReads: from.emptyReads + 1 } : from;
    default:
      return from;
  }
}

function tried(task: Task, event: TaskEvent): readonly Tried[] {
  if (event.is !== 'rerouted' && event.is !== 'absent') return task.tried;
  const { number, route } = attemptOf(task.state);
  const reason = event.is === 'absent' ? event.is : event.reason;
  const costMicros = event.is === 'rerouted' && !event.unbilled ? spent(task.state) : null;
  return [...task.tried, { attempt: number, route, reason, ...(costMicros === null ? {} : { costMicros }) }];
}

/** What a job that was taken may have cost. Null: nothing, or nothing is known. */
function spent(state: TaskState): UsdMicros | null {
  if (state.name === 'storing') return state.usage.costMicros ?? state.attempt.costMicros;
  return state.name === 'running' ? state.attempt.costMicros : null;
}

function ambiguity(task: Task, event: TaskEvent): Ambiguity | null {
  const { state } = task;
  if (event.is === 'expired' && (state.name === 'unknown' || state.name === 'running')) {
    const reason = state.name === 'unknown' ? 'never_resolved' : 'never_finished';
    return { attempt: state.attempt, reason, decision: 'refunded', costMicros: state.attempt.costMicros };
  }
  if (event.is === 'expired' && state.name === 'storing') {
    const costMicros = state.usage.costMicros ?? state.attempt.costMicros;
    return { attempt: state.attempt, reason: 'never_finished', decision: 'refunded', costMicros };
  }
  // Our own hardware takes no money: what it lost is done again and owed to nobody.
  const lost = event.is === 'absent' || (event.is === 'rerouted' && event.reason === 'gone');
  if (lost && 'attempt' in state && state.attempt.tier !== 'own') {
    const reason = event.is === 'absent' ? 'absent' : 'stopped_watching';
    const decision = task.cancelRequested ? 'refunded' : 'submitted_again';
    return { attempt: state.attempt, reason, decision, costMicros: state.attempt.costMicros };
  }
  return null;
}

/** A look at the deadline comes in time; just past it, at a clock that is behind, there is no hurry. */
const SHORTEST_WAIT_MS = 1_000;

function dueInMs(moved: Task, event: TaskEvent, at: Instant): number {
  if ('leaseMs' in event) return event.leaseMs;
  const { state } = moved;
  // A wish to cancel does not end the lease of whoever is submitting: nothing is sent past `sendBy`.
  if (state.name === 'submitting') return Math.max(0, state.attempt.sendBy - at);
  if (!('dueInMs' in event)) return 0;
  const restMs = (deadline(moved) ?? at) - at;
  return Math.min(event.dueInMs, Math.max(restMs, SHORTEST_WAIT_MS));
}

/** When the present state has lasted too long and `expired` is due. Null: never (it is over). */
export function deadline(task: Task): Instant | null {
  const { state, terms } = task;
  switch (state.name) {
    case 'queued':
      return task.createdAt + terms.deadlines.queueMs;
    case 'submitting':
    case 'running':
      return state.attempt.startedAt + terms.deadlines.attemptMs;
    case 'unknown':
      return task.stateSince + terms.deadlines.unknownMs;
    case 'storing':
      return task.stateSince + terms.deadlines.storingMs;
    default:
      return null;
  }
}

/** The longest that a task on these terms can live: how long its inputs are kept for it. */
export function longestLifeMs(terms: Task['terms']): number {
  const { queueMs, attemptMs, storingMs, unknownMs } = terms.deadlines;
  return queueMs + terms.attemptsMax * (attemptMs + unknownMs + storingMs);
}
