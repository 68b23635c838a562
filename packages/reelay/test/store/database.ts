import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Database } from '../../src/store/database.ts';
import { openEmbedded } from '../../src/store/embedded.ts';
import { migrate } from '../../src/store/migrate.ts';

/** One server for all test processes of this user; the folder stays, so that only the first run ever has to make it. */
const FOLDER = join(tmpdir(), `reelay-test-${process.getuid?.() ?? 'user'}`);
const TEMPLATE_LOCK = 7_352_950;

/**
 * A migrated database of one's own, empty, on the real embedded server that all test processes share. Usage:
 *
 *     const database = await testDatabase();
 *     const store = await openStore({ ...database, vault });
 *     …
 *     await store.close();
 *     await database.close();
 *
 * Close it in an `after` hook: that drops the database, and stops the server if nobody else uses it. What a killed test
 * left behind is dropped by the next one. One for a test file is the usual measure (it takes some 50 ms); tests within
 * the file keep apart by their accounts.
 */
export async function testDatabase(): Promise<Database> {
  const server = await openEmbedded({ dataDir: FOLDER, log: () => {} });
  const name = `t_${process.pid}_${randomBytes(6).toString('hex')}`;
  const connection = { ...server.connection, database: name };
  const admin = new pg.Client(server.connection);
  admin.on('error', () => {});
  try {
    await admin.connect();
    await admin.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    await dropLeftovers(admin);
    await admin.query(`create database ${name} template ${await template(admin, server.connection)}`);
  } catch (error) {
    await server.close();
    throw error;
  } finally {
    await admin.end();
  }
  return {
    connection,
    direct: connection,
    isNew: true,
    async close() {
      await dropDatabase(server.connection, name);
      await server.close();
    },
  };
}

/** The migrated database that the others are copies of; made anew whenever a migration has changed. */
async function template(admin: pg.Client, connection: pg.PoolConfig): Promise<string> {
  const folder = new URL('../../src/store/migrations/', import.meta.url);
  const hash = createHash('sha256');
  for (const file of (await readdir(folder)).sort()) hash.update(await readFile(new URL(file, folder)));
  const name = `template_${hash.digest('hex').slice(0, 16)}`;
  const { rowCount } = await admin.query('select from pg_database where datname = $1', [name]);
  if (rowCount === 0) {
    const partial = `${name}_partial`;
    await admin.query(`drop database if exists ${partial} with (force)`);
    await admin.query(`create database ${partial}`);
    await migrate({ ...connection, database: partial });
    await admin.query(`alter database ${partial} rename to ${name}`);
  }
  return name;
}

async function dropLeftovers(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ datname: string }>(
    `select datname from pg_database where datname like 't\\_%'`,
  );
  for (const { datname } of rows) {
    const pid = Number(datname.split('_')[1]);
    if (!isAlive(pid)) await admin.query(`drop database if exists ${datname} with (force)`);
  }
}

async function dropDatabase(connection: pg.PoolConfig, name: string): Promise<void> {
  const client = new pg.Client(connection);
  client.on('error', () => {});
  await client.connect();
  await client.query(`drop database if exists ${name} with (force)`);
  await client.end();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
