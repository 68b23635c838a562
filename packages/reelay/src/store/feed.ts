import type { EndpointStore, FeedEvent } from '../core/ports/endpoints.ts';
import type { Session, Statement } from './session.ts';

const PLACE: Statement = { name: 'place_events', text: 'select place_events($1)' };
/** One snapshot for the page and for how far the feed goes: nothing can come in between. */
const PAGE: Statement = {
  name: 'feed_page',
  text: `select f.position as "lastPosition", f.removed_to as "removedTo", e.position, e.type, e.body
    from feeds f left join lateral (
      select position, type, body from events
      where account = f.account and position > $2 and ($4::text is null or type = $4) order by position limit $3
    ) e on true
    where f.account = $1 order by e.position`,
};
const FORGET: Statement = { name: 'forget_events', text: 'select forget_events($1, $2) as gone' };

/** Source: contract Rivya B8 leaves it open; ours. */
const KEPT_MS = 30 * 86_400_000;

interface PageRow {
  readonly lastPosition: number;
  readonly removedTo: number;
  /** Null in the one row of an empty page. */
  readonly position: number | null;
  readonly type: string;
  readonly body: string;
}

export interface Feeds extends Pick<EndpointStore, 'feed'> {
  /** Removes events older than 30 days, some at a time. @returns how many; call again while it is not 0 */
  forgetEvents(limit: number): Promise<number>;
}

/** The feeds of events: positions are given by whoever reads, after the commits, under the lock of the account's feed. */
export function feedStore(session: Session): Feeds {
  return {
    async feed(account, { cursor, limit, type }) {
      await session.query(PLACE, [account]);
      const after = cursor === null ? 0 : positionOf(cursor);
      if (after === null) return 'expired';
      const rows = await session.query<PageRow>(PAGE, [account, after, limit + 1, type]);
      const { lastPosition, removedTo } = rows[0] ?? { lastPosition: 0, removedTo: 0 };
      // A position that was never given out is of another life of this database: what came after it here, nobody knows.
      if (after > lastPosition || (cursor !== null && after < removedTo)) return 'expired';
      return page(rows, limit, lastPosition);
    },
    async forgetEvents(limit) {
      return (await session.query<{ gone: number }>(FORGET, [KEPT_MS, limit]))[0]?.gone ?? 0;
    },
  };
}

function page(rows: readonly PageRow[], limit: number, lastPosition: number) {
  const found = rows.filter((row) => row.position !== null);
  const shown = found.slice(0, limit);
  const hasMore = found.length > limit;
  const events = shown.map(({ type, body }): FeedEvent => ({ type, body }));
  // Past events of other types as well, so that whoever asks for a rare type does not fall behind.
  const next = hasMore ? (shown.at(-1)?.position ?? lastPosition) : lastPosition;
  return { events, nextCursor: next.toString(), hasMore };
}

/** The position that a cursor stands for; null where it is none of ours. */
function positionOf(cursor: string): number | null {
  return /^\d{1,15}$/.test(cursor) ? Number(cursor) : null;
}
