import type { TaskEvent } from '../core/lifecycle.ts';
import { next } from '../core/lifecycle.ts';
import type { TaskStore } from '../core/ports/tasks.ts';
import type { Clock, Scribe } from '../core/ports/world.ts';
import type { Task } from '../core/task.ts';

export interface MoveDeps {
  readonly store: TaskStore;
  readonly clock: Clock;
  readonly scribe: Scribe;
}

/**
 * Decides what an event makes of a task and commits it: the one way a task moves after its birth.
 * @returns the task as it now is; null when somebody else moved it first
 */
export async function move(deps: MoveDeps, task: Task, event: TaskEvent): Promise<Task | null> {
  const change = next(task, event, deps.clock.now());
  const letters = deps.scribe.letters(change.task, change.notices);
  const verdict = await deps.store.commit({ ...change, letters });
  return verdict === 'committed' ? change.task : null;
}
