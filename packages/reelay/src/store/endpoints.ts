import { Buffer } from 'node:buffer';
import { v7 } from 'uuid';
import type {
  Endpoint,
  EndpointDelivery,
  EndpointId,
  EndpointSecret,
  EndpointStore,
} from '../core/ports/endpoints.ts';
import type { Vault } from '../core/ports/world.ts';
import type { Instant, LetterId } from '../core/values.ts';
import { compact } from '../ids.ts';
import type { Session, Statement } from './session.ts';

const ENDPOINT_COLUMNS = `id, account, name, url, event_types as "eventTypes", status, secrets,
  last_success_at as "lastSuccessAt", last_failure_at as "lastFailureAt", failure_count as "failureCount",
  created_at as "createdAt", updated_at as "updatedAt", disabled_at as "disabledAt", revoked_at as "revokedAt"`;

const CREATE: Statement = {
  name: 'create_endpoint',
  text: 'select create_endpoint($1, $2, $3, $4, $5, $6, $7, $8, $9) as created',
};
const ENDPOINT: Statement = {
  name: 'endpoint',
  text: `select ${ENDPOINT_COLUMNS} from endpoints where id = $1`,
};
const ENDPOINTS: Statement = {
  name: 'endpoints',
  text: `select ${ENDPOINT_COLUMNS} from endpoints where account = $1 and status <> 'revoked' order by created_at desc, id desc`,
};
const UPDATE: Statement = {
  name: 'update_endpoint',
  // Its letters wait with it while it is disabled, and end with it.
  text: `with changed as (
    update endpoints set
      updated_at = $2,
      name = coalesce($3, name),
      url = coalesce($4, url),
      event_types = coalesce($5, event_types),
      status = coalesce($6, status),
      secrets = coalesce($7, secrets),
      disabled_at = case when $8 then $9::bigint else disabled_at end,
      revoked_at = case when $10 then $11::bigint else revoked_at end,
      failure_count = case when $6 = 'active' and status <> 'active' then 0 else failure_count end,
      failing_since = case when $6 = 'active' and status <> 'active' then null else failing_since end,
      dead_letters = case when $6 = 'active' and status <> 'active' then 0 else dead_letters end
    where id = $1 and status <> 'revoked' returning *
    ), letters_of_it as (
      update letters l set
        held = changed.status = 'disabled',
        state = case when changed.status = 'revoked' then 'dead' else l.state end,
        due_at = case when changed.status = 'revoked' then null else l.due_at end,
        leased = l.leased and changed.status <> 'revoked'
      from changed where l.endpoint = changed.id and l.state = 'pending' and $6::text is not null
    )
    select ${ENDPOINT_COLUMNS} from changed`,
};
const WRITE: Statement = {
  name: 'write_letter',
  text: `insert into letters (id, account, kind, endpoint, receiver, url, type, body, due_at, created_at)
    select $2, account, 'endpoint', id, id, url, $3, $4, now_ms(), now_ms() from endpoints where id = $1`,
};
const DELIVERIES: Statement = {
  name: 'endpoint_deliveries',
  text: `select l.id as letter, l.type, l.state, l.created_at as "createdAt", coalesce(json_agg(json_build_object(
      'number', a.number, 'at', a.at, 'status', a.status, 'durationMs', a.duration_ms, 'error', a.error, 'excerpt', a.excerpt
    ) order by a.id) filter (where a.id is not null), '[]') as attempts
    from (
      select id, type, state, created_at from letters
      where endpoint = $1 and ($2::bigint is null or (created_at, id) < ($2, $3)) order by created_at desc, id desc limit $4
    ) l left join delivery_attempts a on a.letter = l.id
    group by l.id, l.type, l.state, l.created_at order by l.created_at desc, l.id desc`,
};
const REPLAY: Statement = {
  name: 'replay_endpoint_letter',
  // One that waits for its next attempt is sent now; one that is under way goes on.
  text: `update letters set state = 'pending', due_at = case when leased then due_at else now_ms() end, held = false
    where id = $2 and endpoint = $1 returning id`,
};

