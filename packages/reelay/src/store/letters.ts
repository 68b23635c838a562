import type { DeliveryAttempt, Letter, LetterStore } from '../core/ports/letters.ts';
import type { OperatorStore } from '../core/ports/operator.ts';
import type { Vault } from '../core/ports/world.ts';
import type { Instant, LetterId } from '../core/values.ts';
import type { Session, Statement } from './session.ts';

/** How many messages to one receiver may be under way at one time: a slow one holds up its own only. */
const RECEIVER_MAX = 16;

/** Walks from receiver to receiver along the index, takes the oldest of each up to its share, then the oldest of all. */
const CLAIM: Statement = {
  name: 'claim_letters',
  text: `with recursive receivers (receiver) as (
      (select receiver from letters where state = 'pending' order by receiver limit 1)
      union all
      select (
        select l.receiver from letters l where l.state = 'pending' and l.receiver > r.receiver order by l.receiver limit 1
      ) from receivers r where r.receiver is not null
    ), due as (
      select l.id from receivers r
      cross join lateral (
        select id, due_at from letters where state = 'pending' and receiver = r.receiver and due_at <= now_ms()
        order by due_at
        limit greatest(0, ${RECEIVER_MAX} - (
          select count(*) from letters where state = 'pending' and receiver = r.receiver and due_at > now_ms() and leased))
      ) l
      order by l.due_at limit $1
    ), locked as (
      select id from letters where id in (select id from due) and state = 'pending' and due_at <= now_ms()
      for no key update skip locked
    ), claimed as (
      update letters l set due_at = now_ms() + $2, leased = true from locked where l.id = locked.id returning l.*
    )
    select now_ms() as now, l.id, l.task, l.account, l.key, l.kind, l.endpoint, l.url, l.type, l.body, l.attempts,
      k.callback_secrets as sealed
    from claimed l join keys k on k.id = l.key`,
};
const RECORD: Statement = {
  name: 'record_delivery',
  text: `with attempt as (
      insert into delivery_attempts (letter, number, at, status, duration_ms, error, excerpt)
      values ($1, $2, $3, $4, $5, $6, $7)
    )
    update letters set
      attempts = attempts + 1,
      leased = false,
      state = case when state = 'pending' then $8 else state end,
      due_at = case when state = 'pending' and $8 = 'pending' then now_ms() + $9::bigint end
    where id = $1`,
};
const REPLAY: Statement = {
  name: 'replay_letter',
  text: `update letters set state = 'pending', due_at = now_ms(), leased = false
    where id = $1 and state <> 'pending' returning id`,
};
const DELIVERIES: Statement = {
  name: 'deliveries',
  text: `select l.id, l.url, l.state, coalesce(json_agg(json_build_object(
      'number', a.number, 'at', a.at, 'status', a.status, 'durationMs', a.duration_ms, 'error', a.error, 'excerpt', a.excerpt
    ) order by a.id) filter (where a.id is not null), '[]') as attempts
    from letters l left join delivery_attempts a on a.letter = l.id
    where l.task = $1 group by l.id order by l.created_at, l.id`,
};

type ClaimedRow = Omit<Letter, 'secrets'> & { readonly now: Instant; readonly sealed: readonly string[] };

interface DeliveryRow {
  readonly id: LetterId;
  readonly url: string;
  readonly state: 'pending' | 'delivered' | 'dead';
  readonly attempts: readonly DeliveryAttempt[];
}

/** Notices on their way. */
export function letterStore(session: Session, vault: Vault): LetterStore & Pick<OperatorStore, 'replay'> {
  return {
    async claimLetters(limit, leaseMs) {
      const rows = await session.query<ClaimedRow>(CLAIM, [limit, leaseMs]);
      const letters = rows.map(({ now: _now, sealed, ...letter }) => ({
        ...letter,
        secrets: sealed.map((secret) => vault.open(secret)),
      }));
      return { now: rows[0]?.now ?? (await session.now()), letters };
    },
    async recordDelivery(letter, attempt, outcome) {
      const { number, at, status, durationMs, error, excerpt } = attempt;
      const state = outcome.is === 'again' ? 'pending' : outcome.is;
      const dueInMs = outcome.is === 'again' ? outcome.dueInMs : null;
      const values = [
        letter,
        number,
        at,
        status,
        Math.round(durationMs),
        error,
        wellFormed(excerpt),
        state,
        dueInMs,
      ];
      await session.query(RECORD, values);
    },
    replay: async (letter) => (await session.query(REPLAY, [letter])).length > 0,
    async deliveries(task) {
      const rows = await session.query<DeliveryRow>(DELIVERIES, [task]);
      return rows.map(({ id, ...delivery }) => ({ letter: id, ...delivery }));
    },
  };
}

/** A receiver may answer anything; the database takes neither NUL nor half a character. */
function wellFormed(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}
