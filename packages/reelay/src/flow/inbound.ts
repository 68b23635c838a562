import { Trouble } from '../core/failure.ts';
import type { InboundCallback, Routes, TaskRef } from '../core/ports/provider.ts';
import type { Task } from '../core/task.ts';
import type { TaskId } from '../core/values.ts';
import type { MoveDeps } from './move.ts';
import { move } from './move.ts';
import { nudge } from './nudge.ts';

export interface InboundDeps extends MoveDeps {
  readonly routes: Routes;
}

/**
 * Takes an upstream's callback, whose address was found to be ours. Nothing of what it says of the job is believed:
 * the task is looked at now. Only a submit in doubt learns from it which job is its own.
 * @returns whether it was genuine
 */
export async function inbound(
  deps: InboundDeps,
  call: { readonly route: string; readonly task: TaskId; readonly request: InboundCallback },
): Promise<boolean> {
  const ref = await read(deps.routes, call.route, call.request);
  if (!ref) return false;
  const task = await deps.store.task(call.task);
  if (!task) return true;
  if (!(await adopt(deps, call.route, task, ref))) await nudge(deps.store, task.id);
  return true;
}

async function read(routes: Routes, name: string, request: InboundCallback): Promise<TaskRef | null> {
  const route = await routes.byName(name);
  if (!route?.adapter.callback) return null;
  try {
    return route.adapter.callback(request, await routes.callbackKey(route));
  } catch (error) {
    // What it is verified with cannot be had now: the upstream sends it again, or the task is looked at in time.
    if (error instanceof Trouble) return null;
    throw error;
  }
}

/** A submit in doubt has landed, and this is its job: unless another task holds it already. */
async function adopt(deps: InboundDeps, route: string, task: Task, ref: TaskRef): Promise<boolean> {
  const { state } = task;
  if (state.name !== 'unknown' || state.attempt.route !== route) return false;
  if (ref.reference !== null && ref.reference !== state.attempt.reference) return false;
  if (!(await deps.routes.claim(route, ref.handle, task.id))) return false;
  return (await move(deps, task, { is: 'found', handle: ref.handle, dueInMs: 0 })) !== null;
}
