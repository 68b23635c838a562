import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ApiKey } from '../../../../src/core/ports/accounts.ts';
import type { AccountId } from '../../../../src/core/values.ts';
import type { Bench } from '../contract.ts';
import { born, customer, failed, happen } from '../sample.ts';

const DAY_MS = 86_400_000;

export function feedTests(bench: () => Bench): void {
  /** A task of this account that ended, which is told of with this body. */
  async function tell(key: ApiKey, body: string, type = 'generation.failed'): Promise<void> {
    const { store } = bench();
    const task = await born(store, key, { price: 0 });
    const { verdict } = await happen(store, task, failed, [{ to: 'endpoints', type, body }]);
    assert.equal(verdict, 'committed');
  }

  async function page(account: AccountId, cursor: string | null, limit = 100, type: string | null = null) {
    const found = await bench().store.feed(account, { cursor, limit, type });
    assert.ok(found !== 'expired');
    return { ...found, bodies: found.events.map((event) => event.body) };
  }

  describe('the feed', () => {
    test('has what ended, oldest first, in pages, and can be gone on with for ever', async () => {
      const { store } = bench();
      const { account, key } = await customer(store);
      const nothing = await page(account.id, null);
      assert.deepEqual([nothing.bodies, nothing.hasMore], [[], false]);
      for (const body of ['{"n":1}', '{"n":2}', '{"n":3}']) await tell(key, body);
      const first = await page(account.id, nothing.nextCursor, 2);
      assert.deepEqual([first.bodies, first.hasMore], [['{"n":1}', '{"n":2}'], true]);
      assert.deepEqual(first.events[0], { type: 'generation.failed', body: '{"n":1}' });
      const second = await page(account.id, first.nextCursor, 2);
      assert.deepEqual([second.bodies, second.hasMore], [['{"n":3}'], false]);
      await tell(key, '{"n":4}');
      assert.deepEqual((await page(account.id, second.nextCursor)).bodies, ['{"n":4}']);
      assert.deepEqual((await page(account.id, first.nextCursor)).bodies, ['{"n":3}', '{"n":4}']);
      const other = await customer(store);
      assert.deepEqual((await page(other.account.id, null)).bodies, [], 'to each their own');
    });

    test('of one type only, without falling behind for the others', async () => {
      const { account, key } = await customer(bench().store);
      await tell(key, '1');
      await tell(key, '2', 'generation.succeeded');
      const seldom = await page(account.id, null, 100, 'generation.succeeded');
      assert.deepEqual(seldom.bodies, ['2']);
      await tell(key, '3');
      const none = await page(account.id, seldom.nextCursor, 100, 'generation.succeeded');
      assert.deepEqual(none.bodies, []);
      assert.deepEqual((await page(account.id, none.nextCursor)).bodies, []);
      assert.deepEqual((await page(account.id, seldom.nextCursor)).bodies, ['3']);
    });

    test('nothing is ever put in front of what was read, however many write and read at once', async () => {
      const { store } = bench();
      const { account, key } = await customer(store);
      const others = await Promise.all(
        [1, 2, 3].map(() => customer(store, { wallet: account.id, credits: 0 })),
      );
      const bodies = Array.from({ length: 60 }, (_, index) => `"${index}"`);
      let writing = true;
      const writers = Promise.all(
        bodies.map((body, index) =>
          index % 2 === 0 ? tell(key, body) : tell(others[index % 3]?.key ?? key, body),
        ),
      ).finally(() => {
        writing = false;
      });
      const readers = [1, 2, 3].map(async () => {
        const seen: string[] = [];
        let cursor: string | null = null;
        for (let last = false; !last; ) {
          last = !writing;
          for (let more = true; more; ) {
            const found = await page(account.id, cursor, 7);
            seen.push(...found.bodies);
            cursor = found.nextCursor;
            more = found.hasMore;
          }
        }
        return seen;
      });
      await writers;
      const [one = [], ...rest] = await Promise.all(readers);
      assert.deepEqual(one.toSorted(), bodies.filter((_, index) => index % 2 === 0).toSorted());
      for (const seen of rest) assert.deepEqual(seen, one, 'the same order to everybody');
    });

    test('events are kept for 30 days; a cursor from before is told that it missed some', async () => {
      const { store, pass } = bench();
      const { account, key } = await customer(store);
      const quiet = await customer(store);
      const before = (await page(account.id, null)).nextCursor;
      const quietly = (await page(quiet.account.id, null)).nextCursor;
      await tell(key, '1');
      const after = (await page(account.id, before)).nextCursor;
      await pass(29 * DAY_MS);
      while ((await store.forgetEvents(100)) > 0);
      assert.deepEqual((await page(account.id, before)).bodies, ['1']);
      await pass(2 * DAY_MS);
      await tell(key, '2');
      while ((await store.forgetEvents(100)) > 0);
      assert.equal(await store.feed(account.id, { cursor: before, limit: 10, type: null }), 'expired');
      assert.deepEqual((await page(account.id, after)).bodies, ['2']);
      assert.deepEqual((await page(account.id, null)).bodies, ['2'], 'from the first that is kept');
      assert.deepEqual((await page(quiet.account.id, quietly)).bodies, []);
    });

    test('events that nobody read in their time are missed all the same', async () => {
      const { store, pass } = bench();
      const { account, key } = await customer(store);
      const before = (await page(account.id, null)).nextCursor;
      await tell(key, '1');
      await pass(31 * DAY_MS);
      while ((await store.forgetEvents(100)) > 0);
      assert.equal(await store.feed(account.id, { cursor: before, limit: 10, type: null }), 'expired');
    });

    test('a cursor that was never given is none', async () => {
      const { store } = bench();
      const { account, key } = await customer(store);
      await tell(key, '1');
      for (const cursor of ['99', '-1', 'x', '9'.repeat(40)]) {
        assert.equal(await store.feed(account.id, { cursor, limit: 10, type: null }), 'expired', cursor);
      }
    });

    test('the laws hold', async () => {
      assert.deepEqual(await bench().store.audit(), []);
    });
  });
}