/** How an account is told that the house disabled an endpoint: an event in the dialect that has endpoints. */
export type DisabledNews = (
  endpoint: Endpoint,
  event: LetterId,
) => { readonly type: string; readonly body: string };

/** Registered endpoints and their letters. Their secrets are sealed in the database. */
export function endpointStore(session: Session, vault: Vault): Omit<EndpointStore, 'feed'> {
  const opened = (endpoint: Endpoint): Endpoint => ({
    ...endpoint,
    secrets: openSecrets(endpoint.secrets, vault),
  });
  const seal = (secrets: readonly EndpointSecret[]) =>
    JSON.stringify(secrets.map(({ secret, until }) => ({ secret: vault.seal(secret), until })));
  return {
    async createEndpoint({ id, account, name, url, eventTypes, status, secrets, createdAt }, most) {
      const values = [id, account, name, url, eventTypes, status, seal(secrets), createdAt, most];
      const [row] = await session.query<{ created: boolean }>(CREATE, values);
      return row?.created ? 'created' : 'too_many';
    },
    async endpoint(id) {
      const [row] = await session.query<Endpoint>(ENDPOINT, [id]);
      return row ? opened(row) : null;
    },
    endpoints: async (account) => (await session.query<Endpoint>(ENDPOINTS, [account])).map(opened),
    async updateEndpoint(id, change, at) {
      const { name, url, eventTypes, status, secrets, disabledAt, revokedAt } = change;
      const what = [name, url, eventTypes, status, secrets && seal(secrets)];
      const times = [disabledAt !== undefined, disabledAt, revokedAt !== undefined, revokedAt];
      const [row] = await session.query<Endpoint>(UPDATE, [id, at, ...what, ...times]);
      return row ? opened(row) : null;
    },
    async writeLetter(endpoint, { id, type, body }) {
      await session.query(WRITE, [endpoint, id, type, body]);
    },
    endpointDeliveries: (endpoint, page) => deliveries(session, endpoint, page),
    replayLetter: async (endpoint, letter) => (await session.query(REPLAY, [endpoint, letter])).length > 0,
  };
}

/** Writes the news of an endpoint that one more failure would disable; null where there is nobody to write it. */
export function newsWriter(
  endpoints: Pick<EndpointStore, 'endpoint'>,
  disabledNews: DisabledNews | undefined,
): (id: EndpointId, failedAt: Instant) => Promise<object | null> {
  return async (id, failedAt) => {
    const endpoint = disabledNews ? await endpoints.endpoint(id) : null;
    if (!disabledNews || !endpoint) return null;
    const event: LetterId = `evt_${compact(v7())}`;
    const times = { lastFailureAt: failedAt, updatedAt: failedAt, disabledAt: failedAt };
    const failureCount = endpoint.failureCount + 1;
    return { id: event, ...disabledNews({ ...endpoint, ...times, status: 'disabled', failureCount }, event) };
  };
}

/** Secrets as they lie in the database, opened. */
export function openSecrets(secrets: readonly EndpointSecret[], vault: Vault): readonly EndpointSecret[] {
  return secrets.map(({ secret, until }) => ({ secret: vault.open(secret), until }));
}

async function deliveries(
  session: Session,
  endpoint: EndpointId,
  { cursor, limit }: { readonly cursor: string | null; readonly limit: number },
) {
  const [createdAt, id] = cursor === null ? [null, null] : placeOf(cursor);
  const rows = await session.query<EndpointDelivery>(DELIVERIES, [endpoint, createdAt, id, limit + 1]);
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return { deliveries: shown, nextCursor: last ? cursorOf(last) : null };
}

function cursorOf({ createdAt, letter }: EndpointDelivery): string {
  return Buffer.from(`${createdAt} ${letter}`).toString('base64url');
}

/** What a cursor stands for: the last letter of the page before. One that is not ours is before everything. */
function placeOf(cursor: string): readonly [createdAt: number, id: string] {
  const found = /^(\d{1,15}) (evt_[\w-]+)$/.exec(Buffer.from(cursor, 'base64url').toString());
  return found ? [Number(found[1]), found[2] ?? ''] : [0, ''];
}
