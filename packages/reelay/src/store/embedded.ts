import type { ChildProcess } from 'node:child_process';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { findBinaries, installBinaries } from './embedded/binaries.ts';
import { lockFile } from './embedded/lock.ts';
import { choosePlace, makeHome, type Place } from './embedded/place.ts';
import {
  findServer,
  lastWords,
  makeCluster,
  passwordOf,
  ROLE,
  startServer,
  stopServer,
} from './embedded/server.ts';

const DATABASE = 'reelay';
const LOCK_WAIT_MS = 120_000;
const READY_WAIT_MS = 300_000;
const POLL_MS = 10;
const MAX_REVIVE_PAUSE_MS = 5_000;
const START_ATTEMPTS = 20;
const START_PAUSE_MS = 250;
/** Advisory locks in the server's own database; they end with the connection, so also with a process that was killed. */
const PRESENT = 7_352_901;
const GATEWAY = 7_352_902;
/** Not there yet, or no longer: the socket is missing or refuses, the server starts up or shuts down. */
const NOT_NOW = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', '57P03', '57P01']);

/** What the supervisor tells: `path` is a folder, `reason` an error's words. */
export type SupervisorLog = (
  event: string,
  fields: { readonly path?: string; readonly version?: string; readonly reason?: string },
) => void;

export interface EmbeddedOptions {
  /** The gateway's data folder; made if missing. */
  readonly dataDir: string;
  readonly log: SupervisorLog;
  /** True for the one process that serves this folder: a second one is refused with `FolderInUse`. */
  readonly isGateway?: boolean;
}

export interface Embedded {
  /** For `new pg.Pool`. */
  readonly connection: pg.PoolConfig;
  /** The same as a URL, for tools and child processes. */
  readonly directUrl: string;
  /** Leaves; whoever leaves last stops the server. Close every connection of one's own first. */
  close(): Promise<void>;
}

