import type { AccountId, Instant, KeyId, LetterId, TaskId } from '../values.ts';

/** A message on its way: at least once, to one receiver. */
export interface Letter {
  readonly id: LetterId;
  readonly task: TaskId;
  readonly account: AccountId;
  readonly key: KeyId;
  readonly kind: 'callback' | 'endpoint';
  readonly endpoint: string | null;
  readonly url: string;
  readonly type: string;
  readonly body: string;
  /** Attempts made already. */
  readonly attempts: number;
  /** `whsec_…` to sign with, opened; two during a rotation. */
  readonly secrets: readonly string[];
}

export interface DeliveryAttempt {
  readonly number: number;
  readonly at: Instant;
  /** The receiver's HTTP status; null where it gave none. */
  readonly status: number | null;
  readonly durationMs: number;
  /** Why it did not arrive; null when it did. */
  readonly error: string | null;
  /** The first of the answer, bounded. */
  readonly excerpt: string;
}

/** What comes of an attempt: `dueInMs` from now for another. */
export type DeliveryOutcome =
  | { readonly is: 'delivered' }
  | { readonly is: 'again'; readonly dueInMs: number }
  | { readonly is: 'dead' };

/** Notices: written by the finishing commit, claimed like tasks. */
export interface LetterStore {
  claimLetters(limit: number, leaseMs: number): Promise<{ now: Instant; letters: readonly Letter[] }>;
  /** Records an attempt, and what comes of it: delivered, tried again after `dueInMs`, or dead. */
  recordDelivery(letter: LetterId, attempt: DeliveryAttempt, outcome: DeliveryOutcome): Promise<void>;
  deliveries(task: TaskId): Promise<
    readonly {
      letter: LetterId;
      url: string;
      state: 'pending' | 'delivered' | 'dead';
      attempts: readonly DeliveryAttempt[];
    }[]
  >;
}
