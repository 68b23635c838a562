import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Bench } from '../contract.ts';
import { after, born, customer, failed, film, toStoring, unique } from '../sample.ts';

export function houseTests(bench: () => Bench): void {
  describe('the rest of the house', () => {
    test('files are in the book until they are removed, and go at their time', async () => {
      const { store, pass, now } = bench();
      const { key } = await customer(store);
      const task = await toStoring(store, await born(store, key));
      const file = film(task.id, { expiresAt: (await now()) + 1_000_000 });
      await after(store, task, [{ is: 'stored', files: [file] }]);
      assert.deepEqual(await store.known([file.id, 'file_nobody']), new Set([file.id]));
      assert.equal((await store.expiredFiles(1_000)).includes(file.id), false);
      await pass(2_000_000);
      assert.equal((await store.expiredFiles(1_000)).includes(file.id), true);
      await store.filesRemoved([file.id]);
      assert.equal((await store.expiredFiles(1_000)).includes(file.id), false);
      assert.equal((await store.file(file.id))?.removed, true);
      assert.deepEqual(await store.known([file.id]), new Set());
      assert.equal(await store.file('file_nobody'), null);
    });

    test('a file is not taken away from a task that is not over', async () => {
      const { store } = bench();
      const { key } = await customer(store);
      const task = await born(store, key);
      const input = film(task.id, { id: `file_${unique()}`, kind: 'input', expiresAt: 1 });
      const prepared = await after(store, task, [
        { is: 'prepared', prepared: { media: [] }, files: [input], leaseMs: 90_000 },
      ]);
      assert.equal((await store.expiredFiles(1_000)).includes(input.id), false);
      await after(store, prepared, [failed]);
      assert.equal((await store.expiredFiles(1_000)).includes(input.id), true);
      await store.filesRemoved([input.id]);
    });

    test('an allowance is leased in blocks, never more than a minute’s worth, and comes back with time', async () => {
      const { store, pass } = bench();
      const { key } = await customer(store);
      const grants = await Promise.all(
        Array.from({ length: 30 }, () => store.leaseAllowance(key.id, 10, 100)),
      );
      const total = () => grants.reduce((sum, { granted }) => sum + granted, 0);
      assert.ok(total() >= 100 && total() <= 101, `${total()} granted`);
      const refused = await store.leaseAllowance(key.id, 10, 100);
      assert.equal(refused.granted, 0);
      assert.ok(refused.retryAfterMs > 0 && refused.retryAfterMs <= 600);
      await pass(6_000);
      const later = await store.leaseAllowance(key.id, 50, 100);
      assert.ok(later.granted >= 10 && later.granted <= 12, `${later.granted} granted`);
      await pass(1_000_000);
      assert.equal((await store.leaseAllowance(key.id, 500, 100)).granted, 100);
      const other = await customer(store);
      assert.equal((await store.leaseAllowance(other.key.id, 5, 100)).granted, 5);
    });

    test('a node is alive for as long as it says so', async () => {
      const { store, pass } = bench();
      const node = `node-${unique()}`;
      assert.equal(await store.isAlive(node), false);
      await store.beat(node, 30_000);
      assert.equal(await store.isAlive(node), true);
      await pass(20_000);
      await store.beat(node, 30_000);
      await pass(20_000);
      assert.equal(await store.isAlive(node), true);
      await pass(20_000);
      assert.equal(await store.isAlive(node), false);
    });

    test('a setting keeps its first value', async () => {
      const { store } = bench();
      const name = `s-${unique()}`;
      const values = await Promise.all(['a', 'b', 'c'].map((value) => store.setting(name, value)));
      assert.equal(new Set(values).size, 1);
      assert.equal(await store.setting(name, 'later'), values[0]);
    });

    test('it is ready, and the laws hold', async () => {
      const { store } = bench();
      await store.ready();
      assert.deepEqual(await store.audit(), []);
    });
  });
}
