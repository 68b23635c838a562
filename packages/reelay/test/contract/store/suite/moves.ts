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
  film,
  happen,
  order,
  rendered,
  submitted,
  toStoring,
} from '../sample.ts';

export function moveTests(bench: () => Bench): void {
  describe('moves', () => {
    test('every state reads back as it was decided', async () => {
      const { store } = bench();
      const { key } = await customer(store);
      let task = await born(store, key);
      const prepared = {
        media: [
          {
            role: 'first_frame',
            kind: 'image',
            file: `file_${task.id.slice(5)}i0`,
            mimeType: 'image/png',
            bytes: 10,
            sha256: 'cd'.repeat(32),
            width: 600,
            height: 400,
          },
        ],
      } as const;
      const input = film(task.id, { id: prepared.media[0].file, kind: 'input', mimeType: 'image/png' });
      const events = [
        { is: 'prepared', prepared, files: [input], leaseMs: 90_000 },
        { is: 'deferred', reason: 'full', dueInMs: 10 },
        attempted(task),
        { is: 'doubted', reason: 'reset', dueInMs: 10 },
        { is: 'deferred', reason: 'still in doubt', dueInMs: 10 },
        { is: 'found', handle: 'h-1', dueInMs: 10 },
        { is: 'progressed', progress: 40, dueInMs: 10 },
        { is: 'cancelRequested' },
        rendered,
        { is: 'stored', files: [film(task.id)] },
      ] as const;
      for (const event of events) {
        task = await after(store, task, [event]);
        assert.deepEqual(await store.task(task.id), task);
      }
      assert.deepEqual(
        (await store.timeline(task.id)).map(({ version, event }) => [version, event]),
        [[1, 'accepted'], ...events.map((event, index) => [index + 2, event.is])],
      );
      assert.deepEqual(await store.file(input.id), { ...input, task: task.id, removed: false });
    });

    test('of two who decided on the same version one is stale, whatever they wanted', async () => {
      const { store } = bench();
      const { account, key } = await customer(store);
      const task = await born(store, key);
      const verdicts = await Promise.all([
        happen(store, task, attempted(task)),
        happen(store, task, { is: 'cancelRequested' }),
        happen(store, task, failed),
      ]);
      assert.deepEqual(verdicts.map(({ verdict }) => verdict).sort(), ['committed', 'stale', 'stale']);
      assert.equal((await store.summary(task.id))?.version, 2);
      assert.equal((await store.timeline(task.id)).length, 2);
      assert.equal(
        (await happen(store, { ...accept(order(key)).task, version: 4 }, failed)).verdict,
        'stale',
      );
      const { available, held } = await store.balance(account.id);
      assert.equal(available + held, 1_000);
    });

    test('a success is charged, a failure and a cancel are refunded, each once', async () => {
      const { store } = bench();
      const { account, key } = await customer(store);
      const good = await toStoring(store, await born(store, key));
      const bad = await born(store, key);
      const unwanted = await born(store, key);
      const done = await after(store, good, [{ is: 'stored', files: [film(good.id)] }]);
      await after(store, bad, [failed]);
      await after(store, unwanted, [{ is: 'cancelRequested' }]);
      assert.deepEqual(await store.balance(account.id), { available: 945, held: 0 });
      const lines = await store.ledger(account.id, 100);
      assert.deepEqual(
        lines.map(({ kind, amount, task }) => [kind, amount, task]),
        [
          ['refund', 55, unwanted.id],
          ['refund', 55, bad.id],
          ['charge', 55, good.id],
          ['hold', 55, unwanted.id],
          ['hold', 55, bad.id],
          ['hold', 55, good.id],
          ['grant', 1_000, null],
        ],
      );
      assert.equal((await happen(store, good, { is: 'expired' })).verdict, 'stale');
      assert.deepEqual((await store.summary(good.id))?.state, done.state);
      assert.deepEqual(await store.file(film(good.id).id), {
        ...film(good.id),
        task: good.id,
        removed: false,
      });
    });

    test('settle, expiry and cancel fired together resolve the hold once, time and again', async () => {
      const { store } = bench();
      const { account, key } = await customer(store, { credits: 55 });
      for (let round = 0; round < 20; round += 1) {
        const before = await store.balance(account.id);
        if (before.available < 55) {
          const change = {
            account: account.id,
            reference: `again:${key.id}:${round}`,
            reason: 'again',
            kind: 'grant',
            amount: 55,
          };
          await store.commitAccount({ ...change, kind: 'grant' });
        }
        const task = await after(store, await born(store, key), [attempted(order(key)), submitted]);
        const verdicts = await Promise.all([
          happen(store, task, rendered),
          happen(store, task, { is: 'expired' }),
          happen(store, task, { is: 'canceled' }),
          happen(store, task, failed),
        ]);
        assert.equal(verdicts.filter(({ verdict }) => verdict === 'committed').length, 1);
        const latest = await store.task(task.id);
        if (latest?.state.name === 'storing')
          await after(store, latest, [{ is: 'stored', files: [film(task.id)] }]);
        assert.equal((await store.balance(account.id)).held, 0);
      }
      assert.deepEqual(await store.audit(), []);
    });

    test('many tasks move at once, each by itself', async () => {
      const { store } = bench();
      const customers = await Promise.all([customer(store), customer(store), customer(store)]);
      const tasks = customers.flatMap(({ key }) => Array.from({ length: 15 }, () => order(key)));
      assert.ok(
        (await Promise.all(tasks.map((task) => bear(store, task)))).every(
          (verdict) => verdict === 'committed',
        ),
      );
      await Promise.all(
        tasks.map(async ({ id }, index) => {
          const task = await store.task(id);
          assert.ok(task);
          const running = await after(store, task, [attempted(task), submitted]);
          await after(store, running, [index % 2 === 0 ? failed : rendered]);
        }),
      );
      for (const { account } of customers) {
        const { available, held } = await store.balance(account.id);
        assert.equal(available + held, 1_000);
        assert.ok(held === 7 * 55 || held === 8 * 55);
      }
      assert.deepEqual(await store.audit(), []);
    });

    test('listeners hear of what moved, until they stop', async () => {
      const { store } = bench();
      const { key } = await customer(store);
      const heard: string[] = [];
      const stop = store.onMoved((ids) => heard.push(...ids));
      const task = await born(store, key);
      const moved = await after(store, task, [attempted(task)]);
      stop();
      await after(store, moved, [submitted]);
      assert.deepEqual(
        heard.filter((id) => id === task.id),
        [task.id, task.id],
      );
    });

    test('the laws hold', async () => {
      assert.deepEqual(await bench().store.audit(), []);
    });
  });
}
