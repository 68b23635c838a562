import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';

const FOLDER = new URL('./migrations/', import.meta.url);
/** One process migrates at a time; the others wait and find nothing left to do. */
const LOCK = 7_352_903;
const FILE_NAME = /^(\d{4})-[a-z0-9-]+\.sql$/;

interface Migration {
  readonly number: number;
  readonly name: string;
  readonly text: string;
  readonly hash: string;
}

/** The number of the newest migration that this program knows. */
export async function newestMigration(): Promise<number> {
  return (await readMigrations()).at(-1)?.number ?? 0;
}

/**
 * Brings a database up to this program's schema: each migration once, in order, in a transaction of its own.
 * Safe among processes that start together, and after a kill at any moment. A database that is ahead is left alone.
 * @param connection the database itself, not a pooler in transaction mode
 * @returns whether the database was empty before
 */
export async function migrate(connection: pg.ClientConfig): Promise<{ readonly isNew: boolean }> {
  const client = new pg.Client(connection);
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    await client.query(`create table if not exists migrations (
      number integer primary key, name text not null, hash text not null, applied_at timestamptz not null default now())`);
    const applied = await appliedOn(client);
    for (const migration of await readMigrations()) {
      const hash = applied.get(migration.number);
      if (hash === undefined) await apply(client, migration);
      else if (hash !== migration.hash)
        throw new Error(`the migration ${migration.name} was edited after it had run`);
    }
    return { isNew: applied.size === 0 };
  } finally {
    await client.end();
  }
}

async function appliedOn(client: pg.Client): Promise<ReadonlyMap<number, string>> {
  const { rows } = await client.query<{ number: number; hash: string }>(
    'select number, hash from migrations',
  );
  return new Map(rows.map((row) => [row.number, row.hash]));
}

async function apply(client: pg.Client, { number, name, text, hash }: Migration): Promise<void> {
  try {
    await client.query('begin');
    await client.query(text);
    await client.query('insert into migrations (number, name, hash) values ($1, $2, $3)', [
      number,
      name,
      hash,
    ]);
    await client.query('commit');
  } catch (cause) {
    throw new Error(`the migration ${name} failed`, { cause });
  }
}

async function readMigrations(): Promise<readonly Migration[]> {
  const names = (await readdir(FOLDER)).filter((name) => FILE_NAME.test(name)).sort();
  return Promise.all(
    names.map(async (name, index) => {
      const number = Number(FILE_NAME.exec(name)?.[1]);
      // Numbers may be left out; two of the same would have no order.
      if (names[index - 1]?.startsWith(name.slice(0, 4)))
        throw new Error(`the migration ${name} is there twice`);
      const text = await readFile(new URL(name, FOLDER), 'utf8');
      return { number, name, text, hash: createHash('sha256').update(text).digest('hex') };
    }),
  );
}
