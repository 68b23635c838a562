import type { Order } from '../core/order.ts';
import type { AccountStore, PriceRule } from '../core/ports/accounts.ts';
import type { OperatorStore } from '../core/ports/operator.ts';
import type { AccountId, Credits } from '../core/values.ts';
import type { Session, Statement } from './session.ts';

/** How long a process believes its copy of the price book: creates need not read it each time. */
const BOOK_LIFE_MS = 250;

const PRICES: Statement = {
  name: 'prices',
  text: 'select model, account, duration_seconds as "durationSeconds", sound, resolution, price from prices',
};
const SET_PRICE: Statement = {
  name: 'set_price',
  text: `insert into prices (model, account, duration_seconds, sound, resolution, price) values ($1, $2, $3, $4, $5, $6)
    on conflict (model, account, duration_seconds, sound, resolution) do update set price = excluded.price`,
};

const REMOVE_PRICE: Statement = {
  name: 'remove_price',
  text: `delete from prices where model = $1 and account is not distinct from $2 and duration_seconds is not distinct from $3
    and sound is not distinct from $4 and resolution is not distinct from $5 returning id`,
};

/**
 * The price that the book has for an order: the most exact row that fits it, where an account's own row goes before
 * length, length before sound, sound before resolution; null where none fits.
 */
export function bookPrice(
  rules: readonly PriceRule[],
  model: string,
  account: AccountId,
  order: Pick<Order, 'durationSeconds' | 'sound' | 'resolution'>,
): Credits | null {
  let best: PriceRule | null = null;
  for (const rule of rules) {
    const fits =
      rule.model === model &&
      (rule.account ?? account) === account &&
      (rule.durationSeconds ?? order.durationSeconds) === order.durationSeconds &&
      (rule.sound ?? order.sound) === order.sound &&
      (rule.resolution ?? order.resolution) === order.resolution;
    if (fits && (best === null || exactness(rule) > exactness(best))) best = rule;
  }
  return best?.price ?? null;
}

function exactness(rule: PriceRule): number {
  const given = [rule.account, rule.durationSeconds, rule.sound, rule.resolution];
  return given.reduce<number>((sum, value) => sum * 2 + (value === null ? 0 : 1), 0);
}

/** The rules of a book, the most exact first, those of a model together. */
export function inOrder(rules: readonly PriceRule[]): readonly PriceRule[] {
  return [...rules].sort((a, b) => {
    if (a.model !== b.model) return a.model < b.model ? -1 : 1;
    return exactness(b) - exactness(a);
  });
}

type Prices = Pick<AccountStore, 'price' | 'setPrice'> & Pick<OperatorStore, 'prices' | 'removePrice'>;

/** The price book. A price that another process sets counts here within a quarter of a second. */
export function priceStore(session: Session): Prices {
  let book: Promise<readonly PriceRule[]> | null = null;

  function read(): Promise<readonly PriceRule[]> {
    if (book) return book;
    const reading = session.query<PriceRule>(PRICES, []);
    const forget = () => {
      if (book === reading) book = null;
    };
    reading.then(() => setTimeout(forget, BOOK_LIFE_MS).unref(), forget);
    book = reading;
    return reading;
  }

  return {
    price: async (model, account, order) => bookPrice(await read(), model, account, order),
    async setPrice({ model, account, durationSeconds, sound, resolution, price }) {
      await session.query(SET_PRICE, [model, account, durationSeconds, sound, resolution, price]);
      book = null;
    },
    async prices() {
      return inOrder(await session.query<PriceRule>(PRICES, []));
    },
    async removePrice({ model, account, durationSeconds, sound, resolution }) {
      const rule = [model, account, durationSeconds, sound, resolution];
      const removed = await session.query(REMOVE_PRICE, rule);
      book = null;
      return removed.length > 0;
    },
  };
}
