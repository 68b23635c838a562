import type { EndpointId, EndpointSecret } from '../core/ports/endpoints.ts';
import type { DeliveryAttempt, DeliveryOutcome, Letter, LetterStore } from '../core/ports/letters.ts';
import type { OperatorStore } from '../core/ports/operator.ts';
import type { Vault } from '../core/ports/world.ts';
import type { Instant, KeyId, LetterId, TaskId } from '../core/values.ts';
import { openSecrets } from './endpoints.ts';
import type { Session, Statement } from './session.ts';

/** How many messages to one receiver may be under way at one time: one that hangs holds up its own only. */
const RECEIVER_MAX = 4;
/** In the row of a letter that is of no task: the id of none. */
const NO_TASK: TaskId = 'task_';
const NO_KEY: KeyId = 'key_';

/**
 * Walks from receiver to receiver along the index and takes the oldest of each up to its share, whoever has the fewest
 * under way first. Letters of a disabled endpoint are held: nobody walks past them.
 */
const CLAIM: Statement = {
  name: 'claim_letters',
  text: `with recursive receivers (receiver, first_due) as (
      (select receiver, due_at from letters where state = 'pending' and not held order by receiver, due_at limit 1)
      union all
      select n.receiver, n.due_at from receivers r cross join lateral (
        select l.receiver, l.due_at from letters l where l.state = 'pending' and not l.held and l.receiver > r.receiver
        order by l.receiver, l.due_at limit 1
      ) n
    ), due as (
      select l.id from receivers r
      cross join lateral (
        select count(*) as count from letters
        where state = 'pending' and not held and receiver = r.receiver and due_at > now_ms() and leased
      ) under_way
      cross join lateral (
        select id, due_at, under_way.count + row_number() over (order by due_at) as turn from letters
        where state = 'pending' and not held and receiver = r.receiver and due_at <= now_ms()
        order by due_at limit greatest(0, ${RECEIVER_MAX} - under_way.count)
      ) l
      where r.first_due <= now_ms()
      order by l.turn, l.due_at limit $1
    ), locked as (
      select id from letters where id in (select id from due) and state = 'pending' and not held and due_at <= now_ms()
      for no key update skip locked
    ), claimed as (
      update letters l set due_at = now_ms() + $2, leased = true, leased_by = $3 from locked where l.id = locked.id
      returning l.*
    )
    select now_ms() as now, l.id, coalesce(l.task, '${NO_TASK}') as task, l.account, coalesce(l.key, '${NO_KEY}') as key, l.kind,
      l.endpoint, coalesce(e.url, l.url) as url, l.type, l.body, l.attempts,
      k.callback_secrets as "keySecrets", e.secrets as "endpointSecrets"
    from claimed l left join endpoints e on e.id = l.endpoint left join keys k on k.id = l.key`,
};
const RECORD: Statement = {
  name: 'record_delivery',
  text: 'select record_delivery($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
};
const ENDPOINT_OF: Statement = {
  name: 'endpoint_of_letter',
  text: 'select endpoint from letters where id = $1 and endpoint is not null',
};
const REPLAY: Statement = {
  name: 'replay_letter',
  text: `update letters set state = 'pending', due_at = now_ms(), leased = false, held = false
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

interface ClaimedRow extends Omit<Letter, 'secrets'> {
  readonly now: Instant;
  readonly keySecrets: readonly string[] | null;
  readonly endpointSecrets: readonly EndpointSecret[] | null;
}

interface DeliveryRow {
  readonly id: LetterId;
  readonly url: string;
  readonly state: 'pending' | 'delivered' | 'dead';
  readonly attempts: readonly DeliveryAttempt[];
}

export interface LetterOptions {
  readonly vault: Vault;
  /** This process's own name; null: it has none. */
  readonly node: string | null;
  /** News of an endpoint that a delivery would disable; null where there is nothing to tell. */
  readonly newsOf: (endpoint: EndpointId, failedAt: Instant) => Promise<object | null>;
}

/** Notices on their way. */
export function letterStore(
  session: Session,
  { vault, node, newsOf }: LetterOptions,
): LetterStore & Pick<OperatorStore, 'replay'> {
  const secretsOf = ({ keySecrets, endpointSecrets, kind, now }: ClaimedRow) =>
    kind === 'endpoint'
      ? standing(openSecrets(endpointSecrets ?? [], vault), now)
      : (keySecrets ?? []).map((secret) => vault.open(secret));

  /** Written before it is known whether it is needed: what disables an endpoint tells so in the same commit. */
  async function news(letter: LetterId, attempt: DeliveryAttempt, outcome: DeliveryOutcome) {
    if (outcome.is !== 'dead') return null;
    const [row] = await session.query<{ endpoint: EndpointId }>(ENDPOINT_OF, [letter]);
    return row ? newsOf(row.endpoint, attempt.at) : null;
  }

  return {
    async claimLetters(limit, leaseMs) {
      const rows = await session.query<ClaimedRow>(CLAIM, [limit, leaseMs, node]);
      const letters = rows.map((row) => {
        const { now: _now, keySecrets: _key, endpointSecrets: _endpoint, ...letter } = row;
        return { ...letter, secrets: secretsOf(row) };
      });
      return { now: rows[0]?.now ?? (await session.now()), letters };
    },
    async recordDelivery(letter, attempt, outcome) {
      const { number, at, status, durationMs, error, excerpt } = attempt;
      const state = outcome.is === 'again' ? 'pending' : outcome.is;
      const dueInMs = outcome.is === 'again' ? outcome.dueInMs : null;
      const told = await news(letter, attempt, outcome);
      const made = [letter, number, at, status, Math.round(durationMs), error, wellFormed(excerpt)];
      await session.query(RECORD, [...made, state, dueInMs, told]);
    },
    replay: async (letter) => (await session.query(REPLAY, [letter])).length > 0,
    async deliveries(task) {
      const rows = await session.query<DeliveryRow>(DELIVERIES, [task]);
      return rows.map(({ id, ...delivery }) => ({ letter: id, ...delivery }));
    },
  };
}

/** The secrets that sign now: two during a rotation. */
function standing(secrets: readonly EndpointSecret[], now: Instant): readonly string[] {
  return secrets.filter(({ until }) => until === null || until > now).map(({ secret }) => secret);
}

/** A receiver may answer anything; the database takes neither NUL nor half a character. */
function wellFormed(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}
