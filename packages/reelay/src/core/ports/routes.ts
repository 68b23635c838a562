import type { RouteHealth } from '../health.ts';
import type { Instant, TaskId, UsdMicros } from '../values.ts';

/** What an operator pays for a second of film, where it is not the list price. */
export interface PricePerSecond {
  readonly silentMicros: UsdMicros;
  readonly soundMicros: UsdMicros;
}

/** A provider as an operator set it up. */
export interface StoredRoute {
  readonly name: string;
  readonly provider: string;
  /** By the names of the adapter's fields. Sealed at rest; null where the master key does not open it. */
  readonly credential: Readonly<Record<string, string>> | null;
  /** A disabled route is given no new work; what it has is finished. */
  readonly enabled: boolean;
  /** Higher is tried first within its tier. */
  readonly weight: number;
  /** Unfinished jobs at a time; null: what the upstream documents. */
  readonly concurrency: number | null;
  readonly price: PricePerSecond | null;
  readonly createdAt: Instant;
  /** Moves with every change, so that whoever keeps a copy can tell. */
  readonly updatedAt: Instant;
}

/** What may be changed of a route; what is left out stays. */
export type RouteChange = Partial<
  Pick<StoredRoute, 'enabled' | 'weight' | 'concurrency' | 'price'> & {
    readonly credential: Readonly<Record<string, string>>;
  }
>;

/** How a route stands at a moment. */
export interface RouteStanding {
  readonly health: RouteHealth;
  /** Jobs that hold a slot: attempts under way, and those about to begin. Counted only where slots are taken. */
  readonly unfinished: number;
}

/** What happened on a route within some time. */
export interface RouteScore {
  readonly succeeded: number;
  readonly failed: number;
  /** Orders that the upstream refused for what the customer wanted. */
  readonly refused: number;
  /** All latencies of the succeeded together. */
  readonly latencyMs: number;
}

/** One thing that was tried on the real upstream, and what came of it. */
export interface Evidence {
  readonly route: string;
  readonly provider: string;
  readonly operation: 'find' | 'submit' | 'watch' | 'cancel';
  readonly ok: boolean;
  /** For the operator: bounded, without secrets. */
  readonly detail: string;
  readonly at: Instant;
}

/** Providers as they are set up, how they are doing, and whose jobs are whose. */
export interface RouteStore {
  /** By name; also the disabled ones. */
  storedRoutes(): Promise<readonly StoredRoute[]>;
  addRoute(route: StoredRoute): Promise<'added' | 'duplicate'>;
  /** Null where there is none. Time moves on at least by one. */
  changeRoute(name: string, change: RouteChange, at: Instant): Promise<StoredRoute | null>;
  /** `in_use`: attempts on it are unfinished, and only its credential can finish them. */
  removeRoute(name: string): Promise<'removed' | 'in_use' | 'none'>;
  /** Every stored route's standing, by the database's clock. */
  standings(): Promise<{ readonly now: Instant; readonly of: ReadonlyMap<string, RouteStanding> }>;
  /**
   * Decides on a route's standing while nobody else does. What `decide` answers becomes its health; `slotFor` takes a
   * slot for a task, given back when its attempt is left, or soon where none begins. Does nothing where there is no such route.
   */
  decideOnRoute(
    name: string,
    decide: (
      standing: RouteStanding,
      now: Instant,
    ) => { readonly health: RouteHealth; readonly slotFor: TaskId | null },
  ): Promise<void>;
  addScores(scores: readonly { readonly route: string; readonly score: RouteScore }[]): Promise<void>;
  /** What happened since then, to the hour. */
  scores(since: Instant): Promise<ReadonlyMap<string, RouteScore>>;
  /** Whether an upstream's job is this task's: it is whose it first was said to be. */
  claimJob(route: string, job: string, task: TaskId): Promise<boolean>;
  addEvidence(evidence: Evidence): Promise<void>;
  /** The latest of each operation of each route. */
  evidence(): Promise<readonly Evidence[]>;
}
