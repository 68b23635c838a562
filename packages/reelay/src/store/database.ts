import pg from 'pg';
import { type Embedded, openEmbedded, type SupervisorLog } from './embedded.ts';
import { migrate } from './migrate.ts';

export interface DatabaseOptions {
  /** A PostgreSQL server (`DATABASE_URL`); null: the embedded one. */
  readonly url: string | null;
  /** The same server without a pooler in between, for LISTEN and migrations; null: `url`. */
  readonly directUrl: string | null;
  /** Where the embedded database lives. */
  readonly dataDir: string;
  /** Whether this process is the one that serves the data folder. Throws `FolderInUse` where there is another. */
  readonly isGateway: boolean;
  readonly log: SupervisorLog;
}

/** A migrated database, and how to reach it. */
export interface Database {
  readonly connection: pg.PoolConfig;
  /** Without a pooler in between. */
  readonly direct: pg.ClientConfig;
  /** Whether it was empty before. */
  readonly isNew: boolean;
  /** Leaves it; the embedded server is stopped by whoever leaves last. */
  close(): Promise<void>;
}

/** Opens the database of the settings, starting the embedded one if need be, and brings its schema up to date. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  if (options.url === null) return openLocal(options);
  const connection = { connectionString: options.url, application_name: 'reelay' };
  const direct = { ...connection, connectionString: options.directUrl ?? options.url };
  await requireVersion(direct);
  return { connection, direct, ...(await migrate(direct)), close: async () => {} };
}

async function openLocal(options: DatabaseOptions): Promise<Database> {
  const embedded: Embedded = await openEmbedded(options);
  const { connection } = embedded;
  try {
    return { connection, direct: connection, ...(await migrate(connection)), close: () => embedded.close() };
  } catch (error) {
    await embedded.close();
    throw error;
  }
}

/** `unique nulls not distinct` came with PostgreSQL 15. */
const OLDEST_VERSION = 150_000;

async function requireVersion(connection: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(connection);
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version_num: string }>('show server_version_num');
    if (Number(rows[0]?.server_version_num) < OLDEST_VERSION)
      throw new Error('DATABASE_URL: PostgreSQL 15 or later is needed');
  } finally {
    await client.end();
  }
}
