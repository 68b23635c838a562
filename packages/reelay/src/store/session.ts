import pg from 'pg';
import { StoreUnavailable } from '../core/ports/tasks.ts';
import type { Instant } from '../core/values.ts';

/** Lanes of commits and of reads, claims, and some to spare; several processes share what the server allows. */
const POOL_MAX = 10;
const CONNECT_TIMEOUT_MS = 5_000;
/** No statement of ours takes this long: past it the connection is as good as gone. */
const QUERY_TIMEOUT_MS = 30_000;
const INT8 = 20;
const LOCK_TIMEOUT = '55P03';
const UNIQUE_VIOLATION = '23505';
/** Try again: serialization failure, deadlock. */
const CONFLICTS = new Set(['40001', '40P01']);
/** After these the connection is of no more use. */
const BROKEN = /^(08|57P)/;
/** Not now: connection, resources, operator intervention, read-only server (a standby), canceled. Classes and codes. */
const UNAVAILABLE = /^(08|53|57|58|25006|55P03|40001|40P01)/;

/** A statement that every connection prepares once, under its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

const NOW: Statement = { name: 'now', text: 'select now_ms() as now' };

/** The server did not get a lock in time: the transaction was rolled back, nothing happened. */
export class LockTimeout extends StoreUnavailable {}

/** The server rolled the transaction back in favour of another one: it may be tried again at once. */
export class Conflict extends StoreUnavailable {}

/** A row with such a key is there already: the transaction was rolled back. */
export class AlreadyThere extends Error {
  override readonly name = 'AlreadyThere';
}

/**
 * The pool. Everything it throws is either `StoreUnavailable` or the database's own complaint about what it was given,
 * which is a bug. Where the connection broke, nobody knows whether the statement was carried out.
 */
export class Session {
  readonly #pool: pg.Pool;

  constructor(connection: pg.PoolConfig) {
    this.#pool = new pg.Pool({
      max: POOL_MAX,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
      ...connection,
      types: { getTypeParser: parserOf },
    });
    // A connection that breaks says so to whoever uses it; unheard, the same error would end the process.
    this.#pool.on('error', () => {});
    this.#pool.on('connect', (client) => client.on('error', () => {}));
  }

  /** Runs one statement, in a transaction of its own. */
  async query<Row extends pg.QueryResultRow>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<Row[]> {
    return this.with((client) => client.query<Row>({ ...statement, values: [...values] })).then(
      ({ rows }) => rows,
    );
  }

  /** The database's clock. */
  async now(): Promise<Instant> {
    const [row] = await this.query<{ now: Instant }>(NOW, []);
    return row?.now ?? 0;
  }

  /** Lends a connection; it is closed rather than reused when anything but the database itself complained. */
  async with<Result>(work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw translated(error);
    }
    try {
      const result = await work(client);
      client.release();
      return result;
    } catch (error) {
      client.release(!(error instanceof pg.DatabaseError) || BROKEN.test(error.code ?? ''));
      throw translated(error);
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

function translated(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError))
    return new StoreUnavailable('the database cannot be reached', { cause: error });
  const code = error.code ?? '';
  if (code === LOCK_TIMEOUT) return new LockTimeout('a row stays locked', { cause: error });
  if (CONFLICTS.has(code)) return new Conflict('transactions got in each other’s way', { cause: error });
  if (code === UNIQUE_VIOLATION) return new AlreadyThere(`${error.constraint} is taken`, { cause: error });
  if (UNAVAILABLE.test(code)) return new StoreUnavailable(`the database refuses (${code})`, { cause: error });
  return error;
}

/** Our integers are all below 2^53. */
function parserOf(oid: number, format?: 'text' | 'binary') {
  return oid === INT8 ? Number : pg.types.getTypeParser(oid, format);
}
