import type { UpstreamFailure } from '../failure.ts';
import type { RouteReport } from '../health.ts';
import type { Order, PreparedMedia } from '../order.ts';
import type { Ability, ProviderRoute } from '../routing.ts';
import type { Attempt, Output, Tier, Usage } from '../task.ts';
import type { Instant, Json, TaskId } from '../values.ts';
import type { Net } from './net.ts';

/** A job as a provider is given it. */
export interface Job {
  readonly task: TaskId;
  readonly order: Order;
  readonly attempt: Attempt;
  readonly media: readonly (PreparedMedia & { readonly path: string })[];
  /** What `prepare` made of the media; null where the provider has none. */
  readonly prepared: Json;
}

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Json | Uint8Array | FormData;
}

export interface UpstreamReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body as JSON; undefined where it is none. */
  readonly json: Json | undefined;
  readonly text: string;
}

/** What a provider is given to reach its upstream: transport, credentials, addresses. Throws `Trouble`. */
export interface Upstream {
  readonly credential: Readonly<Record<string, string>>;
  /** Where the upstream may call back about this task, its id legible in it; null where no public address is known. */
  callbackUrl(task: TaskId): string | null;
  /** A call that may be repeated. */
  call(request: UpstreamRequest): Promise<UpstreamReply>;
  /** The billable call: one request on a fresh connection, never repeated, never after `sendBy`. */
  callOnce(request: UpstreamRequest, sendBy: Instant): Promise<UpstreamReply>;
  now(): Instant;
}

/** A field of a provider's credential, as the operator is asked for it. */
export interface CredentialField {
  readonly name: string;
  readonly label: string;
  readonly secret: boolean;
  readonly required: boolean;
  readonly default?: string;
  /** The environment variable it is usually found in. */
  readonly env?: string;
}

export type Sighting =
  | { readonly is: 'running'; readonly progress: number | null }
  | { readonly is: 'rendered'; readonly outputs: readonly Output[]; readonly usage: Usage }
  | { readonly is: 'failed'; readonly failure: UpstreamFailure }
  | { readonly is: 'gone' };

/** So many calls in so much time. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

/** What an upstream documents about its limits, for each credential; null where it says nothing. */
export interface ProviderLimits {
  readonly submits: Rate | null;
  /** Looks at jobs, and everything else that may be repeated. Flows keep to half of it. */
  readonly asks: Rate | null;
  /** Unfinished jobs at a time. */
  readonly unfinished: number | null;
}

/** A callback as it came in: header names in lower case, the body exactly as it was signed. */
export interface InboundCallback {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly receivedAt: Instant;
}

/** Which job a genuine callback is about. Nothing else of it is believed: the job is looked at. */
export interface TaskRef {
  /** What `submit` would have answered: a doubtful submit can be adopted by it. */
  readonly handle: Json;
  /** Our own reference, where the upstream hands it back. */
  readonly reference: string | null;
}

/** One upstream. No money, no rendering for callers, no transport of its own. */
export interface Provider {
  readonly name: string;
  readonly tier: Tier;
  readonly credential: readonly CredentialField[];
  /** Other addresses of the same upstream that its secrets may go to (uploads); absent: its base address only. */
  addresses?(credential: Readonly<Record<string, string>>): readonly string[];
  readonly abilities: readonly Ability[];
  /** How a doubtful submit is resolved; free: own hardware, sending again costs nothing. */
  readonly dedupe: 'key' | 'lookup' | 'callback' | 'free' | 'none';
  /** When the first look is worth it after a submit, and the ones after. */
  readonly looks: { readonly firstMs: (order: Order) => number; readonly thenMs: number };
  /** Absent: none (the operator's own machine sets the pace). */
  readonly limits?: ProviderLimits;
  /** How long a result stays where the upstream left it; absent: until its machine forgets it. */
  readonly resultsLiveMs?: number;
  /** The types of pictures it takes; absent: every type that is accepted from customers. */
  readonly pictures?: readonly string[];
  /** Unbilled: uploads or encodes the checked media. */
  prepare?(job: Job, upstream: Upstream): Promise<Json>;
  /** Exactly one request, never after `job.attempt.sendBy`. Answers a handle that survives a restart. */
  submit(job: Job, upstream: Upstream): Promise<Json>;
  /** One sighting for each handle, in order; batched where the upstream can. */
  watch(handles: readonly Json[], upstream: Upstream): Promise<readonly Sighting[]>;
  /** Looks a doubtful submit up by the attempt's reference. */
  find?(attempt: Attempt, upstream: Upstream): Promise<Json | null>;
  cancel?(handle: Json, upstream: Upstream): Promise<'stopped' | 'too_late'>;
  /** Headers for fetching a result that lies below the upstream's own base address; absent: none are needed. */
  resultHeaders?(credential: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
  /**
   * What inbound callbacks are verified with: the operator's secret, or what the upstream publishes (fal's keys);
   * null where it signs nothing. May be kept for up to a day.
   */
  callbackKey?(upstream: Upstream): Promise<string | null>;
  /**
   * Verifies an inbound callback against `callbackKey`; null: not genuine. Pure. With a null key only the token in
   * the callback's own address vouches for it, which whoever calls this has checked before.
   */
  callback?(request: InboundCallback, key: string | null): TaskRef | null;
}

/** A provider as it is set up: the adapter with its upstream. */
export interface Route extends ProviderRoute {
  readonly adapter: Provider;
  readonly upstream: Upstream;
  /**
   * Fetches results of this upstream, with what it wants to see below its own address. Absent: they are fetched like
   * anybody's, or lie on this machine.
   */
  readonly download?: Net['download'];
}

/** The providers that are set up, and how they are doing. */
export interface Routes {
  /** Every enabled route with its present health. */
  all(): Promise<readonly Route[]>;
  /** Also a disabled one: what it has is finished. */
  byName(name: string): Promise<Route | null>;
  /**
   * Takes a route for an attempt of this task, just before its intent is committed: a slot where it has so many, the
   * one try where its breaker is half open. False: it is full or ill by now.
   */
  take(name: string, task: TaskId): Promise<boolean>;
  /** Says what came of an attempt. Never waits, never throws. */
  report(name: string, report: RouteReport): void;
  /** Whether a handle is this task's job: an upstream that gives two tasks the same one is not believed. */
  claim(name: string, handle: Json, task: TaskId): Promise<boolean>;
  /** What callbacks of a route are verified with, kept for a while; null where it signs nothing. Throws `Trouble`. */
  callbackKey(route: Route): Promise<string | null>;
}
