import type { FeedEvent } from '../../../../src/core/ports/endpoints.ts';
import type { Instant } from '../../../../src/core/values.ts';

const KEPT_MS = 30 * 86_400_000;

interface Placed extends FeedEvent {
  readonly at: Instant;
  readonly position: number;
}

/** An account's events. In memory a commit is seen by everybody at once, so positions are given as they come. */
export class Feed {
  #events: Placed[] = [];
  #last = 0;
  #removedTo = 0;

  add(event: FeedEvent & { readonly at: Instant }): void {
    this.#last += 1;
    this.#events.push({ ...event, position: this.#last });
  }

  page({ cursor, limit, type }: { cursor: string | null; limit: number; type: string | null }) {
    if (cursor !== null && !/^\d{1,15}$/.test(cursor)) return 'expired' as const;
    const after = Number(cursor ?? 0);
    if (after > this.#last || (cursor !== null && after < this.#removedTo)) return 'expired' as const;
    const found = this.#events.filter((one) => one.position > after && (type ?? one.type) === one.type);
    const shown = found.slice(0, limit);
    const hasMore = found.length > limit;
    const next = hasMore ? (shown.at(-1)?.position ?? this.#last) : this.#last;
    const events = shown.map((one): FeedEvent => ({ type: one.type, body: one.body }));
    return { events, nextCursor: next.toString(), hasMore };
  }

  forget(now: Instant, limit: number): number {
    const old = this.#events.filter((one) => one.at < now - KEPT_MS).slice(0, limit);
    this.#events = this.#events.filter((one) => !old.includes(one));
    this.#removedTo = Math.max(this.#removedTo, ...old.map((one) => one.position));
    return old.length;
  }
}
