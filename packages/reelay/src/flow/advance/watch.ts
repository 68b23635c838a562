import { customerFailure, isCustomersDoing, Trouble } from '../../core/failure.ts';
import type { RouteReport } from '../../core/health.ts';
import type { TaskEvent } from '../../core/lifecycle.ts';
import { deadline } from '../../core/lifecycle.ts';
import type { Route, Sighting } from '../../core/ports/provider.ts';
import type { Task, TaskState } from '../../core/task.ts';
import type { Instant } from '../../core/values.ts';
import { move } from '../move.ts';
import type { AdvanceDeps } from './deps.ts';

/** Progress is committed in steps of this many percent: clients want movement, the database rest. */
const PROGRESS_STEP = 5;

/** A route that was taken down is looked for again after this long. */
const UNSET_MS = 60_000;

const NOTHING_NEW: Sighting = { is: 'running', progress: null };

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
  const isLate = ({ task }: Watched) => now >= (deadline(task) ?? now);
  const inTime = group.filter((one) => !isLate(one));
  await Promise.all([
    ...group.filter(isLate).map((one) => expire(deps, route, one)),
    ...inTime.filter(({ task }) => task.cancelRequested).map((one) => stopOrLook(deps, route, one)),
    look(
      deps,
      route,
      inTime.filter(({ task }) => !task.cancelRequested),
    ),
  ]);
}

/** Ends a task whose time is over, and only then its job: what the upstream makes of that is no matter any more. */
async function expire(deps: AdvanceDeps, route: Route | null, { task, state }: Watched): Promise<void> {
  if (!(await move(deps, task, { is: 'expired' }))) return;
  deps.routes.report(state.attempt.route, { is: 'failed', stage: 'film', kind: 'timeout' });
  await stop(route, state);
}

async function stopOrLook(deps: AdvanceDeps, route: Route | null, one: Watched): Promise<void> {
  if (await stop(route, one.state)) await move(deps, one.task, { is: 'canceled' });
  else await look(deps, route, [one]);
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

async function look(deps: AdvanceDeps, route: Route | null, group: readonly Watched[]): Promise<void> {
  if (group.length === 0) return;
  if (!route) {
    await postpone(deps, group, UNSET_MS);
    return;
  }
  const handles = group.map((one) => one.state.handle);
  const { thenMs } = route.adapter.looks;
  try {
    await take(deps, route, group, await route.adapter.watch(handles, route.upstream));
  } catch (error) {
    // An upstream that cannot be asked now says nothing about the jobs.
    if (error instanceof Trouble) return postpone(deps, group, thenMs);
    throw error;
  }
}

/** Commits what changed; the rest is looked at again later. */
async function take(
  deps: AdvanceDeps,
  { name, adapter }: Route,
  group: readonly Watched[],
  sightings: readonly Sighting[],
): Promise<void> {
  const { thenMs } = adapter.looks;
  const seen = group.map((one, index) => ({
    one,
    event: what(one, sightings[index] ?? NOTHING_NEW, thenMs),
  }));
  const unchanged = seen.filter(({ event }) => event === null).map(({ one }) => one);
  await Promise.all([
    postpone(deps, unchanged, thenMs),
    ...seen.map(async ({ one, event }, index) => {
      if (!event || !(await move(deps, one.task, event))) return;
      const report = reported(sightings[index] ?? NOTHING_NEW);
      if (report) deps.routes.report(name, report);
    }),
  ]);
}

/** What a job's end says of its route; null where it says nothing: its film is still to be looked at, or it was stopped. */
function reported(sighting: Sighting): RouteReport | null {
  if (sighting.is === 'gone') return { is: 'failed', stage: 'film', kind: 'gone' };
  if (sighting.is !== 'failed' || sighting.failure.kind === 'canceled') return null;
  const { kind } = sighting.failure;
  return isCustomersDoing(kind) ? { is: 'refused' } : { is: 'failed', stage: 'film', kind };
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
      return { is: 'rerouted', reason: failure.kind, dueInMs: 0, unbilled: failure.charged === false };
    }
  }
}

async function postpone(deps: AdvanceDeps, group: readonly Watched[], dueInMs: number): Promise<void> {
  if (group.length === 0) return;
  await deps.store.postpone(group.map(({ task }) => ({ id: task.id, version: task.version, dueInMs })));
}
