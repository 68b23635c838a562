import { Buffer } from 'node:buffer';
import type { AccountChange, AccountVerdict, Transfer } from '../../../src/core/ledger.ts';
import type { Ambiguity } from '../../../src/core/lifecycle.ts';
import type { Order } from '../../../src/core/order.ts';
import type { Account, ApiKey, LedgerLine, PriceRule } from '../../../src/core/ports/accounts.ts';
import type { DeliveryAttempt, DeliveryOutcome, Letter } from '../../../src/core/ports/letters.ts';
import type { Store, Violation } from '../../../src/core/ports/store.ts';
import type {
  Claimed,
  Commit,
  TaskFilter,
  TimelineEntry,
  Verdict,
  WorkKind,
} from '../../../src/core/ports/tasks.ts';
import type { StoredFile, Task, TaskStateName, TaskSummary } from '../../../src/core/task.ts';
import { isOver } from '../../../src/core/task.ts';
import type {
  AccountId,
  Credits,
  FileId,
  Instant,
  KeyId,
  LetterId,
  TaskId,
} from '../../../src/core/values.ts';

const KINDS: Readonly<Record<WorkKind, readonly TaskStateName[]>> = {
  queued: ['queued'],
  watching: ['submitting', 'unknown', 'running'],
  storing: ['storing'],
};

interface Row {
  task: Task;
  dueAt: Instant | null;
  startTag: number;
}
interface AccountRow {
  account: Account;
  available: Credits;
  committed: Credits;
  /** Virtual time of the account's last order, for fair claims. */
  finishTag: number;
}
interface KeyRow {
  key: ApiKey;
  unfinished: number;
  committed: Credits;
}
interface LetterRow {
  letter: Letter;
  state: 'pending' | 'delivered' | 'dead';
  dueAt: Instant;
  attempts: DeliveryAttempt[];
}
interface FileRow {
  file: StoredFile;
  task: TaskId;
  removed: boolean;
}

/**
 * The store in memory: the same contract as PostgreSQL, by a clock of the test's own. It carries the simulation, so
 * everything is synchronous inside, and every table is open to look at.
 */
export class MemoryStore implements Store {
  readonly rows = new Map<TaskId, Row>();
  readonly accountRows = new Map<AccountId, AccountRow>();
  readonly keyRows = new Map<KeyId, KeyRow>();
  readonly transfers = new Map<string, Transfer & { reason: string | null }>();
  readonly events = new Map<TaskId, TimelineEntry[]>();
  readonly letterRows = new Map<LetterId, LetterRow>();
  readonly fileRows = new Map<FileId, FileRow>();
  readonly ambiguities: (Ambiguity & { task: TaskId })[] = [];
  readonly #idempotency = new Map<string, { task: TaskId; fingerprint: string }>();
  readonly #prices: PriceRule[] = [];
  readonly #settings = new Map<string, string>();
  readonly #allowance = new Map<KeyId, number>();
  readonly #nodes = new Map<string, Instant>();
  readonly #listeners = new Set<(ids: readonly TaskId[]) => void>();
  readonly #now: () => Instant;
  #virtualTime = 0;

  constructor(now: () => Instant) {
    this.#now = now;
  }

  // ------------------------------------------------------------------------------------------------ tasks

