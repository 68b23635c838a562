import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import type { TaskSummary } from '../../src/core/task.ts';
import type { TaskId } from '../../src/core/values.ts';
import { Waiters } from '../../src/http/waiters.ts';
import { openStore } from '../../src/store/postgres.ts';
import { createVault } from '../../src/vault.ts';
import { bear, customer, order } from '../contract/store/sample.ts';
import { testDatabase } from '../store/database.ts';

const CLIENTS = 2_000;
/** The store reads so many tasks in one statement, in two lanes. */
const STATEMENTS_FOR_ALL = Math.ceil(CLIENTS / 256) + 2;

const turn = () => new Promise((resolve) => setImmediate(resolve));

test(`${CLIENTS} waiters on PostgreSQL: one LISTEN, reads in groups, and silence while nothing moves`, async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const asked: string[] = [];
  const { query } = pg.Client.prototype;
  t.mock.method(pg.Client.prototype, 'query', function (this: pg.Client, ...args: unknown[]) {
    const [first] = args;
    asked.push(typeof first === 'string' ? first : String(Object(first).text));
    return Reflect.apply(query, this, args);
  });
  const database = await testDatabase();
  const store = await openStore({ ...database, vault: createVault('a master key for tests') });
  const waiters = new Waiters(store, () => 0);
  let answers: Promise<TaskSummary>[] = [];
  try {
    const { key } = await customer(store, { credits: 100_000 });
    const orders = Array.from({ length: 100 }, () => order(key));
    await Promise.all(orders.map((one) => bear(store, one)));
    const seen = await Promise.all(orders.map((one) => store.summary(one.id)));
    const reads = () => asked.filter((text) => /from tasks t where t\.id = any/.test(text)).length;

    const before = reads();
    let looks = 0;
    answers = Array.from({ length: CLIENTS }, (_, at) => {
      const task = seen[at % seen.length];
      assert.ok(task);
      return waiters.until(
        task,
        60_000,
        () => false,
        () => {
          looks += 1;
          return false;
        },
      );
    });
    while (looks < CLIENTS) await turn();
    assert.ok(reads() - before <= STATEMENTS_FOR_ALL, `${reads() - before} statements`);

    const silent = asked.length;
    for (let turns = 0; turns < 1_000; turns += 1) await turn();
    assert.equal(asked.length, silent);
    t.mock.timers.tick(5_000);
    while (looks < 2 * CLIENTS) await turn();
    assert.ok(asked.length - silent <= STATEMENTS_FOR_ALL, `${asked.length - silent} statements`);
    assert.equal(asked.filter((text) => /^listen /.test(text)).length, 1);

    waiters.release();
    const ids = new Set<TaskId>((await Promise.all(answers)).map(({ id }) => id));
    assert.equal(ids.size, seen.length);
  } finally {
    waiters.release();
    await Promise.allSettled(answers);
    await store.close();
    await database.close();
  }
});
