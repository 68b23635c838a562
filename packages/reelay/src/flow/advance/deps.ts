import type { Files } from '../../core/ports/files.ts';
import type { Inspector, Net } from '../../core/ports/net.ts';
import type { Routes } from '../../core/ports/provider.ts';
import type { TaskStore } from '../../core/ports/tasks.ts';
import type { Ids, Models, Moderator } from '../../core/ports/world.ts';
import type { FileId, Instant } from '../../core/values.ts';
import type { MoveDeps } from '../move.ts';

/** What advancing a task takes. */
export interface AdvanceDeps extends MoveDeps {
  readonly store: TaskStore;
  readonly models: Models;
  readonly routes: Routes;
  readonly files: Files;
  readonly net: Net;
  readonly inspector: Inspector;
  readonly moderator: Moderator;
  readonly ids: Ids;
  /**
   * The file that a URL of this gateway's own stands for, where the link was good at that moment; `unusable` where it was
   * not; null: the URL is not ours. Absent: none is.
   */
  ownFile?(url: string, at: Instant): FileId | 'unusable' | null;
  /** Waits: between the tries of a commit that must not be lost. */
  pause(ms: number): Promise<void>;
}

/** How long a claimed task is ours. A submit may take 60 s, so the lease outlives it. */
export const LEASE_MS = 90_000;

/** Nothing is sent in the last of a lease: whoever takes the task over must not meet us on the way. */
export const SEND_MARGIN_MS = 5_000;
