import type { EndpointStore } from '../core/ports/endpoints.ts';
import type { OperatorStore } from '../core/ports/operator.ts';
import type { Store } from '../core/ports/store.ts';
import { StoreUnavailable } from '../core/ports/tasks.ts';
import type { UploadStore } from '../core/ports/uploads.ts';
import type { Vault } from '../core/ports/world.ts';
import { accountStore } from './accounts.ts';
import { audit } from './audit.ts';
import { Commits } from './commits.ts';
import type { Database } from './database.ts';
import { type DisabledNews, endpointStore, newsWriter } from './endpoints.ts';
import { type Feeds, feedStore } from './feed.ts';
import { Hints } from './hints.ts';
import { houseStore } from './house.ts';
import { keyStore } from './keys.ts';
import { type LeaseStore, leaseStore } from './leases.ts';
import { letterStore } from './letters.ts';
import { newestMigration } from './migrate.ts';
import { priceStore } from './prices.ts';
import { routeStore } from './routes.ts';
import { Session, type Statement } from './session.ts';
import { taskStore } from './tasks.ts';
import { uploadStore } from './uploads.ts';

const MIGRATED: Statement = { name: 'migrated', text: 'select max(number) as newest from migrations' };

export interface StoreOptions extends Pick<Database, 'connection' | 'direct'> {
  /** Seals callback secrets at rest. */
  readonly vault: Vault;
  /** This process's own name among those that beat; what it leases is free once it is gone. Absent: leases run out. */
  readonly node?: string;
  /** The most bytes of uploads that an account may keep at a time; 5 GB where left out. */
  readonly uploadQuotaBytes?: number;
  /** Absent: nobody is told when the house disables an endpoint. */
  readonly disabledNews?: DisabledNews;
}

/** All that the gateway keeps in its database. */
export type OpenStore = Store & OperatorStore & EndpointStore & UploadStore & LeaseStore & Feeds;

const UPLOAD_QUOTA_BYTES = 5_000_000_000;

/** The store on a migrated PostgreSQL database (`openDatabase`). Close it before the database. */
export async function openStore(options: StoreOptions): Promise<OpenStore> {
  const {
    connection,
    direct,
    vault,
    node = null,
    disabledNews,
    uploadQuotaBytes = UPLOAD_QUOTA_BYTES,
  } = options;
  const session = new Session(connection);
  const hints = new Hints(direct);
  await hints.open();
  // Whoever waits for a birth is told here; elsewhere one id of a group is enough to set the workers going.
  const commits = new Commits(session, (ids, born) => hints.tell(ids, born ? ids.slice(0, 1) : ids));
  const newest = await newestMigration();
  const endpoints = endpointStore(session, vault);
  const newsOf = newsWriter(endpoints, disabledNews);
  return {
    ...accountStore(session),
    ...keyStore(session, vault),
    ...priceStore(session),
    ...taskStore(session, node, (id) => hints.tell([id])),
    ...letterStore(session, { vault, node, newsOf }),
    ...houseStore(session),
    ...leaseStore(session, node),
    ...endpoints,
    ...feedStore(session),
    ...uploadStore(session, uploadQuotaBytes),
    ...routeStore(session, vault),
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
