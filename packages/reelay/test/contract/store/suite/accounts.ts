import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AccountChange } from '../../../../src/core/ledger.ts';
import type { PriceRule } from '../../../../src/core/ports/accounts.ts';
import type { Bench } from '../contract.ts';
import { born, customer, keyFor, order, unique } from '../sample.ts';

export function accountTests(bench: () => Bench): void {
  describe('accounts, keys and credits', () => {
    test('an account’s name is its own', async () => {
      const { store } = bench();
      const { account } = await customer(store);
      assert.deepEqual(await store.accountByName(account.name), account);
      assert.equal(await store.createAccount({ ...account, id: `acc_${unique()}` }), 'duplicate');
      assert.equal(await store.accountByName('nobody'), null);
      assert.ok((await store.accounts()).some((one) => one.id === account.id));
    });

    test('a key is found by its hash and its id, among its account’s, and revoked once', async () => {
      const { store } = bench();
      const { account, key } = await customer(store);
      const second = keyFor(account, {
        scopes: ['credits:read'],
        cap: 500,
        expiresAt: 9_000,
        strategy: 'official',
      });
      await store.createKey(second);
      assert.deepEqual(await store.keyByHash(second.hash), second);
      assert.deepEqual(await store.keyById(key.id), key);
      assert.deepEqual(
        (await store.keys(account.id)).map((one) => one.id).sort(),
        [key.id, second.id].sort(),
      );
      assert.ok((await store.keys(null)).length > 2);
      assert.equal(await store.revokeKey(key.id, 7_000), true);
      assert.equal(await store.revokeKey(key.id, 8_000), false);
      assert.equal((await store.keyById(key.id))?.revokedAt, 7_000);
      assert.equal(await store.revokeKey('key_nobody', 8_000), false);
      assert.equal(await store.keyByHash('nothing'), null);
      await store.replaceCallbackSecrets(second.id, ['whsec_2', 'whsec_1']);
      assert.deepEqual((await store.keyById(second.id))?.callbackSecrets, ['whsec_2', 'whsec_1']);
    });

    test('credits are given and corrected, each reference once, never below zero', async () => {
      const { store } = bench();
      const { account } = await customer(store, { credits: 0 });
      const child = await customer(store, { credits: 0, wallet: account.id });
      const change = (kind: AccountChange['kind'], amount: number, reference = unique()): AccountChange => ({
        account: child.account.id,
        reference,
        reason: 'because',
        kind,
        amount,
      });
      const first = change('grant', 100);
      assert.deepEqual(
        await Promise.all([first, first, first].map((one) => store.commitAccount(one))).then((all) =>
          [...all].sort(),
        ),
        ['committed', 'duplicate', 'duplicate'],
      );
      assert.equal(await store.commitAccount(change('correction', -101)), 'insufficient_credits');
      assert.equal(await store.commitAccount(change('correction', -30)), 'committed');
      assert.equal(await store.commitAccount({ ...first, account: 'acc_nobody' }), 'no_such_account');
      assert.deepEqual(await store.balance(account.id), { available: 70, held: 0 });
      const lines = await store.ledger(account.id, 10);
      assert.deepEqual(
        lines.map(({ kind, amount, reason, task }) => [kind, amount, reason, task]),
        [
          ['correction', 30, 'because', null],
          ['grant', 100, 'because', null],
        ],
      );
      assert.equal(lines[1]?.id, first.reference);
    });

    test('the ledger gives the newest lines only', async () => {
      const { store } = bench();
      const { account, key } = await customer(store);
      const tasks = [await born(store, key), await born(store, key)];
      assert.deepEqual(
        (await store.ledger(account.id, 1)).map((line) => line.task),
        [tasks[1]?.id],
      );
    });

    test('the most exact row of the price book counts, and a new price replaces the old', async () => {
      const { store } = bench();
      const { account, key } = await customer(store);
      const model = `model-${unique()}`;
      const any: PriceRule = {
        model,
        account: null,
        durationSeconds: null,
        sound: null,
        resolution: null,
        price: 10,
      };
      const price = () => store.price(model, account.id, order(key).order);
      assert.equal(await price(), null);
      await store.setPrice(any);
      assert.equal(await price(), 10);
      await store.setPrice({ ...any, sound: true, resolution: '720p', price: 99 });
      assert.equal(await price(), 10);
      await store.setPrice({ ...any, sound: true, price: 20 });
      assert.equal(await price(), 20);
      await store.setPrice({ ...any, durationSeconds: 5, price: 30 });
      assert.equal(await price(), 30);
      await store.setPrice({ ...any, account: account.id, price: 40 });
      assert.equal(await price(), 40);
      await store.setPrice({ ...any, account: account.id, price: 0 });
      assert.equal(await price(), 0);
      assert.equal(await store.price('another', account.id, order(key).order), null);
    });

    test('the price book is shown most exact first, and a rule can be taken out of it', async () => {
      const { store } = bench();
      const model = `model-${unique()}`;
      const any: PriceRule = {
        model,
        account: null,
        durationSeconds: null,
        sound: null,
        resolution: null,
        price: 1,
      };
      const exact = { ...any, durationSeconds: 10, sound: true, price: 2 };
      await store.setPrice(any);
      await store.setPrice(exact);
      const mine = async () => (await store.prices()).filter((rule) => rule.model === model);
      assert.deepEqual(await mine(), [exact, any]);
      assert.equal(await store.removePrice({ ...any, sound: false }), false);
      assert.equal(await store.removePrice(exact), true);
      assert.equal(await store.removePrice(exact), false);
      assert.deepEqual(await mine(), [any]);
    });
  });
}
