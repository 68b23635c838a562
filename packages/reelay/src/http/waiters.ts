import type { TaskStore } from '../core/ports/tasks.ts';
import type { TaskSummary } from '../core/task.ts';
import { isOver } from '../core/task.ts';
import type { TaskId } from '../core/values.ts';

/** All waiters read again so often, together: a hint may be lost with a connection, and callers may have gone. */
const REREAD_MS = 5_000;

/**
 * Requests that wait for a task to move: one listener and one timer a process, however many wait. Between hints nobody
 * reads; what is read at one time the store reads in groups.
 */
export class Waiters {
  readonly #store: Pick<TaskStore, 'onMoved' | 'summary'>;
  readonly #waiting = new Map<TaskId, Set<() => void>>();
  readonly #elapsedMs: () => number;
  readonly #stop: () => void;
  #sweep: NodeJS.Timeout | null = null;
  #released = false;

  constructor(store: Pick<TaskStore, 'onMoved' | 'summary'>, elapsedMs: () => number) {
    this.#store = store;
    this.#elapsedMs = elapsedMs;
    this.#stop = store.onMoved((ids) => {
      // No ids: hints were lost, and everybody looks.
      if (ids.length === 0) this.#wakeAll();
      for (const id of ids) this.#wake(id);
    });
  }

  /** Whether the gateway is shutting down: nobody is held any more. */
  get released(): boolean {
    return this.#released;
  }

  /**
   * The task once it is `enough`, or as it is when it is over, `waitMs` have passed, the caller has gone, or the
   * gateway shuts down.
   */
  async until(
    seen: TaskSummary,
    waitMs: number,
    isGone: () => boolean,
    enough: (latest: TaskSummary) => boolean,
  ): Promise<TaskSummary> {
    const endsAtMs = this.#elapsedMs() + waitMs;
    let latest = seen;
    for (;;) {
      const hint = this.#hint(seen.id, endsAtMs - this.#elapsedMs());
      try {
        latest = (await this.#store.summary(seen.id)) ?? latest;
        const over = this.#released || isGone() || this.#elapsedMs() >= endsAtMs;
        if (over || isOver(latest.state) || enough(latest)) return latest;
        await hint.given;
      } finally {
        hint.forget();
      }
    }
  }

  /** Answers everyone who waits, with what is known now; nobody is held any more. */
  release(): void {
    this.#released = true;
    this.#stop();
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const id of [...this.#waiting.keys()]) this.#wake(id);
  }

  #wake(id: TaskId): void {
    for (const hear of this.#waiting.get(id) ?? []) hear();
  }

  /** Registered before the task is read, so that a move in between is not missed. */
  #hint(id: TaskId, atMostMs: number): { readonly given: Promise<void>; forget(): void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.max(1, atMostMs));
    const hearers = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, hearers.add(resolve));
    this.#sweep ??= setInterval(() => this.#wakeAll(), REREAD_MS);
    const forget = () => {
      clearTimeout(timer);
      hearers.delete(resolve);
      if (hearers.size === 0) this.#waiting.delete(id);
      if (this.#waiting.size > 0 || !this.#sweep) return;
      clearInterval(this.#sweep);
      this.#sweep = null;
    };
    return { given: promise, forget };
  }
}
