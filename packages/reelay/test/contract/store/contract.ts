import { after, before, describe } from 'node:test';
import type { Endpoint } from '../../../src/core/ports/endpoints.ts';
import type { Instant, LetterId } from '../../../src/core/values.ts';
import type { OpenStore } from '../../../src/store/postgres.ts';
import { accountTests } from './suite/accounts.ts';
import { birthTests } from './suite/births.ts';
import { endpointTests } from './suite/endpoints.ts';
import { feedTests } from './suite/feed.ts';
import { houseTests } from './suite/house.ts';
import { leaseTests } from './suite/leases.ts';
import { letterTests } from './suite/letters.ts';
import { moveTests } from './suite/moves.ts';
import { queueTests } from './suite/queue.ts';
import { routeTests } from './suite/routes.ts';
import { uploadTests } from './suite/uploads.ts';

/** What the benches of both stores let an account keep. */
export const QUOTA_BYTES = 1_000;

/** How the stores of both benches tell that an endpoint was disabled. */
export function disabledNews(endpoint: Endpoint, event: LetterId): { type: string; body: string } {
  return { type: 'webhook_endpoint.disabled', body: JSON.stringify({ id: event, disabled: endpoint.id }) };
}

/** A store under test, with a hand on its clock. Uploads have a quota of `QUOTA_BYTES`. */
export interface Bench {
  readonly store: OpenStore;
  /** Does something as a process of this name. */
  as<Result>(node: string, act: (store: OpenStore) => Promise<Result>): Promise<Result>;
  /** Lets time pass for everything that is due, leased, alive or expiring. */
  pass(ms: number): Promise<void>;
  now(): Promise<Instant>;
  close(): Promise<void>;
}

/** What every store must do. Tests share the store, and keep apart by their accounts. */
export function storeContract(name: string, open: () => Promise<Bench>): void {
  describe(`${name} keeps the store contract`, () => {
    let bench: Bench | null = null;
    const opened = (): Bench => {
      if (!bench) throw new Error('the store is not open yet');
      return bench;
    };
    before(async () => {
      bench = await open();
    });
    after(() => bench?.close());

    birthTests(opened);
    moveTests(opened);
    queueTests(opened);
    letterTests(opened);
    accountTests(opened);
    houseTests(opened);
    routeTests(opened);
    endpointTests(opened);
    feedTests(opened);
    uploadTests(opened);
    leaseTests(opened);
  });
}
