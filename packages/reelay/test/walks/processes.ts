import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { systemClock } from '../../src/clock.ts';
import { createKey, grant } from '../../src/flow/accounts.ts';
import { systemIds } from '../../src/ids.ts';
import type { OpenStore } from '../../src/store/postgres.ts';
import { openStore } from '../../src/store/postgres.ts';
import { createVault } from '../../src/vault.ts';
import { testDatabase } from '../store/database.ts';

const BIN = fileURLToPath(new URL('../../src/bin.ts', import.meta.url));
const MASTER_KEY = 'a master key of the walks';

export interface Reply {
  readonly status: number;
  readonly replayed: boolean;
  readonly body: {
    readonly id?: string;
    readonly reserved_credits?: number;
    readonly error?: { readonly code: string };
  };
}

/** Gateways in processes of their own that take orders, on one database, and a look into it from here. */
export interface Fleet {
  readonly store: OpenStore;
  /** One for each process: asks it over connections that are kept. */
  readonly post: readonly ((path: string, key: string, body: string, once?: string) => Promise<Reply>)[];
  /** A key of a new account with so many credits. */
  key(credits: number): Promise<string>;
  close(): Promise<void>;
}

/** Starts them. @param connections how many requests each process is asked at a time */
export async function openFleet(processes: number, connections: number): Promise<Fleet> {
  const database = await testDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'reelay-fleet-'));
  const { user, host, database: name } = database.connection;
  const env = {
    ...process.env,
    DATABASE_URL: `postgresql://${user}@localhost/${name}?host=${encodeURIComponent(String(host))}`,
    REELAY_ROLE: 'api',
    REELAY_PORT: '0',
    REELAY_MASTER_KEY: MASTER_KEY,
    REELAY_ADMIN_TOKEN: 'admin-token-of-the-walks',
    REELAY_DATA_DIR: dataDir,
    REELAY_LOG_LEVEL: 'error',
  };
  const store = await openStore({ ...database, vault: createVault(MASTER_KEY) });
  const children: ChildProcess[] = [];
  const pools: Pool[] = [];
  const close = async () => {
    for (const pool of pools) await pool.close();
    await Promise.all(children.map(ended));
    await store.close();
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    for (let started = 0; started < processes; started += 1) {
      children.push(spawn(process.execPath, [BIN, 'serve'], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
    }
    for (const address of await Promise.all(children.map(addressOf))) {
      pools.push(new Pool(address, { connections }));
    }
  } catch (error) {
    await close();
    throw error;
  }
  let accounts = 0;
  return {
    store,
    post: pools.map((pool) => (path, key, body, once) => post(pool, path, key, body, once)),
    async key(credits) {
      accounts += 1;
      const deps = { store, clock: systemClock, ids: systemIds };
      const wish = { account: `fleet ${accounts}`, sandbox: true };
      const limits = { requestsPerMinute: 10_000_000, unfinishedTasks: 1_000 };
      const { secret, account } = await createKey(deps, { ...wish, ...limits });
      await grant(deps, { account: account.id, amount: credits, reason: 'a walk', reference: account.id });
      return secret;
    },
    close,
  };
}

async function post(pool: Pool, path: string, key: string, body: string, once?: string): Promise<Reply> {
  const reply = await pool.request({
    method: 'POST',
    path,
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      ...(once === undefined ? {} : { 'idempotency-key': once }),
    },
    body,
  });
  return {
    status: reply.statusCode,
    replayed: reply.headers['idempotent-replayed'] === 'true',
    body: (await reply.body.json()) as Reply['body'],
  };
}

/** Where it serves. Rejects with what it printed when it ends before that. */
function addressOf(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  const hear = (chunk: Buffer) => {
    text += chunk.toString();
    const address = /serves at (http:\S+)/.exec(text)?.[1];
    if (address !== undefined) resolve(address);
  };
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  child.once('exit', (code) => reject(new Error(`ended with ${code}:\n${text}`)));
  return promise;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  child.kill('SIGTERM');
  await promise;
}
