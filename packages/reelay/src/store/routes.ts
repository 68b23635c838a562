import { FRESH, type RouteHealth } from '../core/health.ts';
import type {
  Evidence,
  PricePerSecond,
  RouteScore,
  RouteStanding,
  RouteStore,
  StoredRoute,
} from '../core/ports/routes.ts';
import type { Vault } from '../core/ports/world.ts';
import type { Instant } from '../core/values.ts';
import { AlreadyThere, type Session, type Statement } from './session.ts';

/** How long a slot is kept for an attempt that has not begun. */
const SLOT_MS = 15_000;
/** How long jobs and scores are remembered. */
const KEEP_MS = 60 * 86_400_000;
const HOUR_MS = 3_600_000;

const COLUMNS = `name, provider, credential, enabled, weight, concurrency, price, created_at as "createdAt",
  updated_at as "updatedAt"`;
const ROUTES: Statement = { name: 'routes', text: `select ${COLUMNS} from routes order by name` };
const ADD: Statement = {
  name: 'add_route',
  text: `with route as (
      insert into routes (name, provider, credential, enabled, weight, concurrency, price, created_at, updated_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning name)
    insert into route_health (route) select name from route`,
};
const CHANGE: Statement = {
  name: 'change_route',
  text: `update routes set credential = coalesce($2, credential), enabled = coalesce($3, enabled), weight = coalesce($4, weight),
      concurrency = case when $5 then $6 else concurrency end, price = case when $7 then $8 else price end,
      updated_at = greatest($9, updated_at + 1)
    where name = $1 returning ${COLUMNS}`,
};
const REMOVE: Statement = {
  name: 'remove_route',
  text: `with used as (
      select from tasks t where t.state in ('submitting', 'unknown', 'running', 'storing')
        and t.state_data -> 'attempt' ->> 'route' = $1 limit 1
    ), removed as (
      delete from routes where name = $1 and not exists (select from used) returning name
    )
    select case when exists (select from removed) then 'removed' when exists (select from routes where name = $1) then 'in_use'
      else 'none' end as outcome`,
};
const STANDINGS: Statement = {
  name: 'standings',
  text: 'select route, health, route_slots_live(route) as unfinished, now_ms() as now from route_health',
};
const LOCK_HEALTH: Statement = {
  name: 'lock_health',
  text: 'select health, now_ms() as now from route_health where route = $1 for no key update',
};
/** In a statement after the lock: what others took before it is seen. */
const SLOTS: Statement = { name: 'slots', text: 'select route_slots_live($1) as unfinished' };
const SET_HEALTH: Statement = {
  name: 'set_health',
  text: 'update route_health set health = $2 where route = $1',
};
const TAKE_SLOT: Statement = {
  name: 'take_slot',
  text: `with gone as (
      delete from route_slots s where s.route = $1 and s.task <> $2 and s.until <= now_ms() and not exists (
        select from tasks t where t.id = s.task and t.state in ('submitting', 'unknown', 'running')
          and t.state_data -> 'attempt' ->> 'route' = $1)
    )
    insert into route_slots (route, task, until) values ($1, $2, now_ms() + ${SLOT_MS})
    on conflict (route, task) do update set until = excluded.until`,
};
const ADD_SCORES: Statement = {
  name: 'add_scores',
  text: `with old as (delete from route_scores where hour < now_ms() - ${KEEP_MS}),
      forgotten as (delete from route_jobs where at < now_ms() - ${KEEP_MS})
    insert into route_scores (route, hour, succeeded, failed, refused, latency_ms)
    select s.route, now_ms() - now_ms() % ${HOUR_MS}, s.succeeded, s.failed, s.refused, s."latencyMs"
    from json_to_recordset($1) as s (route text, succeeded bigint, failed bigint, refused bigint, "latencyMs" bigint)
    join routes r on r.name = s.route order by s.route
    on conflict (route, hour) do update set
      succeeded = route_scores.succeeded + excluded.succeeded, failed = route_scores.failed + excluded.failed,
      refused = route_scores.refused + excluded.refused, latency_ms = route_scores.latency_ms + excluded.latency_ms`,
};
const SCORES: Statement = {
  name: 'scores',
  text: `select route, sum(succeeded)::bigint as succeeded, sum(failed)::bigint as failed, sum(refused)::bigint as refused,
      sum(latency_ms)::bigint as "latencyMs" from route_scores where hour > $1::bigint - ${HOUR_MS} group by route`,
};
const CLAIM_JOB: Statement = {
  name: 'claim_job',
  text: `with claimed as (
      insert into route_jobs (route, job, task, at) values ($1, $2, $3, now_ms()) on conflict do nothing returning task)
    select task from claimed union all select task from route_jobs where route = $1 and job = $2 limit 1`,
};
const ADD_EVIDENCE: Statement = {
  name: 'add_evidence',
  text: 'insert into route_evidence (route, provider, operation, ok, detail, at) values ($1, $2, $3, $4, $5, $6)',
};
const EVIDENCE: Statement = {
  name: 'evidence',
  text: `select distinct on (route, operation) route, provider, operation, ok, detail, at from route_evidence
    order by route, operation, id desc`,
};

