import { backoffMs } from '../../core/backoff.ts';
import { customerFailure, Trouble } from '../../core/failure.ts';
import type { TaskEvent } from '../../core/lifecycle.ts';
import type { Job, Route } from '../../core/ports/provider.ts';
import { StoreUnavailable } from '../../core/ports/tasks.ts';
import type { Attempt, Task } from '../../core/task.ts';
import type { Instant, Json } from '../../core/values.ts';
import { move } from '../move.ts';
import type { AdvanceDeps } from './deps.ts';
import { LEASE_MS, SEND_MARGIN_MS } from './deps.ts';

const COMMIT_TRIES = 6;

/** Makes the intent durable, then submits exactly once and commits what came of it. */
export async function attempt(deps: AdvanceDeps, task: Task, route: Route, now: Instant): Promise<void> {
  const sendBy = deps.clock.now() + LEASE_MS - SEND_MARGIN_MS;
  const intent = planned(task, route, now, sendBy);
  const submitting = await move(deps, task, { is: 'attempted', attempt: intent, leaseMs: LEASE_MS });
  if (!submitting) return;
  const event = await submitOnce(deps, submitting, intent, route);
  if (event) await settle(deps, submitting, event);
}

function planned(task: Task, route: Route, now: Instant, sendBy: Instant): Attempt {
  const ability = route.abilities.find((one) => one.model === task.model);
  return {
    number: task.attempts + 1,
    route: route.name,
    provider: route.provider,
    tier: route.tier,
    startedAt: Math.max(now, task.createdAt),
    sendBy,
    reference: task.id,
    costMicros: ability?.costMicros?.(task.order) ?? null,
  };
}

/** @returns what happened; null where that cannot be said and the lease has to run out (a bug, reported above) */
async function submitOnce(
  deps: AdvanceDeps,
  task: Task,
  intent: Attempt,
  route: Route,
): Promise<TaskEvent | null> {
  const { adapter, upstream } = route;
  try {
    const job = await jobOf(deps, task, intent);
    const prepared = adapter.prepare ? await adapter.prepare(job, upstream) : null;
    const handle = await adapter.submit({ ...job, prepared }, upstream);
    return { is: 'submitted', handle, dueInMs: adapter.looks.firstMs(task.order) };
  } catch (error) {
    if (error instanceof Trouble) return reaction(error, task, deps.ids.chance());
    throw error;
  }
}

async function jobOf(deps: AdvanceDeps, task: Task, intent: Attempt): Promise<Job> {
  const media: Job['media'][number][] = [];
  for (const one of task.prepared?.media ?? []) {
    const path = await deps.files.path(one.file);
    if (path === null) throw new Trouble('not_sent', `the input ${one.file} is not on this machine`);
    media.push({ ...one, path });
  }
  return { task: task.id, order: task.order, attempt: intent, media, prepared: null };
}

/** Each kind of trouble has exactly one reaction. */
function reaction(trouble: Trouble, task: Task, chance: number): TaskEvent {
  const { kind, message } = trouble;
  const delayMs = Math.max(trouble.retryAfterMs ?? 0, backoffMs(task.attempts, chance, 2_000));
  switch (kind) {
    case 'doubtful':
      return { is: 'doubted', reason: message, dueInMs: 1_000 };
    case 'not_sent':
    case 'rate_limited':
    case 'concurrency_limited':
      return { is: 'deferred', reason: `${kind}: ${message}`, dueInMs: delayMs };
    case 'content_violation':
    case 'invalid_input':
      return { is: 'failed', failure: customerFailure({ kind, message, charged: false }) };
    case 'auth':
    case 'insufficient_upstream_credits':
    case 'timeout':
    case 'canceled':
    case 'internal':
      return { is: 'rerouted', reason: kind, dueInMs: 0 };
  }
}

/** The upstream's answer is known to us alone: it is kept trying for as long as the lease lasts. */
async function settle(deps: AdvanceDeps, task: Task, event: TaskEvent): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      if ((await move(deps, task, event)) === null) await settleLate(deps, task, event);
      return;
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || tries === COMMIT_TRIES) throw error;
    }
  }
}

/** Somebody moved the task meanwhile: a wish to cancel is no matter; a takeover made it `unknown`, and here is the handle. */
async function settleLate(deps: AdvanceDeps, task: Task, event: TaskEvent): Promise<void> {
  const fresh = await deps.store.task(task.id);
  if (!fresh || !('attempt' in fresh.state) || fresh.state.attempt.number !== task.attempts) return;
  if (fresh.state.name === 'submitting') {
    await move(deps, fresh, event);
  } else if (fresh.state.name === 'unknown' && event.is === 'submitted') {
    await move(deps, fresh, found(event.handle, event.dueInMs));
  }
}

function found(handle: Json, dueInMs: number): TaskEvent {
  return { is: 'found', handle, dueInMs };
}
