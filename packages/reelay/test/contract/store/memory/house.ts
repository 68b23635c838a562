import type { FileStore, LimitStore, NodeStore } from '../../../../src/core/ports/store.ts';
import type { StoredFile } from '../../../../src/core/task.ts';
import type { FileId, Instant, KeyId, TaskId } from '../../../../src/core/values.ts';

export interface FileRow {
  readonly file: StoredFile;
  readonly task: TaskId;
  removed: boolean;
}

/** Files, allowances, nodes and settings in memory. */
export abstract class MemoryHouse implements FileStore, LimitStore, NodeStore {
  readonly fileRows = new Map<FileId, FileRow>();
  readonly #settings = new Map<string, string>();
  readonly #allowance = new Map<KeyId, number>();
  readonly #nodes = new Map<string, Instant>();
  protected readonly now: () => Instant;

  constructor(now: () => Instant) {
    this.now = now;
  }

  /** Whether a task still needs its files. */
  protected abstract isUnfinished(task: TaskId): boolean;

  async leaseAllowance(key: KeyId, wanted: number, perMinute: number) {
    const now = this.now();
    const stepMs = 60_000 / perMinute;
    const from = Math.max(this.#allowance.get(key) ?? 0, now - 60_000);
    const granted = Math.max(0, Math.min(wanted, Math.floor((now - from) / stepMs)));
    this.#allowance.set(key, from + granted * stepMs);
    return { granted, retryAfterMs: granted > 0 ? 0 : Math.ceil(from + stepMs - now) };
  }

  async expiredFiles(limit: number): Promise<readonly FileId[]> {
    const now = this.now();
    return [...this.fileRows.values()]
      .filter((row) => !row.removed && row.file.expiresAt <= now && !this.isUnfinished(row.task))
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
    this.#nodes.set(node, this.now() + leaseMs);
  }

  async isAlive(node: string): Promise<boolean> {
    return (this.#nodes.get(node) ?? 0) > this.now();
  }

  async forgetNode(node: string): Promise<void> {
    this.#nodes.delete(node);
  }

  /** Whether a lease is held by somebody who cannot end it any more. */
  protected isGone(node: string | null): boolean {
    return node !== null && (this.#nodes.get(node) ?? 0) <= this.now();
  }

  protected forgetNodesBut(node: string | null): void {
    for (const name of this.#nodes.keys()) if (name !== node) this.#nodes.delete(name);
  }

  async setting(name: string, initial: string): Promise<string> {
    const standing = this.#settings.get(name) ?? initial;
    this.#settings.set(name, standing);
    return standing;
  }
}
