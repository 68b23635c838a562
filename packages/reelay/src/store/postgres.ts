import type { OperatorStore } from '../core/ports/operator.ts';
import type { Store } from '../core/ports/store.ts';
import { StoreUnavailable } from '../core/ports/tasks.ts';
import type { Vault } from '../core/ports/world.ts';
import { accountStore } from './accounts.ts';
import { audit } from './audit.ts';
import { Commits } from './commits.ts';
import type { Database } from './database.ts';
import { Hints } from './hints.ts';
import { houseStore } from './house.ts';
import { keyStore } from './keys.ts';
import { letterStore } from './letters.ts';
import { newestMigration } from './migrate.ts';
import { priceStore } from './prices.ts';
import { Session, type Statement } from './session.ts';
import { taskStore } from './tasks.ts';

const MIGRATED: Statement = { name: 'migrated', text: 'select max(number) as newest from migrations' };

export interface StoreOptions extends Pick<Database, 'connection' | 'direct'> {
  /** Seals callback secrets at rest. */
  readonly vault: Vault;
}

/** The store on a migrated PostgreSQL database (`openDatabase`). Close it before the database. */
export async function openStore({ connection, direct, vault }: StoreOptions): Promise<Store & OperatorStore> {
  const session = new Session(connection);
  const hints = new Hints(direct);
  await hints.open();
  // Whoever waits for a birth is told here; elsewhere one id of a group is enough to set the workers going.
  const commits = new Commits(session, (ids, born) => hints.tell(ids, born ? ids.slice(0, 1) : ids));
  const newest = await newestMigration();
  return {
    ...accountStore(session),
    ...keyStore(session, vault),
    ...priceStore(session),
    ...taskStore(session, (id) => hints.tell([id])),
    ...letterStore(session, vault),
    ...houseStore(session),
    commit: (change) => commits.commit(change),
    onMoved: (listener) => hints.subscribe(listener),
    audit: () => audit(session),
    async ready() {
      const [row] = await session.query<{ newest: number }>(MIGRATED, []);
      if ((row?.newest ?? 0) < newest) throw new StoreUnavailable('the database is not migrated yet');
    },
    async close() {
      await commits.idle();
      await hints.close();
      await session.close();
    },
  };
}
