import type { Change } from '../lifecycle.ts';
import type { Task, TaskSummary } from '../task.ts';
import type { AccountId, Instant, Json, TaskId } from '../values.ts';

/** `unfinished` counts against the key's limit; caps and credits against the wallet, the account and the key. */
export type Verdict = 'committed' | 'stale' | 'insufficient_credits' | 'duplicate' | 'too_many_tasks';

/** One message of a notice: to the order's own callback address, or to whoever registered for such events. */
export interface LetterDraft {
  readonly to: 'callback' | 'endpoints';
  /** The event type in the receiver's dialect. */
  readonly type: string;
  /** Rendered once; identical on every attempt. */
  readonly body: string;
}

/** A change with its notices written out: what the store commits. */
export interface Commit extends Change {
  readonly letters: readonly LetterDraft[];
}

export interface Claimed {
  /** The database's clock at the claim. */
  readonly now: Instant;
  readonly tasks: readonly Task[];
}

/** What a worker may hold at one time of each kind; queued tasks are claimed fairly over accounts. */
export type WorkKind = 'queued' | 'watching' | 'storing';

/** Thrown by a store that cannot tell or cannot serve now (lock timeout, connection lost): 503, never a lie. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** Tasks: the queue, and the only way to move them. */
export interface TaskStore {
  /**
   * Makes a change true, with all that belongs to it, or not at all. Calls that arrive together share a commit.
   * At birth: `duplicate` when (account, route, idempotency key) has a task; `too_many_tasks` when the key's
   * unfinished tasks are at its limit; `insufficient_credits` when the wallet or a cap does not cover the hold.
   * Later: `stale` when the version has moved on. A lost answer is looked up, never assumed.
   */
  commit(change: Commit): Promise<Verdict>;
  /** Grouped with other reads. */
  summary(id: TaskId): Promise<TaskSummary | null>;
  task(id: TaskId): Promise<Task | null>;
  /** The task that was made under this idempotency key, and the fingerprint of its request. */
  original(
    account: AccountId,
    route: string,
    key: string,
  ): Promise<{ task: TaskId; fingerprint: string } | null>;
  /** Takes due tasks for `leaseMs`: nobody else is given them until then (unless they move). */
  claim(kind: WorkKind, limit: number, leaseMs: number): Promise<Claimed>;
  /** An unchanged look: due again later, no version, no change. Only where the version is still the same. */
  postpone(looks: readonly { id: TaskId; version: number; dueInMs: number }[]): Promise<void>;
  /** Makes an unfinished, unleased or watched task due now: a hint that something happened. */
  wake(id: TaskId): Promise<void>;
  /** Calls `listener` whenever tasks moved or became due, in this process or another. Returns how to stop. */
  onMoved(listener: (ids: readonly TaskId[]) => void): () => void;
  /** What happened to a task, oldest first. */
  timeline(id: TaskId): Promise<readonly TimelineEntry[]>;
  /** An operator's list, newest first; the cursor is opaque. */
  list(filter: TaskFilter): Promise<{ tasks: readonly TaskSummary[]; nextCursor: string | null }>;
}

export interface TimelineEntry {
  readonly version: number;
  readonly at: Instant;
  readonly event: string;
  readonly detail: Json;
}

export interface TaskFilter {
  readonly account?: AccountId;
  readonly state?: readonly TaskSummary['state']['name'][];
  readonly clientRequestId?: string;
  readonly cursor?: string;
  /** 1 to 100. */
  readonly limit: number;
}
