import type { AccountId, Instant, LetterId } from '../values.ts';
import type { DeliveryAttempt } from './letters.ts';

export type EndpointId = `whend_${string}`;

/** A signing secret of an endpoint; an older one still signs until its time is over. */
export interface EndpointSecret {
  /** `whsec_…`. Sealed at rest. */
  readonly secret: string;
  /** Null: it stands. */
  readonly until: Instant | null;
}

/** An address that an account registered for its events. */
export interface Endpoint {
  readonly id: EndpointId;
  readonly account: AccountId;
  readonly name: string;
  readonly url: string;
  readonly eventTypes: readonly string[];
  /** `disabled`: by its owner, or by the house after long failure; `revoked`: removed, kept for its history. */
  readonly status: 'active' | 'disabled' | 'revoked';
  /** Newest first. */
  readonly secrets: readonly EndpointSecret[];
  readonly lastSuccessAt: Instant | null;
  readonly lastFailureAt: Instant | null;
  /** Failed attempts since the last that succeeded. */
  readonly failureCount: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly disabledAt: Instant | null;
  readonly revokedAt: Instant | null;
}

/** What may be changed of an endpoint; what is left out stays. */
export type EndpointChange = Partial<
  Pick<Endpoint, 'name' | 'url' | 'eventTypes' | 'status' | 'secrets' | 'disabledAt' | 'revokedAt'>
>;

/** A letter to an endpoint, with every attempt. */
export interface EndpointDelivery {
  readonly letter: LetterId;
  readonly type: string;
  readonly state: 'pending' | 'delivered' | 'dead';
  readonly createdAt: Instant;
  readonly attempts: readonly DeliveryAttempt[];
}

/** An event of an account's feed, at a position that never changes. */
export interface FeedEvent {
  readonly type: string;
  /** Rendered once: the very text that endpoints are sent. */
  readonly body: string;
}

/**
 * Registered endpoints, their letters, and the feed of events that can be read instead.
 * A finishing commit writes one letter to every active endpoint of the account that wants the type, and one event to the
 * account's feed, whether or not an endpoint stands.
 */
export interface EndpointStore {
  /** `too_many`: the account has `most` that are not revoked. */
  createEndpoint(endpoint: Endpoint, most: number): Promise<'created' | 'too_many'>;
  endpoint(id: EndpointId): Promise<Endpoint | null>;
  /** All that are not revoked, newest first. */
  endpoints(account: AccountId): Promise<readonly Endpoint[]>;
  /** Null where there is none, or it is revoked. Becoming active again forgets its failures. */
  updateEndpoint(id: EndpointId, change: EndpointChange, at: Instant): Promise<Endpoint | null>;
  /** A letter of no task, to one endpoint only: a test. */
  writeLetter(
    endpoint: EndpointId,
    letter: { readonly id: LetterId; readonly type: string; readonly body: string },
  ): Promise<void>;
  /** Newest first; the cursor is opaque. */
  endpointDeliveries(
    endpoint: EndpointId,
    page: { readonly cursor: string | null; readonly limit: number },
  ): Promise<{ readonly deliveries: readonly EndpointDelivery[]; readonly nextCursor: string | null }>;
  /** Makes a letter that is delivered or dead due again, with its own id and body. False where it is not this endpoint's. */
  replayLetter(endpoint: EndpointId, letter: LetterId): Promise<boolean>;
  /**
   * Events after a position, oldest first; null: from the first that is kept. `nextCursor` is the position to go on
   * from, also where there is nothing new. `expired`: events after this position are no longer kept.
   */
  feed(
    account: AccountId,
    page: { readonly cursor: string | null; readonly limit: number; readonly type: string | null },
  ): Promise<
    | { readonly events: readonly FeedEvent[]; readonly nextCursor: string | null; readonly hasMore: boolean }
    | 'expired'
  >;
}
