import { backoffMs } from '../../core/backoff.ts';
import type { Failure } from '../../core/failure.ts';
import { failure } from '../../core/failure.ts';
import { deadline } from '../../core/lifecycle.ts';
import type { Route } from '../../core/ports/provider.ts';
import { ModerationUnavailable } from '../../core/ports/world.ts';
import type { Choice } from '../../core/routing.ts';
import { choose } from '../../core/routing.ts';
import type { Task } from '../../core/task.ts';
import type { Instant } from '../../core/values.ts';
import { move } from '../move.ts';
import type { AdvanceDeps } from './deps.ts';
import { prepare } from './prepare.ts';
import { attempt } from './submit.ts';

/** Brings a queued task to its next attempt: media fetched and checked, prompt moderated, a route chosen, submitted once. */
export async function advanceQueued(deps: AdvanceDeps, task: Task, now: Instant): Promise<void> {
  if (now >= (deadline(task) ?? now)) {
    await move(deps, task, { is: 'expired' });
    return;
  }
  if (!(await moderated(deps, task))) return;
  const ready = await prepare(deps, task);
  if (!ready) return;

  const { choice, route } = await taken(deps, ready);
  if (ready.tried.length >= ready.terms.attemptsMax) {
    await move(deps, ready, { is: 'failed', failure: exhausted(ready) });
  } else if (route) {
    await attempt(deps, ready, route, { now, passedOver: choice.passedOver });
  } else if (choice.later) {
    await wait(deps, ready, choice, now);
  } else {
    await move(deps, ready, { is: 'failed', failure: exhausted(ready) });
  }
}

/** Why a task waits is written to its timeline at most this often; it looks for a route again all the while. */
const TOLD_EVERY_MS = 60_000;
const LONGEST_WAIT_MS = 10_000;

/** All routes that could serve it are full or ill for now. The longer it has waited, the less often it asks. */
async function wait(deps: AdvanceDeps, task: Task, choice: Choice, now: Instant): Promise<void> {
  const ageMs = Math.max(0, now - task.createdAt);
  const tries = Math.floor(Math.log2(2 + ageMs / 4_000));
  const dueInMs = backoffMs(tries, deps.ids.chance(), 1_000, LONGEST_WAIT_MS);
  if (task.version > 2 && now - task.updatedAt < TOLD_EVERY_MS) {
    await deps.store.postpone([{ id: task.id, version: task.version, dueInMs }]);
    return;
  }
  const reason = choice.passedOver.map((one) => `${one.route}: ${one.reason}`).join('; ');
  await move(deps, task, { is: 'deferred', reason, dueInMs });
}

/** The route for the next attempt, taken: one that is full or ill by now is passed over like one that was before. */
async function taken(deps: AdvanceDeps, task: Task): Promise<{ choice: Choice; route: Route | null }> {
  const full = new Set<string>();
  for (;;) {
    const routes = (await deps.routes.all()).map((one) =>
      full.has(one.name) ? { ...one, health: 'full' as const } : one,
    );
    const choice = choose(routes, task.order, task);
    const route = routes.find((one) => one.name === choice.route?.name) ?? null;
    if (!route || task.tried.length >= task.terms.attemptsMax) return { choice, route };
    if (await deps.routes.take(route.name, task.id)) return { choice, route };
    full.add(route.name);
  }
}

/** Whether the prompt may go out. Judged before the first attempt only: a failover does not ask again. */
async function moderated(deps: AdvanceDeps, task: Task): Promise<boolean> {
  if (task.startedAt !== null) return true;
  try {
    const verdict = await deps.moderator.judge(task.order);
    if (!verdict.allowed) await move(deps, task, { is: 'failed', failure: failure('content_violation') });
    return verdict.allowed;
  } catch (error) {
    if (!(error instanceof ModerationUnavailable)) throw error;
    const dueInMs = backoffMs(2, deps.ids.chance());
    await move(deps, task, { is: 'deferred', reason: 'the moderation service does not answer', dueInMs });
    return false;
  }
}

/** No route is left: what the customer is told depends on whether any was there to try. */
function exhausted(task: Task): Failure {
  if (task.tried.length === 0) return failure('model_unavailable');
  return task.tried.every((one) => one.reason === 'timeout')
    ? failure('processing_timeout')
    : failure('generation_failed');
}
