import { after, before, describe } from 'node:test';
import type { OperatorStore } from '../../../src/core/ports/operator.ts';
import type { Store } from '../../../src/core/ports/store.ts';
import type { Instant } from '../../../src/core/values.ts';
import { accountTests } from './suite/accounts.ts';
import { birthTests } from './suite/births.ts';
import { houseTests } from './suite/house.ts';
import { letterTests } from './suite/letters.ts';
import { moveTests } from './suite/moves.ts';
import { queueTests } from './suite/queue.ts';

/** A store under test, with a hand on its clock. */
export interface Bench {
  readonly store: Store & OperatorStore;
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
  });
}