/** A second gateway was started on the same data folder. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';
}

/**
 * Opens the embedded PostgreSQL of a data folder: the first process starts it, others attach, also to a server that
 * outlived a killed process. While open, a server that dies is started again; connections made from `connection` work
 * again by themselves. Rejects with the server's last words when it does not start.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const supervisor = new Supervisor(options);
  await supervisor.attach();
  return supervisor;
}

class Supervisor implements Embedded {
  readonly #options: EmbeddedOptions;
  readonly #dataDir: string;
  #presence: pg.Client | null = null;
  #closing: Promise<void> | null = null;
  #reviving: Promise<void> | null = null;
  connection: pg.PoolConfig = {};
  directUrl = '';

  constructor(options: EmbeddedOptions) {
    this.#options = options;
    this.#dataDir = resolve(options.dataDir);
  }

  /** Takes part in the folder's server, starting it if need be. All of it under the folder's lock. */
  async attach(): Promise<void> {
    const home = await makeHome(this.#dataDir);
    const lock = await lockFile(join(home, 'lock'), LOCK_WAIT_MS);
    try {
      const place = await choosePlace(this.#dataDir);
      const presence = await this.#reachServer(place);
      try {
        await this.#enter(presence);
      } catch (error) {
        await presence.end();
        throw error;
      }
      this.connection = { ...(await connectionTo(place, DATABASE)) };
      this.directUrl = urlOf(place, this.connection);
    } finally {
      lock.release();
    }
  }

  async #reachServer(place: Place): Promise<pg.Client> {
    const binaries = await findBinaries();
    // A server that was killed leaves processes behind which have to notice first: a few starts may be refused.
    for (let attempt = 1; attempt <= START_ATTEMPTS; attempt += 1) {
      let child: ChildProcess | null = null;
      if ((await findServer(place)) === null) {
        const native = await installBinaries(binaries, place.root);
        await makeCluster(place, native, binaries.major);
        child = await startServer(place, native);
        this.#options.log('database.started', { path: place.root, version: binaries.version });
      }
      const presence = await connectWhenReady(place, child);
      if (presence) return presence;
      await sleep(START_PAUSE_MS);
    }
    throw new Error(`the embedded database in ${place.root} does not start:\n${await lastWords(place)}`);
  }

  async #enter(presence: pg.Client): Promise<void> {
    await presence.query('select pg_advisory_lock_shared($1)', [PRESENT]);
    if (this.#options.isGateway) {
      const { rows } = await presence.query<{ ok: boolean }>('select pg_try_advisory_lock($1) as ok', [
        GATEWAY,
      ]);
      if (!rows[0]?.ok) throw new FolderInUse(`a gateway is already running on ${this.#dataDir}`);
    }
    const found = await presence.query('select from pg_database where datname = $1', [DATABASE]);
    if (found.rowCount === 0) await presence.query(`create database ${DATABASE}`);
    presence.once('end', () => this.#lose(presence));
    this.#presence = presence;
  }

  #lose(presence: pg.Client): void {
    if (this.#closing || presence !== this.#presence) return;
    this.#presence = null;
    this.#options.log('database.lost', { path: this.#dataDir });
    this.#reviving = this.#revive();
  }

  async #revive(): Promise<void> {
    for (let pauseMs = POLL_MS; !this.#closing; pauseMs = Math.min(pauseMs * 2, MAX_REVIVE_PAUSE_MS)) {
      try {
        return await this.attach();
      } catch (error) {
        this.#options.log('database.revival_failed', {
          reason: error instanceof Error ? error.message : String(error),
        });
        await sleep(pauseMs);
      }
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#leave();
    return this.#closing;
  }

  async #leave(): Promise<void> {
    await this.#reviving;
    const lock = await lockFile(join(this.#dataDir, 'postgres', 'lock'), LOCK_WAIT_MS);
    try {
      const place = await choosePlace(this.#dataDir);
      if (!(await this.#isLast())) return;
      const { version } = await findBinaries();
      await stopServer(place, join(place.root, version));
      this.#options.log('database.stopped', { path: place.root });
    } finally {
      lock.release();
    }
  }

  /** Gives up our own presence; true if nobody else's is left. The folder's lock keeps newcomers out meanwhile. */
  async #isLast(): Promise<boolean> {
    const presence = this.#presence;
    if (!presence) return false;
    try {
      await presence.query('select pg_advisory_unlock_shared($1)', [PRESENT]);
      const { rows } = await presence.query<{ ok: boolean }>('select pg_try_advisory_lock($1) as ok', [
        PRESENT,
      ]);
      return rows[0]?.ok ?? false;
    } catch {
      return false;
    } finally {
      await presence.end();
    }
  }
}

/** Connects as soon as the server accepts; null when it has gone instead. */
async function connectWhenReady(place: Place, child: ChildProcess | null): Promise<pg.Client | null> {
  for (let waitedMs = 0; waitedMs < READY_WAIT_MS; waitedMs += POLL_MS) {
    const client = new pg.Client(await connectionTo(place, 'postgres'));
    client.on('error', () => {});
    try {
      await client.connect();
      return client;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && NOT_NOW.has(String(error.code)))) throw error;
    }
    const hasExited = child
      ? child.exitCode !== null || child.signalCode !== null || child.pid === undefined
      : true;
    if (hasExited && (await findServer(place)) === null) return null;
    await sleep(POLL_MS);
  }
  return null;
}

async function connectionTo(place: Place, database: string): Promise<pg.ClientConfig> {
  const password = await passwordOf(place);
  return {
    host: place.socket || '127.0.0.1',
    port: place.port,
    user: ROLE,
    password: password ?? '',
    database,
    ssl: false,
    application_name: 'reelay',
  };
}

function urlOf(place: Place, connection: pg.PoolConfig): string {
  const user = `${ROLE}:${encodeURIComponent(String(connection.password ?? ''))}`;
  if (place.socket)
    return `postgresql://${ROLE}@localhost/${DATABASE}?host=${encodeURIComponent(place.socket)}`;
  return `postgresql://${user}@127.0.0.1:${place.port}/${DATABASE}`;
}
