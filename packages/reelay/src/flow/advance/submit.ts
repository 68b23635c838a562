import { backoffMs } from '../../core/backoff.ts';
import { customerFailure, Trouble } from '../../core/failure.ts';
import type { RouteReport } from '../../core/health.ts';
import type { TaskEvent } from '../../core/lifecycle.ts';
import type { JpegCopy } from '../../core/ports/net.ts';
import { MediaFault } from '../../core/ports/net.ts';
import type { Job, Provider, Route } from '../../core/ports/provider.ts';
import type { Choice } from '../../core/routing.ts';
import type { Attempt, Task } from '../../core/task.ts';
import type { Instant, Json } from '../../core/values.ts';
import { move } from '../move.ts';
import type { AdvanceDeps } from './deps.ts';
import { LEASE_MS, SEND_MARGIN_MS } from './deps.ts';
import { insist } from './insist.ts';

/** How often others may move a task between our reading it and our commit. */
const TURNS = 10;

/** Makes the intent durable, then submits exactly once and commits what came of it. */
export async function attempt(
  deps: AdvanceDeps,
  task: Task,
  route: Route,
  { now, passedOver }: Pick<Choice, 'passedOver'> & { readonly now: Instant },
): Promise<void> {
  const sendBy = deps.clock.now() + LEASE_MS - SEND_MARGIN_MS;
  const intent = planned(task, route, now, sendBy);
  const event = { is: 'attempted', attempt: intent, leaseMs: LEASE_MS, passedOver } as const;
  const submitting = await move(deps, task, event);
  if (!submitting) return;
  await settle(deps, submitting, await submitOnce(deps, submitting, intent, route));
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

async function submitOnce(
  deps: AdvanceDeps,
  task: Task,
  intent: Attempt,
  { name, adapter, upstream }: Route,
): Promise<TaskEvent> {
  let made: Made | null = null;
  try {
    made = await jobOf(deps, task, intent, adapter);
    const { job } = made;
    const prepared = adapter.prepare ? await unbilled(adapter.prepare(job, upstream)) : null;
    const handle = await adapter.submit({ ...job, prepared }, upstream);
    deps.routes.report(name, { is: 'accepted' });
    if (!(await insist(deps, () => deps.routes.claim(name, handle, task.id)))) {
      return { is: 'doubted', reason: 'it answered with another task’s job', dueInMs: 1_000 };
    }
    return { is: 'submitted', handle, dueInMs: adapter.looks.firstMs(task.order) };
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    deps.routes.report(name, reported(error));
    return reaction(error, task, deps.ids.chance());
  } finally {
    await made?.dispose();
  }
}

/** What a trouble with a submit says of its route. */
export function reported({ kind, retryAfterMs }: Trouble): RouteReport {
  if (kind === 'content_violation' || kind === 'invalid_input') return { is: 'refused' };
  if (kind === 'rate_limited' || kind === 'concurrency_limited') return { is: 'throttled', retryAfterMs };
  return { is: 'failed', stage: 'submit', kind };
}

/** Before the billable call nothing is in doubt: an upload whose answer was lost is simply made again. */
async function unbilled(preparing: Promise<Json>): Promise<Json> {
  try {
    return await preparing;
  } catch (error) {
    if (!(error instanceof Trouble) || error.kind !== 'doubtful') throw error;
    throw new Trouble('not_sent', error.message, error.retryAfterMs);
  }
}

/** A job, with copies of its pictures that are to be disposed of. */
interface Made {
  readonly job: Job;
  dispose(): Promise<void>;
}

/** The job for a provider, its pictures in a type that it takes. */
export async function jobOf(
  deps: AdvanceDeps,
  task: Task,
  intent: Attempt,
  { pictures }: Pick<Provider, 'pictures'>,
): Promise<Made> {
  const media: Job['media'][number][] = [];
  const copies: JpegCopy[] = [];
  const dispose = async () => {
    for (const copy of copies) await copy.dispose();
  };
  try {
    for (const one of task.prepared?.media ?? []) {
      const path = await deps.files.path(one.file);
      if (path === null) throw new Trouble('not_sent', `the input ${one.file} is not on this machine`);
      if (one.kind !== 'image' || !pictures || pictures.includes(one.mimeType)) {
        media.push({ ...one, path });
      } else {
        const copy = await deps.inspector.jpeg(path);
        copies.push(copy);
        media.push({ ...one, mimeType: 'image/jpeg', path: copy.path, bytes: copy.bytes });
      }
    }
  } catch (error) {
    await dispose();
    // It was decoded before: what goes wrong now is this machine's, not the picture's.
    throw error instanceof MediaFault ? new Trouble('not_sent', `the picture: ${error.message}`) : error;
  }
  return { job: { task: task.id, order: task.order, attempt: intent, media, prepared: null }, dispose };
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
    case 'misconfigured':
    case 'timeout':
    case 'canceled':
    case 'internal':
      return { is: 'rerouted', reason: kind, dueInMs: 0 };
  }
}

/**
 * The upstream's answer is known to us alone, so it is not given up lightly: committed on whatever the task has become
 * meanwhile (a wish to cancel, a takeover), and again and again while the store cannot be reached.
 */
async function settle(deps: AdvanceDeps, submitting: Task, answer: TaskEvent): Promise<void> {
  let task: Task | null = submitting;
  for (let turn = 0; task && turn < TURNS; turn += 1) {
    const current: Task = task;
    const event = asItStands(current, submitting.attempts, answer);
    if (!event || (await insist(deps, () => move(deps, current, event)))) return;
    task = await insist(deps, () => deps.store.task(current.id));
  }
}

/** What the answer means to the task as it is now; null where the attempt has been resolved without us. */
function asItStands({ state }: Task, attempt: number, answer: TaskEvent): TaskEvent | null {
  if (!('attempt' in state) || state.attempt.number !== attempt) return null;
  if (state.name === 'submitting') return answer;
  if (state.name !== 'unknown') return null;
  if (answer.is === 'submitted') return { ...answer, is: 'found' };
  if (answer.is === 'doubted') return null;
  return { is: 'absent', evidence: { because: 'the upstream did not take it', answer: answer.is } };
}
