import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import type { Store } from '../../src/core/ports/store.ts';
import type { Database } from '../../src/store/database.ts';
import { openStore } from '../../src/store/postgres.ts';
import { createVault } from '../../src/vault.ts';
import { testDatabase } from '../store/database.ts';
import { broken } from './laws.ts';
import { POINTS } from './points.ts';
import { postgresBackend } from './postgres.ts';
import type { Plan } from './story.ts';
import { planOf, SETUPS, Story } from './story.ts';

/** One order is one story; those of a batch share processes, accounts, upstreams and their misfortunes. */
const BATCHES = 25;
const ORDERS = 26;
/** What all batches come to; a busy machine takes fewer orders at a time, and needs more batches for it. */
const STORIES = 500;
/** More of them, where a rare point has not been reached by then, or too few orders were taken. */
const EXTRA_BATCHES = 25;
const CRASHES_PER_BATCH = 5;

describe('the laws on PostgreSQL', () => {
  let database: Database;
  let store: Store;
  let pool: pg.Pool;
  const left = new Set(POINTS);
  let stories = 0;

  before(async () => {
    database = await testDatabase();
    store = await openStore({ ...database, vault: createVault('a master key for these tests') });
    // Only the clock is put forward on these connections: nobody has to wait for that to be on disk.
    pool = new pg.Pool({ ...database.connection, max: 2, options: '-c synchronous_commit=off' });
  });
  after(async () => {
    await pool?.end();
    await store?.close();
    await database?.close();
  });

  /** Crashes at points that no batch has crashed at yet. */
  async function batch(seed: number): Promise<void> {
    let crashes = 0;
    const plan: Plan = {
      ...planOf(seed),
      orders: ORDERS,
      processes: 3,
      sandbox: false,
      routes: SETUPS,
      storm: { rate: 0.3, honest: seed % 2 === 0 },
      pauseChance: 0.002,
      credits: 55 * 18,
      unfinishedTasks: 12,
    };
    const story = new Story(plan, (stage, journal) => postgresBackend(pool, store, stage, journal), {
      start: Date.now(),
      crashes: { at: (point) => crashes < CRASHES_PER_BATCH && left.delete(point) && Boolean(++crashes) },
    });
    await story.play();
    assert.deepEqual(await broken(story), [], `seed ${seed}`);
    stories += story.journal.entries.size;
  }

  for (let seed = 1; seed <= BATCHES; seed += 1) {
    test(`hold in batch ${seed}`, () => batch(seed));
  }

  test('hold after a crash at every named point', async (t) => {
    let seed = BATCHES;
    const wanting = () => left.size > 0 || stories < STORIES;
    for (; wanting() && seed < BATCHES + EXTRA_BATCHES; seed += 1) await batch(seed + 1);
    t.diagnostic(`${stories} stories in ${seed} batches`);
    assert.deepEqual([...left], []);
    assert.ok(stories >= STORIES, `only ${stories} stories`);
  });
});
