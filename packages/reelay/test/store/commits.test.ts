import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { Store } from '../../src/core/ports/store.ts';
import { StoreUnavailable } from '../../src/core/ports/tasks.ts';
import type { Database } from '../../src/store/database.ts';
import { openStore } from '../../src/store/postgres.ts';
import { createVault } from '../../src/vault.ts';
import {
  attempted,
  bear,
  born,
  customer,
  failed,
  happen,
  order,
  after as story,
  submitted,
} from '../contract/store/sample.ts';
import { type Cut, type Cutter, openCutter } from './cuts.ts';
import { testDatabase } from './database.ts';

const vault = createVault('a master key for tests');

describe('commits on PostgreSQL', () => {
  let database: Database;
  let cutter: Cutter;
  let store: Store;
  let hand: pg.Client;

  before(async () => {
    database = await testDatabase();
    cutter = await openCutter(database.connection);
    store = await openStore({ ...database, connection: cutter.connection, vault });
    hand = new pg.Client(database.direct);
    await hand.connect();
  });
  after(async () => {
    await hand?.end();
    await store?.close();
    await cutter?.close();
    await database?.close();
  });

  for (const how of ['before the request', 'before the answer'] satisfies Cut[]) {
    test(`a birth whose connection broke ${how} is committed once`, async () => {
      const { account, key } = await customer(store);
      const cuts = cutter.cuts;
      cutter.cut(how, 'commit_births');
      const verdicts = await Promise.all([1, 2, 3].map(() => bear(store, order(key))));
      assert.deepEqual(verdicts, ['committed', 'committed', 'committed']);
      assert.equal(cutter.cuts, cuts + 1);
      assert.deepEqual(await store.balance(account.id), { available: 835, held: 165 });
    });

    test(`a move whose connection broke ${how} is committed once`, async () => {
      const { account, key } = await customer(store);
      const task = await born(store, key);
      const cuts = cutter.cuts;
      cutter.cut(how, 'commit_moves', 2);
      const [one, other] = await Promise.all([
        happen(store, task, failed),
        happen(store, task, attempted(task)),
      ]);
      assert.deepEqual([one?.verdict, other?.verdict], ['committed', 'stale']);
      assert.equal(cutter.cuts, cuts + 2);
      assert.deepEqual(await store.balance(account.id), { available: 1_000, held: 0 });
      assert.equal((await store.timeline(task.id)).length, 2);
    });
  }

  test('a lost answer does not make somebody else’s move ours', async () => {
    const { key } = await customer(store);
    const task = await born(store, key);
    assert.equal((await happen(store, task, attempted(task))).verdict, 'committed');
    cutter.cut('before the answer', 'commit_moves');
    assert.equal((await happen(store, task, failed)).verdict, 'stale');
  });

  test('without a database nothing is claimed to be done, and it works again when it is back', async () => {
    const { account, key } = await customer(store);
    cutter.sever();
    await assert.rejects(bear(store, order(key)), StoreUnavailable);
    await assert.rejects(store.summary('task_any'), StoreUnavailable);
    await assert.rejects(store.ready(), StoreUnavailable);
    cutter.mend();
    await store.ready();
    assert.equal(await bear(store, order(key)), 'committed');
    assert.deepEqual(await store.balance(account.id), { available: 945, held: 55 });
  });

  test('an account that somebody keeps locked ends in “unavailable”, and its neighbours do not', async () => {
    const [locked, free] = [await customer(store), await customer(store)];
    const task = await story(store, await born(store, locked.key), [attempted(order(locked.key)), submitted]);
    await hand.query('begin');
    await hand.query('select from accounts where id = $1 for update', [locked.account.id]);
    const results = await Promise.allSettled([
      bear(store, order(locked.key)),
      bear(store, order(free.key)),
      happen(store, task, failed),
      happen(store, await born(store, free.key), failed),
    ]);
    await hand.query('rollback');
    assert.deepEqual(
      results.map((one) => (one.status === 'fulfilled' ? 'done' : one.reason.constructor)),
      [StoreUnavailable, 'done', StoreUnavailable, 'done'],
    );
    assert.equal((await happen(store, task, failed)).verdict, 'committed');
  });

  test('what the database refuses of one change harms no other of the group', async () => {
    const { account, key } = await customer(store);
    const tasks = Array.from({ length: 12 }, (_, index) =>
      order(key, { at: index === 5 ? Number.NaN : 2_000 }),
    );
    const results = await Promise.allSettled(tasks.map((task) => bear(store, task)));
    assert.deepEqual(
      results.map(({ status }) => status),
      tasks.map((_, index) => (index === 5 ? 'rejected' : 'fulfilled')),
    );
    assert.deepEqual(await store.balance(account.id), { available: 1_000 - 11 * 55, held: 11 * 55 });
  });

  test('credit for ten among four processes: exactly ten are taken', async () => {
    const { account, key } = await customer(store, { credits: 550 });
    const spender = fileURLToPath(new URL('spender.ts', import.meta.url));
    const children = Array.from({ length: 4 }, () => fork(spender));
    const answers = children.map(async (child) => {
      child.send({ connection: database.direct, key, orders: 50 });
      const [taken] = await once(child, 'message');
      await once(child, 'exit');
      return Number(taken);
    });
    const taken = await Promise.all(answers);
    assert.equal(
      taken.reduce((sum, one) => sum + one, 0),
      10,
    );
    assert.deepEqual(await store.balance(account.id), { available: 0, held: 550 });
  });

  test('moves in one process are heard of in another', async () => {
    const other = await openStore({ ...database, vault });
    const { key } = await customer(store);
    const task = await born(store, key);
    const heard = new Promise<void>((resolve) => {
      other.onMoved((ids) => {
        if (ids.includes(task.id)) resolve();
      });
    });
    await happen(store, task, failed);
    await heard;
    await other.close();
  });

  test('callback secrets are sealed at rest, and come back opened', async () => {
    const { key } = await customer(store, { callbackSecrets: ['whsec_topsecret'] });
    const { rows } = await hand.query<{ secrets: string }>(
      'select callback_secrets::text as secrets from keys where id = $1',
      [key.id],
    );
    assert.doesNotMatch(rows[0]?.secrets ?? 'topsecret', /topsecret/);
    assert.deepEqual((await store.keyById(key.id))?.callbackSecrets, ['whsec_topsecret']);
  });

  test('the laws hold', async () => {
    assert.deepEqual(await store.audit(), []);
  });
});
