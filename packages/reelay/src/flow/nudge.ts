import type { TaskStore } from '../core/ports/tasks.ts';
import type { TaskId } from '../core/values.ts';

/** An upstream says that something happened: the task is looked at now. Polling remains the only reader. */
export async function nudge(store: Pick<TaskStore, 'wake'>, task: TaskId): Promise<void> {
  await store.wake(task);
}
