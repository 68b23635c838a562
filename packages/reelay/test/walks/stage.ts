import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Gateway } from '../../src/cli/context.ts';
import { mountainView } from '../../src/cli/picture.ts';
import { readConfig } from '../../src/config.ts';
import type { ApiKey } from '../../src/core/ports/accounts.ts';
import { createKey, grant } from '../../src/flow/accounts.ts';
import { serve } from '../../src/main/serve.ts';
import type { LoopbackHost } from '../../src/net/loopback.ts';
import { openLoopbackHost } from '../../src/net/loopback.ts';
import { testDatabase } from '../store/database.ts';

/** A whole gateway as it is composed for users, on a database of its own, with a customer's host beside it. */
export interface Stage {
  readonly gateway: Gateway;
  readonly host: LoopbackHost;
  /** A key of a new account. */
  customer(options?: { credits?: number; sandbox?: boolean; unfinishedTasks?: number }): Promise<Customer>;
  close(): Promise<void>;
}

export interface Customer {
  readonly secret: string;
  readonly key: ApiKey;
  readonly headers: Readonly<Record<string, string>>;
}

/** Composes and starts it. `settings` are environment variables over the test's own. */
export async function openStage(settings: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const database = await testDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'reelay-walk-'));
  const host = await openLoopbackHost(await mountainView());
  const { user, host: socket, database: name } = database.connection;
  const config = readConfig({
    DATABASE_URL: `postgresql://${user}@localhost/${name}?host=${encodeURIComponent(socket ?? '')}`,
    REELAY_MASTER_KEY: 'a master key of the walks',
    REELAY_ADMIN_TOKEN: 'admin-token-of-the-walks',
    REELAY_DATA_DIR: dataDir,
    REELAY_PORT: '0',
    REELAY_ALLOW_HOSTS: host.pair,
    REELAY_LOG_LEVEL: 'error',
    ...settings,
  });
  const gateway = await serve(config, '0.0.0');
  let customers = 0;
  return {
    gateway,
    host,
    async customer({ credits = 1_000, sandbox = true, unfinishedTasks = 1_000 } = {}) {
      customers += 1;
      const wish = { account: `customer ${customers}`, sandbox, requestsPerMinute: 10_000, unfinishedTasks };
      const { secret, key } = await createKey(gateway, wish);
      const change = { account: key.account, amount: credits, reason: 'a walk', reference: `walk:${key.id}` };
      if (credits > 0) await grant(gateway, change);
      const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
      return { secret, key, headers };
    },
    async close() {
      await gateway.close();
      await host.close();
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