  async commit(change: Commit): Promise<Verdict> {
    const verdict = change.expects === null ? this.#admit(change) : this.#fence(change);
    if (verdict !== 'committed') return verdict;
    const { task } = change;
    const born = change.expects === null;
    for (const transfer of change.transfers) this.#transfer(transfer, task, null);
    const key = this.#key(task.key);
    if (born) key.unfinished += 1;
    if (isOver(task.state)) key.unfinished -= 1;
    const dueAt = change.dueInMs === null ? null : this.#now() + change.dueInMs;
    this.rows.set(task.id, {
      task,
      dueAt,
      startTag: born ? this.#startTag(task) : this.#row(task.id).startTag,
    });
    this.#note(change);
    for (const file of change.files) this.fileRows.set(file.id, { file, task: task.id, removed: false });
    if (change.ambiguity) this.ambiguities.push({ ...change.ambiguity, task: task.id });
    for (const listener of this.#listeners) listener([task.id]);
    return 'committed';
  }

  #admit({ task, transfers }: Commit): Verdict {
    const { idempotency } = task.origin;
    const name = idempotency && idempotencyName(task.account, idempotency.route, idempotency.key);
    if (this.rows.has(task.id) || (name && this.#idempotency.has(name))) return 'duplicate';
    const key = this.#key(task.key);
    const account = this.#account(task.account);
    const hold = transfers.reduce((sum, one) => sum + one.amount, 0);
    if (key.unfinished >= key.key.unfinishedTasks) return 'too_many_tasks';
    if (this.#account(task.wallet).available < hold) return 'insufficient_credits';
    if (account.account.cap !== null && account.committed + hold > account.account.cap)
      return 'insufficient_credits';
    if (key.key.cap !== null && key.committed + hold > key.key.cap) return 'insufficient_credits';
    if (name && idempotency)
      this.#idempotency.set(name, { task: task.id, fingerprint: idempotency.fingerprint });
    return 'committed';
  }

  #fence({ task, expects }: Commit): Verdict {
    return this.rows.get(task.id)?.task.version === expects ? 'committed' : 'stale';
  }

  #transfer(transfer: Transfer, task: Task, reason: string | null): void {
    if (this.transfers.has(transfer.id)) throw new Error(`the transfer ${transfer.id} exists`);
    this.transfers.set(transfer.id, { ...transfer, reason });
    const wallet = this.#account(task.wallet);
    const account = this.#account(task.account);
    const key = this.#key(task.key);
    const out =
      transfer.kind === 'hold' ? transfer.amount : transfer.kind === 'refund' ? -transfer.amount : 0;
    wallet.available -= out;
    account.committed += out;
    key.committed += out;
    if (wallet.available < 0) throw new Error(`the wallet ${task.wallet} is overdrawn`);
  }

  #note({ task, event, letters }: Commit): void {
    const timeline = this.events.get(task.id) ?? [];
    timeline.push({ version: task.version, at: task.updatedAt, event: event.name, detail: event.detail });
    this.events.set(task.id, timeline);
    for (const draft of letters) {
      if (draft.to !== 'callback' || task.origin.callbackUrl === null) continue;
      const id: LetterId = `evt_${task.id.slice('task_'.length)}`;
      const letter: Letter = {
        id,
        task: task.id,
        account: task.account,
        key: task.key,
        kind: 'callback',
        endpoint: null,
        url: task.origin.callbackUrl,
        type: draft.type,
        body: draft.body,
        attempts: 0,
        secrets: this.#key(task.key).key.callbackSecrets,
      };
      this.letterRows.set(id, { letter, state: 'pending', dueAt: this.#now(), attempts: [] });
    }
  }

  #startTag(task: Task): number {
    const account = this.#account(task.account);
    const tag = Math.max(this.#virtualTime, account.finishTag);
    account.finishTag = tag + 1;
    return tag;
  }

  async summary(id: TaskId): Promise<TaskSummary | null> {
    return this.rows.get(id)?.task ?? null;
  }

  async task(id: TaskId): Promise<Task | null> {
    return this.rows.get(id)?.task ?? null;
  }

  async original(account: AccountId, route: string, key: string) {
    return this.#idempotency.get(idempotencyName(account, route, key)) ?? null;
  }

  async claim(kind: WorkKind, limit: number, leaseMs: number): Promise<Claimed> {
    const now = this.#now();
    const due = [...this.rows.values()]
      .filter((row) => row.dueAt !== null && row.dueAt <= now && KINDS[kind].includes(row.task.state.name))
      .sort((a, b) => (kind === 'queued' ? a.startTag - b.startTag : (a.dueAt ?? 0) - (b.dueAt ?? 0)))
      .slice(0, limit);
    for (const row of due) {
      row.dueAt = now + leaseMs;
      if (kind === 'queued') this.#virtualTime = Math.max(this.#virtualTime, row.startTag);
    }
    return { now, tasks: due.map((row) => row.task) };
  }

  async postpone(looks: readonly { id: TaskId; version: number; dueInMs: number }[]): Promise<void> {
    for (const { id, version, dueInMs } of looks) {
      const row = this.rows.get(id);
      if (row && row.dueAt !== null && row.task.version === version) row.dueAt = this.#now() + dueInMs;
    }
  }

  async wake(id: TaskId): Promise<void> {
    const row = this.rows.get(id);
    if (!row || row.dueAt === null || row.task.state.name === 'submitting') return;
    row.dueAt = this.#now();
    for (const listener of this.#listeners) listener([id]);
  }

  onMoved(listener: (ids: readonly TaskId[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async timeline(id: TaskId): Promise<readonly TimelineEntry[]> {
    return this.events.get(id) ?? [];
  }

  async list(filter: TaskFilter) {
    const before = filter.cursor === undefined ? null : Buffer.from(filter.cursor, 'base64url').toString();
    const matching = [...this.rows.values()]
      .map((row) => row.task)
      .filter((task) => filter.account === undefined || task.account === filter.account)
      .filter((task) => filter.state === undefined || filter.state.includes(task.state.name))
      .filter(
        (task) =>
          filter.clientRequestId === undefined || task.origin.clientRequestId === filter.clientRequestId,
      )
      .filter((task) => before === null || task.id < before)
      .sort((a, b) => (a.id < b.id ? 1 : -1));
    const tasks = matching.slice(0, filter.limit);
    const last = matching.length > tasks.length ? tasks.at(-1) : undefined;
    return { tasks, nextCursor: last ? Buffer.from(last.id).toString('base64url') : null };
  }

  // ---------------------------------------------------------------------------------------------- letters

  async claimLetters(limit: number, leaseMs: number) {
    const now = this.#now();
    const due = [...this.letterRows.values()]
      .filter((row) => row.state === 'pending' && row.dueAt <= now)
      .sort((a, b) => a.dueAt - b.dueAt)
      .slice(0, limit);
    for (const row of due) row.dueAt = now + leaseMs;
    return { now, letters: due.map((row) => ({ ...row.letter, attempts: row.attempts.length })) };
  }

  async recordDelivery(id: LetterId, attempt: DeliveryAttempt, outcome: DeliveryOutcome): Promise<void> {
    const row = this.letterRows.get(id);
    if (!row) throw new Error(`there is no letter ${id}`);
    row.attempts.push(attempt);
    if (row.state !== 'pending') return;
    if (outcome.is === 'again') row.dueAt = this.#now() + outcome.dueInMs;
    else row.state = outcome.is;
  }

  async deliveries(task: TaskId) {
    return [...this.letterRows.values()]
      .filter((row) => row.letter.task === task)
      .map(({ letter, state, attempts }) => ({ letter: letter.id, url: letter.url, state, attempts }));
  }

  // --------------------------------------------------------------------------------------------- accounts

  async createAccount(account: Account): Promise<'created' | 'duplicate'> {
    if (await this.accountByName(account.name)) return 'duplicate';
    this.accountRows.set(account.id, { account, available: 0, committed: 0, finishTag: 0 });
    return 'created';
  }

  async accountByName(name: string): Promise<Account | null> {
    return (await this.accounts()).find((account) => account.name === name) ?? null;
  }

  async accounts(): Promise<readonly Account[]> {
    return [...this.accountRows.values()].map((row) => row.account);
  }

  async createKey(key: ApiKey): Promise<void> {
    this.keyRows.set(key.id, { key, unfinished: 0, committed: 0 });
  }

  async keyByHash(hash: string): Promise<ApiKey | null> {
    return [...this.keyRows.values()].find((row) => row.key.hash === hash)?.key ?? null;
  }

  async keyById(id: KeyId): Promise<ApiKey | null> {
    return this.keyRows.get(id)?.key ?? null;
  }

  async keys(account: AccountId | null): Promise<readonly ApiKey[]> {
    return [...this.keyRows.values()]
      .map((row) => row.key)
      .filter((key) => account === null || key.account === account);
  }

  async revokeKey(id: KeyId, at: Instant): Promise<boolean> {
    const row = this.keyRows.get(id);
    if (!row || row.key.revokedAt !== null) return false;
    row.key = { ...row.key, revokedAt: at };
    return true;
  }

  async replaceCallbackSecrets(id: KeyId, secrets: readonly string[]): Promise<void> {
    const row = this.#key(id);
    row.key = { ...row.key, callbackSecrets: secrets };
  }

  async commitAccount(change: AccountChange): Promise<AccountVerdict> {
    const account = this.accountRows.get(change.account)?.account;
    if (!account) return 'no_such_account';
    if (this.transfers.has(change.reference)) return 'duplicate';
    const wallet = this.#account(account.wallet);
    if (wallet.available + change.amount < 0) return 'insufficient_credits';
    wallet.available += change.amount;
    const holder = `account:${account.wallet}` as const;
    this.transfers.set(change.reference, {
      id: change.reference,
      kind: change.kind,
      from: change.amount > 0 ? 'house:issued' : holder,
      to: change.amount > 0 ? holder : 'house:issued',
      amount: Math.abs(change.amount),
      at: this.#now(),
      reason: change.reason,
    });
    return 'committed';
  }

  async balance(wallet: AccountId) {
    let held = 0;
    for (const { task } of this.rows.values()) if (task.wallet === wallet) held += task.escrow;
    return { available: this.#account(wallet).available, held };
  }

  async ledger(wallet: AccountId, limit: number): Promise<readonly LedgerLine[]> {
    const mine = [...this.transfers.values()].filter((transfer) => {
      const task = taskOf(transfer);
      return (
        transfer.from === `account:${wallet}` ||
        transfer.to === `account:${wallet}` ||
        (task !== null && this.rows.get(task)?.task.wallet === wallet)
      );
    });
    return mine
      .reverse()
      .slice(0, limit)
      .map((transfer) => ({
        id: transfer.id,
        kind: transfer.kind,
        amount: transfer.amount,
        task: taskOf(transfer),
        reason: transfer.reason,
        at: transfer.at,
      }));
  }

  async price(model: string, account: AccountId, order: Order): Promise<Credits | null> {
    const fits = (rule: PriceRule) =>
      rule.model === model &&
      (rule.account === null || rule.account === account) &&
      (rule.durationSeconds === null || rule.durationSeconds === order.durationSeconds) &&
      (rule.sound === null || rule.sound === order.sound) &&
      (rule.resolution === null || rule.resolution === order.resolution);
    const [best] = this.#prices.filter(fits).sort((a, b) => exactness(b) - exactness(a));
    return best?.price ?? null;
  }

  async setPrice(rule: PriceRule): Promise<void> {
    const same = this.#prices.findIndex((one) => priceName(one) === priceName(rule));
    if (same >= 0) this.#prices.splice(same, 1);
    this.#prices.push(rule);
  }

  // ------------------------------------------------------------------------------------- limits and files

  async leaseAllowance(key: KeyId, wanted: number, perMinute: number) {
    const now = this.#now();
    const stepMs = 60_000 / perMinute;
    const from = Math.max(this.#allowance.get(key) ?? 0, now - 60_000);
    const granted = Math.max(0, Math.min(wanted, Math.floor((now - from) / stepMs)));
    this.#allowance.set(key, from + granted * stepMs);
    return { granted, retryAfterMs: granted > 0 ? 0 : Math.ceil(from + stepMs - now) };
  }

  async expiredFiles(limit: number): Promise<readonly FileId[]> {
    const now = this.#now();
    return [...this.fileRows.values()]
      .filter((row) => !row.removed && row.file.expiresAt <= now)
      .slice(0, limit)
      .map((row) => row.file.id);
  }

  async filesRemoved(ids: readonly FileId[]): Promise<void> {
    for (const id of ids) {
      const row = this.fileRows.get(id);
      if (row) row.removed = true;
    }
  }

  async file(id: FileId) {
    const row = this.fileRows.get(id);
    return row ? { ...row.file, task: row.task, removed: row.removed } : null;
  }

  async known(ids: readonly FileId[]): Promise<ReadonlySet<FileId>> {
    return new Set(ids.filter((id) => this.fileRows.get(id)?.removed === false));
  }

  // ------------------------------------------------------------------------------------------------ house

  async beat(node: string, leaseMs: number): Promise<void> {
    this.#nodes.set(node, this.#now() + leaseMs);
  }

  async isAlive(node: string): Promise<boolean> {
    return (this.#nodes.get(node) ?? 0) > this.#now();
  }

  async ready(): Promise<void> {}

  async audit(): Promise<readonly Violation[]> {
    const violations: Violation[] = [];
    const broken = (law: string, ids: readonly string[], detail: string) => {
      if (ids.length > 0) violations.push({ law, ids, detail });
    };
    const tasks = [...this.rows.values()];
    broken(
      'over ⇔ never due again',
      tasks.filter((row) => isOver(row.task.state) !== (row.dueAt === null)).map((row) => row.task.id),
      'a finished task is due, or an unfinished one is not',
    );
    broken(
      'no open escrow on a finished task',
      tasks.filter(({ task }) => task.escrow !== this.#held(task.id)).map((row) => row.task.id),
      'the escrow is not what the transfers say',
    );
    broken(
      'balances are the sum of their transfers',
      [...this.accountRows.keys()].filter((id) => this.#account(id).available !== this.#sum(`account:${id}`)),
      'a balance differs from its transfers',
    );
    broken(
      'unfinished counters',
      [...this.keyRows.values()]
        .filter(
          ({ key, unfinished }) =>
            unfinished !== tasks.filter((row) => row.task.key === key.id && !isOver(row.task.state)).length,
        )
        .map((row) => row.key.id),
      'the counter differs from the tasks',
    );
    const told = new Set([...this.letterRows.values()].map((row) => row.letter.task));
    broken(
      'ended ⇒ told',
      tasks
        .filter(({ task }) => isOver(task.state) && task.origin.callbackUrl !== null && !told.has(task.id))
        .map((row) => row.task.id),
      'a finished task with a callback has no letter',
    );
    return violations;
  }

  async setting(name: string, initial: string): Promise<string> {
    const standing = this.#settings.get(name) ?? initial;
    this.#settings.set(name, standing);
    return standing;
  }

  async close(): Promise<void> {}

  #held(task: TaskId): Credits {
    return this.#sum(`task:${task}`);
  }

  #sum(holder: string): Credits {
    let sum = 0;
    for (const transfer of this.transfers.values()) {
      if (transfer.to === holder) sum += transfer.amount;
      if (transfer.from === holder) sum -= transfer.amount;
    }
    return sum;
  }

  #row(id: TaskId): Row {
    const row = this.rows.get(id);
    if (!row) throw new Error(`there is no task ${id}`);
    return row;
  }

  #account(id: AccountId): AccountRow {
    const row = this.accountRows.get(id);
    if (!row) throw new Error(`there is no account ${id}`);
    return row;
  }

  #key(id: KeyId): KeyRow {
    const row = this.keyRows.get(id);
    if (!row) throw new Error(`there is no key ${id}`);
    return row;
  }
}

function idempotencyName(account: AccountId, route: string, key: string): string {
  return JSON.stringify([account, route, key]);
}

function taskOf(transfer: Transfer): TaskId | null {
  const holder = [transfer.from, transfer.to].find((one) => one.startsWith('task:'));
  return holder === undefined ? null : (holder.slice('task:'.length) as TaskId);
}

function exactness(rule: PriceRule): number {
  const weight = (value: unknown, of: number) => (value === null ? 0 : of);
  return (
    weight(rule.account, 8) +
    weight(rule.durationSeconds, 4) +
    weight(rule.sound, 2) +
    weight(rule.resolution, 1)
  );
}

function priceName(rule: PriceRule): string {
  return JSON.stringify([rule.model, rule.account, rule.durationSeconds, rule.sound, rule.resolution]);
}
