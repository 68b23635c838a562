import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accept } from '../../../../src/core/lifecycle.ts';
import type { Bench } from '../contract.ts';
import {
  after,
  attempted,
  bear,
  born,
  customer,
  failed,
  keyFor,
  order,
  submitted,
  unique,
} from '../sample.ts';

export function birthTests(bench: () => Bench): void {
  describe('births', () => {
    test('a committed task reads back as it was decided, with its hold', async () => {
      const { store } = bench();
      const { account, key } = await customer(store);
      const task = order(key, { callbackUrl: 'https://client.example/cb', clientRequestId: 'mine-1' });
      assert.equal(await bear(store, task), 'committed');
      const { dueInMs: _, ...change } = accept(task);
      assert.deepEqual(await store.task(task.id), change.task);
      const { order: _o, terms: _t, origin: _r, prepared: _p, tried: _d, ...summary } = change.task;
      assert.deepEqual(pick(await store.summary(task.id), Object.keys(summary)), summary);
      assert.deepEqual(await store.timeline(task.id), [
        { version: 1, at: task.createdAt, event: 'accepted', detail: change.event.detail },
      ]);
      assert.deepEqual(await store.balance(account.id), { available: 945, held: 55 });
      const [line] = await store.ledger(account.id, 1);
      assert.deepEqual(line, {
        id: `${task.id}:hold`,
        kind: 'hold',
        amount: 55,
        task: task.id,
        reason: null,
        at: task.createdAt,
      });
    });

    test('nobody knows a task that was never committed', async () => {
      const { store } = bench();
      assert.equal(await store.task('task_nobody'), null);
      assert.equal(await store.summary('task_nobody'), null);
      assert.deepEqual(await store.timeline('task_nobody'), []);
    });

    test('credit for ten: of 200 at once exactly ten are taken, in the order they came', async () => {
      const { store } = bench();
      const { account, key } = await customer(store, { credits: 550 });
      const verdicts = await Promise.all(Array.from({ length: 200 }, () => bear(store, order(key))));
      assert.deepEqual(verdicts, [
        ...Array(10).fill('committed'),
        ...Array(190).fill('insufficient_credits'),
      ]);
      assert.deepEqual(await store.balance(account.id), { available: 0, held: 550 });
    });

    test('who cannot pay does not stand in the way of who can', async () => {
      const { store } = bench();
      const rich = await customer(store);
      const poor = await customer(store, { credits: 100 });
      const verdicts = await Promise.all([
        bear(store, order(poor.key, { price: 150 })),
        bear(store, order(rich.key)),
        bear(store, order(poor.key, { price: 60 })),
        bear(store, order(poor.key, { price: 60 })),
        bear(store, order(poor.key, { price: 40 })),
      ]);
      assert.deepEqual(verdicts, [
        'insufficient_credits',
        'committed',
        'committed',
        'insufficient_credits',
        'committed',
      ]);
    });

    test('a free order holds nothing', async () => {
      const { store } = bench();
      const { account, key } = await customer(store, { credits: 0 });
      const task = await born(store, key, { price: 0 });
      assert.deepEqual(await store.ledger(account.id, 10), []);
      await after(store, task, [failed]);
      assert.deepEqual(await store.audit(), []);
    });

    test('a shared wallet cannot be overdrawn by accounts together', async () => {
      const { store } = bench();
      const parent = await customer(store, { credits: 110 });
      const one = await customer(store, { credits: 0, wallet: parent.account.id });
      const two = await customer(store, { credits: 0, wallet: parent.account.id });
      const verdicts = await Promise.all([one, two, one, two].map(({ key }) => bear(store, order(key))));
      assert.deepEqual(verdicts, ['committed', 'committed', 'insufficient_credits', 'insufficient_credits']);
      assert.deepEqual(await store.balance(parent.account.id), { available: 0, held: 110 });
      assert.deepEqual(await store.balance(one.account.id), { available: 0, held: 0 });
    });

    test('a key’s cap counts what its tasks hold and were charged, and gets back what was refunded', async () => {
      const { store } = bench();
      const { key } = await customer(store, { cap: 110 });
      const [first] = await Promise.all([born(store, key), born(store, key)]);
      assert.equal(await bear(store, order(key)), 'insufficient_credits');
      await after(store, first, [failed]);
      assert.equal(await bear(store, order(key)), 'committed');
    });

    test('an account’s cap holds over all its keys', async () => {
      const { store } = bench();
      const parent = await customer(store);
      const id = `acc_${unique()}` as const;
      const account = { id, name: id, sandbox: false, wallet: parent.account.id, cap: 100, createdAt: 1 };
      await store.createAccount(account);
      const keys = [keyFor(account), keyFor(account)];
      for (const key of keys) await store.createKey(key);
      assert.deepEqual(await Promise.all(keys.map((key) => bear(store, order(key)))), [
        'committed',
        'insufficient_credits',
      ]);
    });

    test('a key has its limit of unfinished tasks, and each that ends makes room', async () => {
      const { store } = bench();
      const { key } = await customer(store, { unfinishedTasks: 3 });
      const tasks = Array.from({ length: 5 }, () => order(key));
      const verdicts = await Promise.all(tasks.map((task) => bear(store, task)));
      assert.deepEqual(verdicts, ['committed', 'committed', 'committed', 'too_many_tasks', 'too_many_tasks']);
      const first = tasks[0] ?? order(key);
      await after(store, accept(first).task, [attempted(first)]);
      assert.equal(await bear(store, order(key)), 'too_many_tasks');
      await after(store, (await store.task(first.id)) ?? first, [submitted, failed]);
      assert.equal(await bear(store, order(key)), 'committed');
    });

    test('one idempotency key, one task: of twenty at once one is born, and all find it', async () => {
      const { store } = bench();
      const { account, key } = await customer(store);
      const idempotency = { route: 'POST /generate', key: 'k-1', fingerprint: 'f-1' };
      const tasks = Array.from({ length: 20 }, () => order(key, { idempotency }));
      const verdicts = await Promise.all(tasks.map((task) => bear(store, task)));
      assert.deepEqual([...verdicts].sort(), ['committed', ...Array(19).fill('duplicate')]);
      const winner = tasks[verdicts.indexOf('committed')];
      assert.deepEqual(await store.original(account.id, 'POST /generate', 'k-1'), {
        task: winner?.id,
        fingerprint: 'f-1',
      });
      assert.deepEqual(await store.balance(account.id), { available: 945, held: 55 });
      assert.equal(await store.original(account.id, 'POST /other', 'k-1'), null);
      const other = await customer(store);
      assert.equal(await store.original(other.account.id, 'POST /generate', 'k-1'), null);
      assert.equal(await bear(store, order(other.key, { idempotency })), 'committed');
    });

    test('a refused order keeps no idempotency key', async () => {
      const { store } = bench();
      const { account, key } = await customer(store, { credits: 10 });
      const idempotency = { route: 'r', key: 'k', fingerprint: 'f' };
      assert.equal(await bear(store, order(key, { idempotency })), 'insufficient_credits');
      assert.equal(await store.original(account.id, 'r', 'k'), null);
      const change = {
        account: account.id,
        reference: unique(),
        reason: 'top-up',
        kind: 'grant',
        amount: 100,
      } as const;
      await store.commitAccount(change);
      assert.equal(await bear(store, order(key, { idempotency })), 'committed');
    });

    test('a task is born once', async () => {
      const { store } = bench();
      const { account, key } = await customer(store);
      const task = order(key);
      assert.equal(await bear(store, task), 'committed');
      assert.equal(await bear(store, task), 'duplicate');
      assert.deepEqual(await store.balance(account.id), { available: 945, held: 55 });
    });

    test('a birth for an account that does not exist harms nobody else', async () => {
      const { store } = bench();
      const { key } = await customer(store);
      const nobody = { ...key, account: 'acc_nobody', wallet: 'acc_nobody' } as const;
      const [bad, good] = await Promise.allSettled([bear(store, order(nobody)), bear(store, order(key))]);
      assert.equal(bad.status, 'rejected');
      assert.deepEqual(good, { status: 'fulfilled', value: 'committed' });
    });

    test('the laws hold', async () => {
      assert.deepEqual(await bench().store.audit(), []);
    });
  });
}

function pick(value: object | null, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([name]) => names.includes(name)));
}
