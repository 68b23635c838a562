import type { Failure, UpstreamFailureKind } from './failure.ts';
import type { Order, Prepared } from './order.ts';
import type { AccountId, Credits, FileId, Instant, Json, KeyId, TaskId, UsdMicros } from './values.ts';
import { Bug } from './values.ts';

/** Where a provider stands in the routing strategies: `own` is the built-in studio or an operator's own hardware. */
export type Tier = 'value' | 'official' | 'own';

/** One go at having the film made, made durable before the upstream hears of it. */
export interface Attempt {
  /** 1 for the first. */
  readonly number: number;
  /** The route it took: a provider as an operator set it up. */
  readonly route: string;
  readonly provider: string;
  readonly tier: Tier;
  readonly startedAt: Instant;
  /** Past this the request must not be sent any more: somebody else may have taken the task over. */
  readonly sendBy: Instant;
  /** What the upstream stores as our reference, derived from the task; the lookup key after a doubtful submit. */
  readonly reference: string;
  /** What the upstream lists for it, at most; null where nothing is billed or nothing is known. */
  readonly costMicros: UsdMicros | null;
}

/** A result where the provider left it: behind a URL, or on this machine's disk (the studio). */
export interface Output {
  readonly kind: 'video' | 'poster' | 'preview';
  readonly at: { readonly url: string } | { readonly path: string };
}

/** What the upstream says it used; `costMicros` null where it says nothing. */
export interface Usage {
  readonly costMicros: UsdMicros | null;
}

/** A result kept by us. */
export interface StoredFile {
  readonly id: FileId;
  readonly kind: Output['kind'] | 'input';
  readonly mimeType: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Its link and its bytes live until then. */
  readonly expiresAt: Instant;
}

export type TaskState =
  | { readonly name: 'queued' }
  | { readonly name: 'submitting'; readonly attempt: Attempt }
  | { readonly name: 'unknown'; readonly attempt: Attempt; readonly emptyReads: number }
  | {
      readonly name: 'running';
      readonly attempt: Attempt;
      readonly handle: Json;
      readonly progress: number | null;
    }
  | {
      readonly name: 'storing';
      readonly attempt: Attempt;
      readonly outputs: readonly Output[];
      readonly usage: Usage;
    }
  | { readonly name: 'succeeded'; readonly files: readonly StoredFile[]; readonly charge: Credits }
  | { readonly name: 'failed'; readonly failure: Failure }
  | { readonly name: 'canceled'; readonly outcome: 'before_start' | 'stopped' };

export type TaskStateName = TaskState['name'];

/** The conditions a task was accepted on. A later change of the model or the price book never touches them. */
export interface Terms {
  readonly price: Credits;
  /** The most that all attempts together may cost upstream; null: no cap. */
  readonly costCapMicros: UsdMicros | null;
  /** The most that one attempt may cost, by the price and the margin that the house wants; absent: no floor was set. */
  readonly attemptCapMicros?: UsdMicros;
  readonly attemptsMax: number;
  /** How long files are kept after completion. */
  readonly retentionMs: number;
  readonly deadlines: {
    /** From creation to the last moment an attempt may begin. */
    readonly queueMs: number;
    readonly attemptMs: number;
    readonly storingMs: number;
    readonly unknownMs: number;
  };
}

/** Where an order came from: what the answer, the callback and a repeated request need. */
export interface Origin {
  readonly surface: string;
  readonly callbackUrl: string | null;
  readonly clientRequestId: string | null;
  readonly idempotency: { readonly route: string; readonly key: string; readonly fingerprint: string } | null;
}

/** An attempt that came to nothing, and why; its route is not tried again for this task unless the job got lost. */
export interface Tried {
  readonly attempt: number;
  readonly route: string;
  readonly reason: UpstreamFailureKind | 'not_sent' | 'gone' | 'bad_film' | 'absent';
  /** What its upstream may have billed for it; absent: nothing. */
  readonly costMicros?: UsdMicros;
}

/** What clients are shown: everything of a task but its order. The hot row. */
export interface TaskSummary {
  readonly id: TaskId;
  /** Counts committed changes, from 1. */
  readonly version: number;
  readonly account: AccountId;
  /** The account whose credits are held: its own id, or its parent's. */
  readonly wallet: AccountId;
  readonly key: KeyId;
  /** Made with a test key: served by the studio only, with play credits. */
  readonly sandbox: boolean;
  readonly model: string;
  readonly state: TaskState;
  /** When the present state was entered. */
  readonly stateSince: Instant;
  readonly price: Credits;
  /** Credits it holds now: `price` until it is over, then 0. */
  readonly escrow: Credits;
  /** Attempts begun. */
  readonly attempts: number;
  readonly cancelRequested: boolean;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** When the first attempt began. */
  readonly startedAt: Instant | null;
  readonly completedAt: Instant | null;
}

/** A task whole, as a flow decides on it. */
export interface Task extends TaskSummary {
  readonly order: Order;
  readonly terms: Terms;
  readonly origin: Origin;
  readonly prepared: Prepared | null;
  readonly tried: readonly Tried[];
}

/** The attempt that a task is in. Throws a `Bug` where there is none. */
export function attemptOf(state: TaskState): Attempt {
  if (!('attempt' in state)) throw new Bug(`a task that is ${state.name} has no attempt`);
  return state.attempt;
}

/** Whether nothing can happen to it any more. */
export function isOver(state: TaskState): boolean {
  return state.name === 'succeeded' || state.name === 'failed' || state.name === 'canceled';
}

/**
 * How clients see a state, whatever their dialect calls it: pending only before the first attempt,
 * processing from then on until it is over, also through a failover (decision 37).
 */
export function phase(task: TaskSummary): 'pending' | 'processing' | 'succeeded' | 'failed' {
  if (task.state.name === 'succeeded') return 'succeeded';
  if (task.state.name === 'failed' || task.state.name === 'canceled') return 'failed';
  return task.startedAt === null ? 'pending' : 'processing';
}

/** The failure that clients are shown: a canceled task shows as one (decision 37). Null unless it failed. */
export function shownFailure(task: TaskSummary): Failure | null {
  if (task.state.name === 'failed') return task.state.failure;
  if (task.state.name === 'canceled') return { code: 'generation_failed', message: 'Canceled' };
  return null;
}
