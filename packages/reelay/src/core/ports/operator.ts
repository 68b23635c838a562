import type { LetterId } from '../values.ts';
import type { PriceRule } from './accounts.ts';

/** What only an operator asks of the store. */
export interface OperatorStore {
  /** The whole price book, the most exact rules first. */
  prices(): Promise<readonly PriceRule[]>;
  /** False where there was no such rule; tasks that were taken keep their price. */
  removePrice(rule: Omit<PriceRule, 'price'>): Promise<boolean>;
  /** Makes a letter that is delivered or dead due again, with its own id and body. False where there is none. */
  replay(letter: LetterId): Promise<boolean>;
}
