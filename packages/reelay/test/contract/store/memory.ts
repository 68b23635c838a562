import { Buffer } from 'node:buffer';
import type { Ambiguity } from '../../../src/core/lifecycle.ts';
import type { Violation } from '../../../src/core/ports/store.ts';
import type {
  Claimed,
  Commit,
  TaskFilter,
  TimelineEntry,
  Verdict,
  WorkKind,
} from '../../../src/core/ports/tasks.ts';
import type { Task, TaskState, TaskStateName, TaskSummary } from '../../../src/core/task.ts';
import { isOver } from '../../../src/core/task.ts';
import type { AccountId, Instant, TaskId } from '../../../src/core/values.ts';
import type { OpenStore } from '../../../src/store/postgres.ts';
import { audit } from './memory/audit.ts';
import { MemoryRoutes } from './memory/routes.ts';

const KINDS: Readonly<Record<WorkKind, readonly TaskStateName[]>> = {
  queued: ['queued'],
  watching: ['submitting', 'unknown', 'running'],
  storing: ['storing'],
};
const WATCHED: readonly TaskStateName[] = ['unknown', 'running'];
const KEEP_KEY_MS = 86_400_000;

export interface Row {
  task: Task;
  dueAt: Instant | null;
  leased: boolean;
  leasedBy: string | null;
  readonly turn: number;
}

/**
 * The store in memory: the same contract as PostgreSQL, by a clock of the test's own. It carries the simulation, so
 * everything is synchronous inside, and every table is open to look at.
 */
export class MemoryStore extends MemoryRoutes implements OpenStore {
  readonly rows = new Map<TaskId, Row>();
  readonly events = new Map<TaskId, TimelineEntry[]>();
  readonly ambiguities: (Ambiguity & { task: TaskId })[] = [];
  readonly #idempotency = new Map<string, { task: TaskId; fingerprint: string }>();
  readonly #listeners = new Set<(ids: readonly TaskId[]) => void>();
  /** The virtual time of fair claims: the turn of the last task that was served. */
  #turn = 0;

  async commit(change: Commit): Promise<Verdict> {
    const verdict = change.expects === null ? this.#admit(change) : this.#fence(change);
    if (verdict !== 'committed') return verdict;
    const { task, event } = change;
    for (const transfer of change.transfers) this.transfer(transfer, task);
    const key = this.keyRow(task.key);
    if (change.expects === null) key.unfinished += 1;
    if (isOver(task.state)) key.unfinished -= 1;
    this.rows.set(task.id, {
      task,
      dueAt: change.dueInMs === null ? null : this.now() + change.dueInMs,
      leased: event.name === 'attempted' || event.name === 'prepared',
      leasedBy: this.rows.get(task.id)?.leasedBy ?? null,
      turn: this.rows.get(task.id)?.turn ?? this.#takeTurn(task),
    });
    const entry = { version: task.version, at: task.updatedAt, event: event.name, detail: event.detail };
    this.events.set(task.id, [...(this.events.get(task.id) ?? []), entry]);
    this.write(task, change.letters);
    for (const file of change.files) this.fileRows.set(file.id, { file, task: task.id, removed: false });
    if (change.ambiguity) this.ambiguities.push({ ...change.ambiguity, task: task.id });
    this.#tell(task.id);
    return 'committed';
  }

  #admit({ task, transfers }: Commit): Verdict {
    const { idempotency } = task.origin;
    const name = idempotency && idempotencyName(task.account, idempotency.route, idempotency.key);
    if (this.rows.has(task.id) || (name && this.#standing(name))) return 'duplicate';
    const key = this.keyRow(task.key);
    const account = this.accountRow(task.account);
    const hold = transfers.reduce((sum, one) => sum + one.amount, 0);
    if (key.unfinished >= key.key.unfinishedTasks) return 'too_many_tasks';
    if (
      this.accountRow(task.wallet).available < hold ||
      account.committed + hold > (account.account.cap ?? Number.POSITIVE_INFINITY) ||
      key.committed + hold > (key.key.cap ?? Number.POSITIVE_INFINITY)
    )
      return 'insufficient_credits';
    if (name) this.#idempotency.set(name, { task: task.id, fingerprint: idempotency.fingerprint });
    return 'committed';
  }

  #fence({ task, expects }: Commit): Verdict {
    return this.rows.get(task.id)?.task.version === expects ? 'committed' : 'stale';
  }