type Row = Omit<StoredRoute, 'credential' | 'price'> & {
  readonly credential: string;
  readonly price: PricePerSecond | null;
};

interface StandingRow {
  readonly route: string;
  readonly health: RouteHealth | null;
  readonly unfinished: number;
  readonly now: Instant;
}

/** Routes, how they are doing, and what was learned of them. */
export function routeStore(session: Session, vault: Vault): RouteStore {
  const opened = (row: Row): StoredRoute => ({ ...row, credential: credentialOf(vault, row.credential) });
  const sealed = (credential: Readonly<Record<string, string>>) => vault.seal(JSON.stringify(credential));
  return {
    storedRoutes: async () => (await session.query<Row>(ROUTES, [])).map(opened),
    async addRoute(route) {
      const { name, provider, enabled, weight, concurrency, createdAt, updatedAt } = route;
      const values = [name, provider, sealed(route.credential ?? {}), enabled, weight, concurrency];
      try {
        await session.query(ADD, [...values, jsonOf(route.price), createdAt, updatedAt]);
        return 'added';
      } catch (error) {
        if (error instanceof AlreadyThere) return 'duplicate';
        throw error;
      }
    },
    async changeRoute(name, change, at) {
      const { credential, enabled, weight, concurrency, price } = change;
      const values = [name, credential ? sealed(credential) : null, enabled ?? null, weight ?? null];
      const nullable = [
        concurrency !== undefined,
        concurrency ?? null,
        price !== undefined,
        jsonOf(price ?? null),
      ];
      const [row] = await session.query<Row>(CHANGE, [...values, ...nullable, at]);
      return row ? opened(row) : null;
    },
    async removeRoute(name) {
      const [row] = await session.query<{ outcome: 'removed' | 'in_use' | 'none' }>(REMOVE, [name]);
      return row?.outcome ?? 'none';
    },
    async standings() {
      const rows = await session.query<StandingRow>(STANDINGS, []);
      const of = new Map(rows.map((row) => [row.route, standingOf(row)]));
      return { now: rows[0]?.now ?? (await session.now()), of };
    },
    decideOnRoute: (name, decide) => decideOn(session, name, decide),
    async addScores(scores) {
      await session.query(ADD_SCORES, [
        JSON.stringify(scores.map(({ route, score }) => ({ route, ...score }))),
      ]);
    },
    async scores(since) {
      const rows = await session.query<RouteScore & { route: string }>(SCORES, [since]);
      return new Map(rows.map(({ route, ...score }) => [route, score]));
    },
    async claimJob(route, job, task) {
      for (;;) {
        const [row] = await session.query<{ task: string }>(CLAIM_JOB, [route, job, task]);
        // Nothing: somebody else claimed it at the same moment, and is seen the next time.
        if (row) return row.task === task;
      }
    },
    async addEvidence({ route, provider, operation, ok, detail, at }) {
      await session.query(ADD_EVIDENCE, [route, provider, operation, ok, detail, at]);
    },
    evidence: () => session.query<Evidence>(EVIDENCE, []),
  };
}

async function decideOn(
  session: Session,
  name: string,
  decide: Parameters<RouteStore['decideOnRoute']>[1],
): Promise<void> {
  await session.with(async (client) => {
    const run = async <Result>(statement: Statement, ...values: unknown[]): Promise<Result[]> =>
      (await client.query({ ...statement, values })).rows;
    await client.query('begin');
    try {
      const [row] = await run<StandingRow>(LOCK_HEALTH, name);
      if (row) {
        const [slots] = await run<{ unfinished: number }>(SLOTS, name);
        const standing = standingOf({ ...row, unfinished: slots?.unfinished ?? 0 });
        const { health, slotFor } = decide(standing, row.now);
        if (health !== standing.health) await run(SET_HEALTH, name, JSON.stringify(health));
        if (slotFor !== null) await run(TAKE_SLOT, name, slotFor);
      }
      await client.query('commit');
    } catch (error) {
      await client.query('rollback');
      throw error;
    }
  });
}

function standingOf({ health, unfinished }: Pick<StandingRow, 'health' | 'unfinished'>): RouteStanding {
  return { health: health ?? FRESH, unfinished };
}

/** A credential that this process's master key does not open is no reason to fail for all the others. */
function credentialOf(vault: Vault, text: string): Readonly<Record<string, string>> | null {
  try {
    return JSON.parse(vault.open(text));
  } catch {
    return null;
  }
}

function jsonOf(value: PricePerSecond | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
