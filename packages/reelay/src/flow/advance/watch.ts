import { customerFailure, isCustomersDoing, Trouble } from '../../core/failure.ts';
import type { TaskEvent } from '../../core/lifecycle.ts';
import { deadline } from '../../core/lifecycle.ts';
import type { Route, Sighting } from '../../core/ports/provider.ts';
import type { Task, TaskState } from '../../core/task.ts';
import type { Instant } from '../../core/values.ts';
import { move } from '../move.ts';
import type { AdvanceDeps } from './deps.ts';

/** Progress is committed in steps of this many percent: clients want movement, the database rest. */
const PROGRESS_STEP = 5;

type Running = Extract<TaskState, { name: 'running' }>;
interface Watched {
  readonly task: Task;
  readonly state: Running;
}

/** Looks at running tasks, one call for all of a route where the upstream can, and commits what changed. */
export async function watch(deps: AdvanceDeps, tasks: readonly Task[], now: Instant): Promise<void> {
  const byRoute = new Map<string, Watched[]>();
  for (const task of tasks) {
    if (task.state.name !== 'running') continue;
    const group = byRoute.get(task.state.attempt.route) ?? [];
    group.push({ task, state: task.state });
    byRoute.set(task.state.attempt.route, group);
  }
  await Promise.all([...byRoute].map(([name, group]) => watchRoute(deps, name, group, now)));
}

async function watchRoute(
  deps: AdvanceDeps,
  name: string,
  group: readonly Watched[],
  now: Instant,
): Promise<void> {
  const route = await deps.routes.byName(name);
  const still = await endWhatIsOver(deps, route, group, now);
  if (still.length === 0) return;
  if (!route) {
    await postpone(deps, still, 60_000);
    return;
  }
  const sightings = await look(route, still);
  if (!sightings) {
    await postpone(deps, still, route.adapter.looks.thenMs);
    return;
  }
  const unchanged: Watched[] = [];
  await Promise.all(
    still.map(async (one, index) => {
      const event = what(
        one,
        sightings[index] ?? { is: 'running', progress: null },
        route.adapter.looks.thenMs,
      );
      if (event) await move(deps, one.task, event);
      else unchanged.push(one);
    }),
  );
  await postpone(deps, unchanged, route.adapter.looks.thenMs);
}

/** Ends what is past its deadline or to be canceled; returns the rest. */
async function endWhatIsOver(
  deps: AdvanceDeps,
  route: Route | null,
  group: readonly Watched[],
  now: Instant,
): Promise<Watched[]> {
  const still: Watched[] = [];
  for (const one of group) {
    const expired = now >= (deadline(one.task) ?? now);
    const stopped = expired || one.task.cancelRequested ? await stop(route, one.state) : false;
    if (expired) await move(deps, one.task, { is: 'expired' });
    else if (stopped) await move(deps, one.task, { is: 'canceled' });
    else still.push(one);
  }
  return still;
}

/** Best effort: an upstream that cannot stop, or does not answer, goes on. */
async function stop(route: Route | null, state: Running): Promise<boolean> {
  if (!route?.adapter.cancel) return false;
  try {
    return (await route.adapter.cancel(state.handle, route.upstream)) === 'stopped';
  } catch (error) {
    if (error instanceof Trouble) return false;
    throw error;
  }
}

/** Null where the upstream cannot be asked now: that says nothing about the jobs. */
async function look(route: Route, group: readonly Watched[]): Promise<readonly Sighting[] | null> {
  try {
    return await route.adapter.watch(
      group.map((one) => one.state.handle),
      route.upstream,
    );
  } catch (error) {
    if (error instanceof Trouble) return null;
    throw error;
  }
}

function what({ task, state }: Watched, sighting: Sighting, thenMs: number): TaskEvent | null {
  switch (sighting.is) {
    case 'running': {
      const progress =
        sighting.progress === null ? null : Math.min(99, Math.max(0, Math.floor(sighting.progress)));
      const moved = progress !== null && progress >= (state.progress ?? 0) + PROGRESS_STEP;
      return moved ? { is: 'progressed', progress, dueInMs: thenMs } : null;
    }
    case 'rendered':
      return { is: 'rendered', outputs: sighting.outputs, usage: sighting.usage };
    case 'gone':
      return { is: 'rerouted', reason: 'gone', dueInMs: 0 };
    case 'failed': {
      const { failure } = sighting;
      if (failure.kind === 'canceled' && task.cancelRequested) return { is: 'canceled' };
      if (isCustomersDoing(failure.kind) || failure.failure)
        return { is: 'failed', failure: customerFailure(failure) };
      return { is: 'rerouted', reason: failure.kind, dueInMs: 0 };
    }
  }
}

async function postpone(deps: AdvanceDeps, group: readonly Watched[], dueInMs: number): Promise<void> {
  if (group.length === 0) return;
  await deps.store.postpone(group.map(({ task }) => ({ id: task.id, version: task.version, dueInMs })));
}