  /** What an idempotency key stands for, until a day after its task is over. */
  #standing(name: string): { task: TaskId; fingerprint: string } | null {
    const standing = this.#idempotency.get(name);
    const completedAt = standing && this.rows.get(standing.task)?.task.completedAt;
    const isFree = typeof completedAt === 'number' && completedAt < this.now() - KEEP_KEY_MS;
    return standing && !isFree ? standing : null;
  }

  #takeTurn(task: Task): number {
    const account = this.accountRow(task.account);
    const turn = Math.max(this.#turn, account.turn);
    account.turn = turn + 1;
    return turn;
  }

  #tell(id: TaskId): void {
    for (const listener of this.#listeners) listener([id]);
  }

  protected isUnfinished(task: TaskId): boolean {
    return (this.rows.get(task)?.dueAt ?? null) !== null;
  }

  protected stateOf(task: TaskId): TaskState | null {
    return this.rows.get(task)?.task.state ?? null;
  }

  protected states(): readonly TaskState[] {
    return [...this.rows.values()].map((row) => row.task.state);
  }

  async summary(id: TaskId): Promise<TaskSummary | null> {
    return this.rows.get(id)?.task ?? null;
  }

  async task(id: TaskId): Promise<Task | null> {
    return this.rows.get(id)?.task ?? null;
  }

  async original(account: AccountId, route: string, key: string) {
    return this.#standing(idempotencyName(account, route, key));
  }

  async claim(kind: WorkKind, limit: number, leaseMs: number): Promise<Claimed> {
    const now = this.now();
    const due = [...this.rows.values()]
      .filter((row) => row.dueAt !== null && row.dueAt <= now && KINDS[kind].includes(row.task.state.name))
      .sort((a, b) => (kind === 'queued' ? a.turn - b.turn : (a.dueAt ?? 0) - (b.dueAt ?? 0)))
      .slice(0, limit);
    for (const row of due) {
      row.dueAt = now + leaseMs;
      row.leased = true;
      row.leasedBy = this.node;
      if (kind === 'queued') this.#turn = Math.max(this.#turn, row.turn);
    }
    return { now, tasks: due.map((row) => row.task) };
  }

  async postpone(looks: readonly { id: TaskId; version: number; dueInMs: number }[]): Promise<void> {
    for (const { id, version, dueInMs } of looks) {
      const row = this.rows.get(id);
      if (!row || row.dueAt === null || row.task.version !== version) continue;
      row.dueAt = this.now() + dueInMs;
      row.leased = false;
    }
  }

  async wake(id: TaskId): Promise<void> {
    const row = this.rows.get(id);
    if (!row || row.dueAt === null || row.dueAt <= this.now()) return;
    const { name } = row.task.state;
    if (name === 'submitting' || (row.leased && !WATCHED.includes(name))) return;
    row.dueAt = this.now();
    this.#tell(id);
  }

  async releaseLeases(): Promise<number> {
    const left = [...this.rows.values()].filter(
      ({ task, dueAt, leased, leasedBy }) =>
        dueAt !== null && leased && task.state.name !== 'submitting' && this.isGone(leasedBy),
    );
    for (const row of left) Object.assign(row, { dueAt: this.now(), leased: false });
    return left.length + this.releaseLetters();
  }

  async forgetNodes(): Promise<void> {
    this.forgetNodesBut(this.node);
  }

  onMoved(listener: (ids: readonly TaskId[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async timeline(id: TaskId): Promise<readonly TimelineEntry[]> {
    return this.events.get(id) ?? [];
  }

  async list({ account, state, clientRequestId, cursor, limit }: TaskFilter) {
    const before = cursor === undefined ? null : Buffer.from(cursor, 'base64url').toString();
    const matching = [...this.rows.values()]
      .map((row) => row.task)
      .filter(
        (task) =>
          (account === undefined || task.account === account) &&
          (state === undefined || state.includes(task.state.name)) &&
          (clientRequestId === undefined || task.origin.clientRequestId === clientRequestId) &&
          (before === null || task.id < before),
      )
      .sort((a, b) => (a.id < b.id ? 1 : -1));
    const tasks = matching.slice(0, limit);
    const last = matching.length > limit ? tasks.at(-1) : undefined;
    return { tasks, nextCursor: last ? Buffer.from(last.id).toString('base64url') : null };
  }

  async ready(): Promise<void> {}

  async audit(): Promise<readonly Violation[]> {
    return audit(this);
  }

  async close(): Promise<void> {}
}

function idempotencyName(account: AccountId, route: string, key: string): string {
  return JSON.stringify([account, route, key]);
}
