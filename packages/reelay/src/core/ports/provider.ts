import type { UpstreamFailure } from '../failure.ts';
import type { Order, PreparedMedia } from '../order.ts';
import type { Ability, ProviderRoute } from '../routing.ts';
import type { Attempt, Output, Tier, Usage } from '../task.ts';
import type { Instant, Json, TaskId } from '../values.ts';

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
  /** Where the upstream may call back about this task; null where no public address is known. */
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

/** One upstream. No money, no rendering for callers, no transport of its own. */
export interface Provider {
  readonly name: string;
  readonly tier: Tier;
  readonly credential: readonly CredentialField[];
  readonly abilities: readonly Ability[];
  /** How a doubtful submit is resolved; free: own hardware, sending again costs nothing. */
  readonly dedupe: 'key' | 'lookup' | 'callback' | 'free' | 'none';
  /** When the first look is worth it after a submit, and the ones after. */
  readonly looks: { readonly firstMs: (order: Order) => number; readonly thenMs: number };
  /** Unbilled: uploads or encodes the checked media. */
  prepare?(job: Job, upstream: Upstream): Promise<Json>;
  /** Exactly one request, never after `job.attempt.sendBy`. Answers a handle that survives a restart. */
  submit(job: Job, upstream: Upstream): Promise<Json>;
  /** One sighting for each handle, in order; batched where the upstream can. */
  watch(handles: readonly Json[], upstream: Upstream): Promise<readonly Sighting[]>;
  /** Looks a doubtful submit up by the attempt's reference. */
  find?(attempt: Attempt, upstream: Upstream): Promise<Json | null>;
  cancel?(handle: Json, upstream: Upstream): Promise<'stopped' | 'too_late'>;
}

/** A provider as it is set up: the adapter with its upstream. */
export interface Route extends ProviderRoute {
  readonly adapter: Provider;
  readonly upstream: Upstream;
}

export interface Routes {
  /** Every enabled route with its present health. */
  all(): Promise<readonly Route[]>;
  byName(name: string): Promise<Route | null>;
}
