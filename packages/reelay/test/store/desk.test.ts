import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import type { ApiKey } from '../../src/core/ports/accounts.ts';
import type { Endpoint } from '../../src/core/ports/endpoints.ts';
import type { Task } from '../../src/core/task.ts';
import type { Database } from '../../src/store/database.ts';
import { DESK_LAWS } from '../../src/store/laws-desk.ts';
import type { OpenStore } from '../../src/store/postgres.ts';
import { openStore } from '../../src/store/postgres.ts';
import { createVault } from '../../src/vault.ts';
import { born, customer, failed, happen, unique } from '../contract/store/sample.ts';
import { testDatabase } from './database.ts';

const TYPE = 'generation.failed';

describe('endpoints, feeds and uploads on PostgreSQL', () => {
  let database: Database;
  let store: OpenStore;
  let hand: pg.Client;
  let key: ApiKey;
  let endpoint: Endpoint;
  let told: Task;

  before(async () => {
    database = await testDatabase();
    store = await openStore({ ...database, vault: createVault('a master key for tests') });
    hand = new pg.Client(database.direct);
    await hand.connect();
    ({ key } = await customer(store));
    endpoint = {
      id: `whend_${unique()}`,
      account: key.account,
      name: 'mine',
      url: 'https://client.example/events',
      eventTypes: [TYPE],
      status: 'active',
      secrets: [{ secret: 'whsec_topsecret', until: null }],
      lastSuccessAt: null,
      lastFailureAt: null,
      failureCount: 0,
      createdAt: 4_000,
      updatedAt: 4_000,
      disabledAt: null,
      revokedAt: null,
    };
    await store.createEndpoint(endpoint, 1);
    told = await tell('"first"');
    await store.recordUpload({
      id: `file_${unique()}`,
      account: key.account,
      kind: 'image',
      name: 'a.png',
      mimeType: 'image/png',
      bytes: 100,
      sha256: 'ab'.repeat(32),
      durationMs: null,
      clientRequestId: null,
      createdAt: 1,
      expiresAt: 9_000_000_000_000,
    });
  });
  after(async () => {
    await hand?.end();
    await store?.close();
    await database?.close();
  });

  async function tell(body: string): Promise<Task> {
    const task = await born(store, key, { price: 0 });
    const { verdict } = await happen(store, task, failed, [{ to: 'endpoints', type: TYPE, body }]);
    assert.equal(verdict, 'committed');
    return task;
  }

  async function read(cursor: string | null) {
    const page = await store.feed(key.account, { cursor, limit: 100, type: null });
    assert.ok(page !== 'expired');
    return { bodies: page.events.map((event) => event.body), cursor: page.nextCursor };
  }

  test('an event whose commit was slow comes after those that were read meanwhile, never before', async () => {
    await hand.query('begin');
    await hand.query(
      `insert into events (account, subject, type, body) values ($1, 'task_slow', '${TYPE}', '"slow"')`,
      [key.account],
    );
    await tell('"quick"');
    const meanwhile = await read(null);
    assert.deepEqual(meanwhile.bodies, ['"first"', '"quick"']);
    await hand.query('commit');
    assert.deepEqual((await read(meanwhile.cursor)).bodies, ['"slow"']);
    assert.deepEqual((await read(null)).bodies, ['"first"', '"quick"', '"slow"']);
  });

  test('a reader waits for whoever gives positions, and sees what was given', async () => {
    await tell('"one"');
    const { cursor } = await read(null);
    await tell('"two"');
    await hand.query('begin');
    await hand.query('select place_events($1)', [key.account]);
    await tell('"three"');
    const reading = read(cursor);
    const waits = 'select from pg_stat_activity where datname = current_database() and wait_event_type = $1';
    do await hand.query('select pg_stat_clear_snapshot()');
    while ((await hand.query(waits, ['Lock'])).rowCount === 0);
    await hand.query('commit');
    assert.deepEqual((await reading).bodies, ['"two"', '"three"']);
  });

  test('what was told once is not told again when the answer of its commit is lost', async () => {
    const letters = async () => (await store.deliveries(told.id)).length;
    const { cursor } = await read(null);
    assert.equal(await letters(), 1);
    const { rows } = await hand.query(
      'select version, change_id, task as id from task_events where task = $1 and version = 2',
      [told.id],
    );
    const about = { n: 1, account: key.account, wallet: key.wallet, key: key.id, updated_at: 1 };
    const doc = [{ ...about, ...rows[0], events: [{ type: TYPE, body: '"first"' }] }];
    const again = await hand.query('select commit_moves_and_tell($1, true, true) as verdicts', [
      JSON.stringify(doc),
    ]);
    assert.deepEqual(again.rows[0].verdicts, ['committed']);
    assert.equal(await letters(), 1);
    assert.deepEqual((await read(cursor)).bodies, []);
  });

  test('an endpoint’s secrets are sealed at rest, and come back opened', async () => {
    const { rows } = await hand.query('select secrets::text from endpoints where id = $1', [endpoint.id]);
    assert.doesNotMatch(rows[0].secrets, /topsecret/);
    assert.deepEqual((await store.endpoint(endpoint.id))?.secrets, endpoint.secrets);
  });

  /** Breaks something, past every constraint that would not have it, and says which laws notice. */
  async function noticed(sql: string): Promise<string[]> {
    await hand.query('begin');
    await hand.query('set local session_replication_role = replica');
    await hand.query(sql);
    const broken: string[] = [];
    for (const { law, text } of DESK_LAWS) {
      if ((await hand.query(`select id::text from (${text}) broken`)).rows.length > 0) broken.push(law);
    }
    await hand.query('rollback');
    return broken;
  }

  const breaks: readonly [law: string, sql: string][] = [
    ['a feed has no gaps', 'delete from events where position = 2'],
    ['a feed has no gaps', 'update feeds set position = position - 1'],
    ['told by letter ⇒ told by feed', `update events set type = 'other'`],
    ['a letter goes to its own account', `update endpoints set account = 'acc_other'`],
    ['a file is a task’s or a customer’s', 'delete from uploads'],
    ['a quota counts the uploads that are kept', 'update upload_totals set bytes = bytes + 1'],
  ];
  for (const [law, sql] of breaks) {
    test(`the audit notices: ${law} (${sql})`, async () => {
      assert.deepEqual(await noticed('select 1'), []);
      assert.ok((await noticed(sql)).includes(law));
    });
  }

  test('every law has its break', () => {
    assert.deepEqual(new Set(breaks.map(([law]) => law)), new Set(DESK_LAWS.map(({ law }) => law)));
  });
});
