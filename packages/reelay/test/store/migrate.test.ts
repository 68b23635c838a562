import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import type { Database } from '../../src/store/database.ts';
import { migrate, newestMigration } from '../../src/store/migrate.ts';
import { testDatabase } from './database.ts';

describe('migrations', () => {
  let database: Database;
  let hand: pg.Client;

  before(async () => {
    database = await testDatabase();
    hand = new pg.Client(database.direct);
    await hand.connect();
  });
  after(async () => {
    await hand?.end();
    await database?.close();
  });

  const empty = () => hand.query('drop schema public cascade; create schema public');
  const applied = async () => (await hand.query('select number, name from migrations order by number')).rows;

  test('run once, however many processes start together', async () => {
    await empty();
    const results = await Promise.all(Array.from({ length: 5 }, () => migrate(database.direct)));
    assert.equal(results.filter(({ isNew }) => isNew).length, 1);
    assert.equal((await applied()).at(-1)?.number, await newestMigration());
    assert.deepEqual(await migrate(database.direct), { isNew: false });
  });

  test('one that was broken off is run again from its beginning', async () => {
    await empty();
    await hand.query('create table letters ()');
    await assert.rejects(migrate(database.direct), /0001-tables.sql failed/);
    assert.deepEqual(await applied(), []);
    await hand.query('drop table letters');
    await migrate(database.direct);
    assert.equal((await applied()).at(-1)?.number, await newestMigration());
  });

  test('one that was edited after it had run is noticed', async () => {
    await hand.query(`update migrations set hash = 'other' where number = 1`);
    await assert.rejects(migrate(database.direct), /0001-tables.sql was edited/);
  });

  test('a database that is ahead of the program is left alone', async () => {
    await empty();
    await migrate(database.direct);
    await hand.query(`insert into migrations (number, name, hash) values (9999, '9999-later.sql', 'x')`);
    assert.deepEqual(await migrate(database.direct), { isNew: false });
  });
});
