import pg from 'pg';
import { openStore } from '../../../src/store/postgres.ts';
import { createVault } from '../../../src/vault.ts';
import { testDatabase } from '../../store/database.ts';
import { disabledNews, QUOTA_BYTES, storeContract } from './contract.ts';

storeContract('the store on PostgreSQL', async () => {
  const database = await testDatabase();
  const vault = createVault('a master key for tests');
  const options = { ...database, vault, uploadQuotaBytes: QUOTA_BYTES, disabledNews };
  const store = await openStore(options);
  const hand = new pg.Client(database.direct);
  await hand.connect();
  return {
    store,
    async as(node, act) {
      const other = await openStore({ ...options, node });
      return act(other).finally(() => other.close());
    },
    // The database's clock is real; what is waiting for it is moved instead.
    pass: async (ms) => {
      await hand.query(`
        update tasks set due_at = due_at - ${ms} where due_at is not null;
        update tasks set completed_at = completed_at - ${ms}, created_at = created_at - ${ms} where completed_at is not null;
        update letters set due_at = due_at - ${ms} where due_at is not null;
        update nodes set alive_until = alive_until - ${ms};
        update allowances set used_until = used_until - ${ms};
        update files set expires_at = expires_at - ${ms};
        update events set at = at - ${ms}`);
    },
    async now() {
      const { rows } = await hand.query<{ now: string }>('select now_ms() as now');
      return Number(rows[0]?.now);
    },
    async close() {
      await hand.end();
      await store.close();
      await database.close();
    },
  };
});
