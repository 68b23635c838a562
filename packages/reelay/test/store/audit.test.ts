import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import type { ApiKey } from '../../src/core/ports/accounts.ts';
import type { Store } from '../../src/core/ports/store.ts';
import type { Task } from '../../src/core/task.ts';
import type { Database } from '../../src/store/database.ts';
import { LAWS } from '../../src/store/laws.ts';
import { openStore } from '../../src/store/postgres.ts';
import { createVault } from '../../src/vault.ts';
import {
  attempted,
  born,
  customer,
  failed,
  film,
  happen,
  order,
  after as story,
  submitted,
  toStoring,
} from '../contract/store/sample.ts';
import { testDatabase } from './database.ts';

describe('the audit', () => {
  let database: Database;
  let store: Store;
  let hand: pg.Client;
  let key: ApiKey;
  let done: Task;
  let open: Task;

  before(async () => {
    database = await testDatabase();
    store = await openStore({ ...database, vault: createVault('a master key for tests') });
    hand = new pg.Client(database.direct);
    await hand.connect();
    ({ key } = await customer(store, { credits: 10_000 }));
    const storing = await toStoring(
      store,
      await born(store, key, { callbackUrl: 'https://client.example/' }),
    );
    const stored = { is: 'stored', files: [film(storing.id)] } as const;
    const letters = [{ to: 'callback', type: 'succeeded', body: '{}' }] as const;
    done = (await happen(store, storing, stored, letters)).task;
    open = await story(store, await born(store, key), [attempted(order(key)), submitted]);
    await story(store, await born(store, key), [failed]);
    const lost = await story(
      store,
      await born(store, key, { idempotency: { route: 'r', key: 'k', fingerprint: 'f' } }),
      [attempted(order(key)), { is: 'doubted', reason: 'reset', dueInMs: 0 }, { is: 'expired' }],
    );
    assert.equal(lost.state.name, 'failed');
  });
  after(async () => {
    await hand?.end();
    await store?.close();
    await database?.close();
  });

  /** Breaks something, past every trigger and constraint that would not have it, and says which laws notice. */
  async function noticed(sql: string): Promise<string[]> {
    const constraints = await hand.query<{ text: string }>(`
      select format('alter table %s drop constraint %I', conrelid::regclass, conname) as text from pg_constraint
      where contype = 'c' and connamespace = 'public'::regnamespace and conrelid <> 0`);
    await hand.query('begin');
    await hand.query('set local session_replication_role = replica');
    for (const { text } of constraints.rows) await hand.query(text);
    await hand.query(sql);
    const broken: string[] = [];
    for (const { law, text } of LAWS) {
      if ((await hand.query(`select id::text from (${text}) broken`)).rows.length > 0) broken.push(law);
    }
    await hand.query('rollback');
    return broken;
  }

  test('finds nothing in what the gateway did', async () => {
    assert.deepEqual(await store.audit(), []);
  });

  const breaks: readonly [law: string, sql: () => string][] = [
    [
      'credits are never made or lost',
      () => `update accounts set balance = balance + 1 where id = '${key.account}'`,
    ],
    [
      'a balance is the sum of its transfers',
      () => `update accounts set balance = balance - 1 where id = '${key.account}'`,
    ],
    [
      'transfers move between their own wallet and task',
      () => `update transfers set to_holder = 'house:earned' where kind = 'refund'`,
    ],
    [
      'an escrow is the sum of its transfers',
      () => `update tasks set escrow = escrow - 1 where id = '${open.id}'`,
    ],
    [
      'a task is settled once, at its price',
      () => `update transfers set amount = amount - 1 where id = '${done.id}:charge'`,
    ],
    ['no transfer without its task', () => `delete from tasks where id = '${done.id}'`],
    [
      'a wallet holds what its tasks hold',
      () => `update accounts set held = held + 1 where id = '${key.account}'`,
    ],
    [
      'caps count what tasks hold and were charged',
      () => `update keys set committed = committed + 1 where id = '${key.id}'`,
    ],
    ['a key counts its unfinished tasks', () => `update keys set unfinished = 0 where id = '${key.id}'`],
    ['over ⇔ never due again', () => `update tasks set due_at = null where id = '${open.id}'`],
    ['a state is one thing', () => `update tasks set state = 'unknown' where id = '${open.id}'`],
    ['a task has its order', () => `delete from orders where task = '${open.id}'`],
    [
      'a task’s wallet and key are its account’s',
      () => `update tasks set key = 'key_other' where id = '${open.id}'`,
    ],
    ['one mover at a time', () => `delete from task_events where task = '${open.id}' and version = 2`],
    [
      'no upstream is asked twice',
      () => `update tasks set version = 4, attempts = 2 where id = '${open.id}';
        insert into task_events select task, 4, at, 'attempted', '{"attempt":2}', change_id
          from task_events where task = '${open.id}' and version = 2`,
    ],
    [
      'a doubtful submit is resolved before the next',
      () => `insert into task_events select task, 4, at, 'doubted', '{}', change_id from task_events where task = '${open.id}' and version = 2;
        insert into task_events select task, 5, at, 'attempted', '{"attempt":2}', change_id
          from task_events where task = '${open.id}' and version = 2`,
    ],
    ['an unresolved doubt is on record', () => 'delete from ambiguities'],
    ['ended ⇒ told', () => 'delete from letters'],
    ['a letter’s attempts are on record', () => `update letters set state = 'delivered', due_at = null`],
    ['one idempotency key, one task', () => `update idempotency_keys set account = 'acc_other'`],
    ['a success has its files', () => 'delete from files'],
  ];

  for (const [law, sql] of breaks) {
    test(`notices: ${law}`, async () => {
      assert.ok((await noticed(sql())).includes(law));
    });
  }

  test('every law has its break', () => {
    assert.deepEqual(breaks.map(([law]) => law).sort(), LAWS.map(({ law }) => law).sort());
  });

  test('names what is broken, and the ledger cannot be changed in the ordinary way', async () => {
    await assert.rejects(hand.query('update transfers set amount = 1'), /only ever added/);
    await assert.rejects(hand.query('delete from transfers'), /only ever added/);
    await assert.rejects(hand.query(`update accounts set balance = -1 where id = '${key.account}'`), /check/);
    await assert.rejects(
      hand.query(`update tasks set due_at = 1 where id = '${done.id}'`),
      /over_means|escrow_until_over/,
    );
    await assert.rejects(
      hand.query(`update tasks set escrow = 0 where id = '${open.id}'`),
      /escrow_until_over/,
    );
    await hand.query(`update accounts set held = held + 1 where id = '${key.account}'`);
    const [violation] = await store.audit();
    assert.deepEqual(violation?.ids, [key.account]);
    await hand.query(`update accounts set held = held - 1 where id = '${key.account}'`);
  });
});
