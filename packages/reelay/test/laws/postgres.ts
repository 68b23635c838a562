import type pg from 'pg';
import type { Store } from '../../src/core/ports/store.ts';
import type { Backend, DueKind, Journal } from './backend.ts';
import { noted } from './backend.ts';
import type { Stage } from './stage.ts';

/** What the database's clock lags behind the story's before its times are put forward. */
const LAG_MS = 20;

const SHIFT_TASKS = 'update tasks set due_at = due_at - $1 where due_at is not null';
const SHIFT_LETTERS = 'update letters set due_at = due_at - $1 where due_at is not null';
const NEXT = `select kind, due_at::float8 as due_at from (
    select case state when 'queued' then 'queued' when 'storing' then 'storing' else 'watching' end as kind, due_at
    from tasks where due_at is not null
    union all select 'letters', due_at from letters where state = 'pending'
  ) due order by due_at limit 1`;

/** Calls that read or set due times, or tell the database's time. */
const TIMED = new Set<string | symbol>([
  'commit',
  'claim',
  'claimLetters',
  'postpone',
  'wake',
  'recordDelivery',
]);

/**
 * The real store in a story. Nobody can put the database's clock forward, so time passes the other way round: every
 * due time is put back by as much, and what the database calls now is told with what has passed so far added.
 */
export function postgresBackend(pool: pg.Pool, real: Store, stage: Stage, journal: Journal): Backend {
  let passedMs = 0;
  let next: { kind: DueKind; at: number } | null = null;
  let isKnown = false;

  async function synchronise(): Promise<void> {
    const lagMs = Math.round(stage.now - passedMs - Date.now());
    if (lagMs < 0) stage.now = Date.now() + passedMs;
    if (lagMs <= LAG_MS) return;
    await pool.query(SHIFT_TASKS, [lagMs]);
    await pool.query(SHIFT_LETTERS, [lagMs]);
    passedMs += lagMs;
  }

  const store = new Proxy(
    noted(real, journal, () => stage.now),
    {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        if (!TIMED.has(name)) return value.bind(target);
        return async (...given: readonly unknown[]) => {
          await synchronise();
          isKnown = false;
          const answer = await Reflect.apply(value, target, given);
          const told = typeof answer === 'object' && answer !== null && 'now' in answer;
          return told ? { ...answer, now: answer.now + passedMs } : answer;
        };
      },
    },
  );

  return {
    store,
    async nextDue() {
      if (!isKnown) {
        const { rows } = await pool.query<{ kind: DueKind; due_at: number }>(NEXT);
        next = rows[0] ? { kind: rows[0].kind, at: rows[0].due_at + passedMs } : null;
        isKnown = true;
      }
      return next;
    },
  };
}
