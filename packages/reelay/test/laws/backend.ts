import type { Change } from '../../src/core/lifecycle.ts';
import type { Store } from '../../src/core/ports/store.ts';
import type { Commit, Verdict, WorkKind } from '../../src/core/ports/tasks.ts';
import { isOver } from '../../src/core/task.ts';
import type { Instant, TaskId } from '../../src/core/values.ts';
import type { MemoryStore } from '../contract/store/memory.ts';

export type DueKind = WorkKind | 'letters';

/** A store as the simulation drives it: with its clock in the simulation's hands, and what is due next to be seen. */
export interface Backend {
  readonly store: Store;
  /** What is due next, and when by the simulation's clock; null when nothing ever will be. */
  nextDue(): Promise<{ readonly kind: DueKind; readonly at: Instant } | null>;
}

/** A change that was made true, as the store told it. */
export interface Entry {
  readonly change: Change;
  readonly at: Instant;
}

/** Every committed change, in order, and what was wrong with one at once. */
export class Journal {
  readonly entries = new Map<TaskId, Entry[]>();
  readonly wrong: string[] = [];

  of(task: TaskId): readonly Entry[] {
    return this.entries.get(task) ?? [];
  }

  note(change: Commit, verdict: Verdict, at: Instant): void {
    if (verdict !== 'committed') return;
    const { task, event, expects } = change;
    const earlier = this.entries.get(task.id) ?? [];
    const before = earlier.at(-1)?.change.task;
    if ((before?.version ?? null) !== expects) {
      this.wrong.push(
        `${task.id}: ${event.name} was decided on ${expects}, but it was at ${before?.version}`,
      );
    }
    if (before && isOver(before.state)) this.wrong.push(`${task.id}: ${event.name} after it was over`);
    if (before?.state.name === 'unknown' && task.state.name === 'queued' && event.name !== 'absent') {
      this.wrong.push(`${task.id}: queued out of doubt by ${event.name}`);
    }
    earlier.push({ change, at });
    this.entries.set(task.id, earlier);
  }
}

const KIND: Readonly<Record<string, DueKind>> = {
  queued: 'queued',
  submitting: 'watching',
  unknown: 'watching',
  running: 'watching',
  storing: 'storing',
};

/** The store with every commit noted as it is answered. */
export function noted(store: Store, journal: Journal, now: () => Instant): Store {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name !== 'commit') return value.bind(target);
      return async (change: Commit) => {
        const verdict = await target.commit(change);
        journal.note(change, verdict, now());
        return verdict;
      };
    },
  });
}

export function memoryBackend(store: MemoryStore, journal: Journal, now: () => Instant): Backend {
  return {
    store: noted(store, journal, now),
    async nextDue() {
      let next: { kind: DueKind; at: Instant } | null = null;
      for (const { task, dueAt } of store.rows.values()) {
        const kind = KIND[task.state.name];
        if (dueAt !== null && kind && (next === null || dueAt < next.at)) next = { kind, at: dueAt };
      }
      for (const { state, dueAt } of store.letterRows.values()) {
        if (state === 'pending' && (next === null || dueAt < next.at)) next = { kind: 'letters', at: dueAt };
      }
      return next;
    },
  };
}
