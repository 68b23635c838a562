import { destination } from '../core/lifecycle.ts';
import type { TaskSummary } from '../core/task.ts';
import { isOver } from '../core/task.ts';
import type { TaskId } from '../core/values.ts';
import type { MoveDeps } from './move.ts';
import { move } from './move.ts';

/**
 * What became of the wish to cancel: never begun and refunded, passed on to whoever is at work on it, or too late
 * because the film is there or the task is over.
 */
export type CancelOutcome = 'before_start' | 'requested' | 'too_late' | 'not_found';

/** Asks for a task to be canceled. What is at work upstream is stopped where the upstream can. */
export async function cancel(
  deps: MoveDeps,
  id: TaskId,
): Promise<{ readonly outcome: CancelOutcome; readonly task: TaskSummary | null }> {
  // A worker may move the task at the same moment; each turn reads it anew.
  for (let turn = 0; turn < 10; turn += 1) {
    const task = await deps.store.task(id);
    if (!task) return { outcome: 'not_found', task: null };
    if (isOver(task.state) || destination(task.state.name, 'cancelRequested') === null) {
      return { outcome: 'too_late', task };
    }
    if (task.cancelRequested) return { outcome: 'requested', task };
    const moved = await move(deps, task, { is: 'cancelRequested' });
    if (moved) return { outcome: isOver(moved.state) ? 'before_start' : 'requested', task: moved };
  }
  return { outcome: 'too_late', task: await deps.store.summary(id) };
}
