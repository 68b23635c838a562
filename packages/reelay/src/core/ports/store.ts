import type { StoredFile } from '../task.ts';
import type { FileId, KeyId, TaskId } from '../values.ts';
import type { AccountStore } from './accounts.ts';
import type { LetterStore } from './letters.ts';
import type { RouteStore } from './routes.ts';
import type { TaskStore } from './tasks.ts';

/** Allowance of requests, leased in blocks so that several processes together never exceed a key's rate. */
export interface LimitStore {
  /** Up to `wanted` requests of a key's minute; 0 with the time to wait when it is used up. */
  leaseAllowance(
    key: KeyId,
    wanted: number,
    perMinute: number,
  ): Promise<{ granted: number; retryAfterMs: number }>;
}

export interface FileStore {
  /** Files past their time that are not removed yet. */
  expiredFiles(limit: number): Promise<readonly FileId[]>;
  filesRemoved(ids: readonly FileId[]): Promise<void>;
  file(id: FileId): Promise<(StoredFile & { readonly task: TaskId; readonly removed: boolean }) | null>;
  /** Which of these are in the store's book and not removed: the rest are orphans. */
  known(ids: readonly FileId[]): Promise<ReadonlySet<FileId>>;
}

/** Processes that share the database, by name: whether one still lives. */
export interface NodeStore {
  /** Says that a node lives, for the next `leaseMs`. */
  beat(node: string, leaseMs: number): Promise<void>;
  isAlive(node: string): Promise<boolean>;
}

export interface Violation {
  readonly law: string;
  readonly ids: readonly string[];
  readonly detail: string;
}

/** The whole store. */
export interface Store
  extends TaskStore,
    LetterStore,
    AccountStore,
    LimitStore,
    FileStore,
    NodeStore,
    RouteStore {
  /** Throws `StoreUnavailable` unless the database answers and its migrations are done. */
  ready(): Promise<void>;
  /** Holds every law against the database in one consistent snapshot. */
  audit(): Promise<readonly Violation[]>;
  /** Small durable values by name: link keys, the admin token's hash. Sets it only if absent and returns what stands. */
  setting(name: string, initial: string): Promise<string>;
  close(): Promise<void>;
}
