import type { NoticeType } from '../lifecycle.ts';
import type { Model } from '../model.ts';
import type { Order } from '../order.ts';
import type { Task } from '../task.ts';
import type { AccountId, FileId, Instant, KeyId, TaskId } from '../values.ts';
import type { LetterDraft } from './tasks.ts';

/** The wall clock, for times that are shown. Leases and due times are counted by the database instead. */
export interface Clock {
  now(): Instant;
}

/** Judges a prompt before any attempt; a reason refuses it. */
export interface Moderator {
  judge(
    order: Order,
  ): Promise<{ readonly allowed: true } | { readonly allowed: false; readonly reason: string }>;
}

/** A moderator could not judge now: the order waits, neither let through nor refused. */
export class ModerationUnavailable extends Error {
  override readonly name = 'ModerationUnavailable';
}

/** New identifiers. */
export interface Ids {
  task(): TaskId;
  file(): FileId;
  account(): AccountId;
  key(): KeyId;
  /** From 0 to 1, for jitter. */
  chance(): number;
}

export interface Models {
  all(): readonly Model[];
  byId(id: string): Model | null;
}

/** Writes the notices of a finished task in the dialects of those who are told. */
export interface Scribe {
  letters(task: Task, notices: readonly NoticeType[]): readonly LetterDraft[];
}

/** Seals small secrets at rest (`REELAY_MASTER_KEY`) and opens them again. Throws where the key does not fit. */
export interface Vault {
  seal(text: string): string;
  open(sealed: string): string;
}
