// Run by commits.test.ts: one process among several that orders as fast as it can, and says how much it was given.
import { once } from 'node:events';
import type pg from 'pg';
import type { ApiKey } from '../../src/core/ports/accounts.ts';
import { openStore } from '../../src/store/postgres.ts';
import { createVault } from '../../src/vault.ts';
import { bear, order } from '../contract/store/sample.ts';

const [task] = (await once(process, 'message')) as [
  { connection: pg.ClientConfig; key: ApiKey; orders: number },
];
const { connection, key, orders } = task;
const store = await openStore({
  connection,
  direct: connection,
  vault: createVault('a master key for tests'),
});
const verdicts = await Promise.all(Array.from({ length: orders }, () => bear(store, order(key))));
await store.close();
process.send?.(verdicts.filter((verdict) => verdict === 'committed').length);
process.disconnect();
