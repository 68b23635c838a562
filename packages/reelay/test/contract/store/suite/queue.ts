import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WorkKind } from '../../../../src/core/ports/tasks.ts';
import type { TaskId } from '../../../../src/core/values.ts';
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

export function queueTests(bench: () => Bench): void {
  async function take(kind: WorkKind, leaseMs = 90_000): Promise<TaskId[]> {
    const { tasks } = await bench().store.claim(kind, 1_000, leaseMs);
    return tasks.map((task) => task.id);
  }

  /** Takes what is due for good, so that the tests before leave nothing in the way. */
  const clear = (kind: WorkKind) => take(kind, 1e12);

  describe('the queue', () => {
    test('a claimed task is nobody else’s until its lease is over', async () => {
      const { store, pass } = bench();
      await clear('queued');
      const { key } = await customer(store);
      const task = await born(store, key);
      const { now, tasks } = await store.claim('queued', 10, 90_000);
      assert.deepEqual(tasks, [task]);
      assert.ok(now > 0);
      assert.deepEqual(await take('queued'), []);
      await pass(89_000);
      assert.deepEqual(await take('queued'), []);
      await pass(2_000);
      assert.deepEqual(await take('queued'), [task.id]);
      await after(store, task, [failed]);
      await pass(1_000_000);
      assert.equal((await take('queued')).includes(task.id), false);
    });

    test('claims at the same moment share the work', async () => {
      const { store } = bench();
      await clear('queued');
      const { key } = await customer(store, { credits: 10_000 });
      const tasks = Array.from({ length: 60 }, () => order(key));
      await Promise.all(tasks.map((task) => bear(store, task)));
      const claims = await Promise.all(Array.from({ length: 6 }, () => store.claim('queued', 10, 90_000)));
      const taken = claims.flatMap((claim) => claim.tasks.map((task) => task.id));
      assert.equal(new Set(taken).size, taken.length);
      const rest = await take('queued');
      assert.deepEqual([...taken, ...rest].sort(), tasks.map((task) => task.id).sort());
    });

    test('each kind of work is claimed by itself', async () => {
      const { store } = bench();
      for (const kind of ['queued', 'watching', 'storing'] as const) await clear(kind);
      const { key } = await customer(store);
      const queued = await born(store, key);
      const running = await after(store, await born(store, key), [attempted(order(key)), submitted]);
      const doubtful = await after(store, await born(store, key), [
        attempted(order(key)),
        { is: 'doubted', reason: 'reset', dueInMs: 0 },
      ]);
      const submitting = await after(store, await born(store, key), [attempted(order(key), 0)]);
      const storing = await toStoring(store, await born(store, key));
      assert.deepEqual(await take('queued'), [queued.id]);
      assert.deepEqual((await take('watching')).sort(), [running.id, doubtful.id, submitting.id].sort());
      assert.deepEqual(await take('storing'), [storing.id]);
    });

    test('one account’s backlog does not hold up another account', async () => {
      const { store, pass } = bench();
      await pass(10_000_000);
      await clear('queued');
      const busy = await customer(store, { credits: 10_000 });
      const late = await customer(store);
      for (let index = 0; index < 40; index += 1) await born(store, busy.key);
      await store.claim('queued', 10, 90_000);
      const task = await born(store, late.key);
      const { tasks } = await store.claim('queued', 5, 90_000);
      assert.ok(tasks.some((one) => one.id === task.id));
    });

    test('a look that changed nothing only comes again later, and only at the version it saw', async () => {
      const { store, pass } = bench();
      await clear('watching');
      const { key } = await customer(store);
      const running = await after(store, await born(store, key), [attempted(order(key)), submitted]);
      const old = await after(store, await born(store, key), [attempted(order(key)), submitted]);
      assert.deepEqual((await take('watching')).sort(), [running.id, old.id].sort());
      await store.postpone([
        { id: running.id, version: running.version, dueInMs: 5_000 },
        { id: old.id, version: old.version - 1, dueInMs: 5_000 },
      ]);
      await pass(6_000);
      assert.deepEqual(await take('watching'), [running.id]);
      assert.equal((await store.summary(running.id))?.version, running.version);
      await store.postpone([]);
      const over = await after(store, running, [failed]);
      await store.postpone([{ id: over.id, version: over.version, dueInMs: 0 }]);
      assert.equal((await take('watching')).includes(over.id), false);
    });

    test('a hint makes a watched task due, never one that is being submitted or is over', async () => {
      const { store } = bench();
      await clear('watching');
      await clear('queued');
      const { key } = await customer(store);
      const running = await after(store, await born(store, key), [
        attempted(order(key)),
        { is: 'submitted', handle: 'h', dueInMs: 60_000 },
      ]);
      const submitting = await after(store, await born(store, key), [attempted(order(key))]);
      const over = await after(store, await born(store, key), [failed]);
      assert.deepEqual(await take('watching'), []);
      const heard: string[] = [];
      const stop = store.onMoved((ids) => heard.push(...ids));
      for (const task of [running, submitting, over]) await store.wake(task.id);
      await store.wake('task_nobody');
      stop();
      assert.deepEqual(heard, [running.id]);
      assert.deepEqual(await take('watching'), [running.id]);
    });

    test('a hint does not take work out of somebody’s hands', async () => {
      const { store } = bench();
      await clear('queued');
      await clear('storing');
      const { key } = await customer(store);
      const queued = await born(store, key);
      const storing = await toStoring(store, await born(store, key));
      assert.deepEqual(await take('queued'), [queued.id]);
      assert.deepEqual(await take('storing'), [storing.id]);
      await store.wake(queued.id);
      await store.wake(storing.id);
      assert.deepEqual([await take('queued'), await take('storing')], [[], []]);
      const put_off = await after(store, queued, [{ is: 'deferred', reason: 'full', dueInMs: 60_000 }]);
      assert.deepEqual(await take('queued'), []);
      await store.wake(put_off.id);
      assert.deepEqual(await take('queued'), [queued.id]);
    });

    test('an operator’s list: newest first, filtered, page by page', async () => {
      const { store } = bench();
      const { account, key } = await customer(store);
      const tasks = [];
      for (let index = 0; index < 7; index += 1) {
        tasks.push(await born(store, key, { clientRequestId: index === 3 ? `c-${account.id}` : null }));
      }
      await after(store, tasks[2] ?? order(key), [failed]);
      const newestFirst = tasks.map((task) => task.id).reverse();
      const pages: string[][] = [];
      let cursor: string | undefined;
      do {
        const page = await store.list({ account: account.id, limit: 3, ...(cursor ? { cursor } : {}) });
        pages.push(page.tasks.map((task) => task.id));
        cursor = page.nextCursor ?? undefined;
      } while (cursor);
      assert.deepEqual(pages, [newestFirst.slice(0, 3), newestFirst.slice(3, 6), newestFirst.slice(6)]);
      const over = await store.list({ account: account.id, state: ['failed', 'canceled'], limit: 100 });
      assert.deepEqual(over, { tasks: over.tasks, nextCursor: null });
      assert.deepEqual(
        over.tasks.map((task) => task.id),
        [tasks[2]?.id],
      );
      const named = await store.list({ clientRequestId: `c-${account.id}`, limit: 10 });
      assert.deepEqual(
        named.tasks.map((task) => task.id),
        [tasks[3]?.id],
      );
      assert.equal((await store.list({ limit: 1 })).tasks.length, 1);
    });

    test('an idempotency key is free again a day after its task is over', async () => {
      const { store, pass, now } = bench();
      const { account, key } = await customer(store);
      const idempotency = { route: 'r', key: 'k', fingerprint: 'f' };
      const task = await born(store, key, { idempotency, at: await now() });
      await after(store, task, [failed]);
      await pass(23 * 3_600_000);
      assert.equal(await bear(store, order(key, { idempotency })), 'duplicate');
      assert.equal((await store.original(account.id, 'r', 'k'))?.task, task.id);
      await pass(2 * 3_600_000);
      assert.equal(await store.original(account.id, 'r', 'k'), null);
      assert.equal(await bear(store, order(key, { idempotency })), 'committed');
    });

    test('a film is kept only for a task that has one', async () => {
      const { store } = bench();
      const { key } = await customer(store);
      const task = await after(store, await born(store, key), [attempted(order(key)), submitted, rendered]);
      const file = film(task.id);
      assert.equal(
        (await happen(store, { ...task, version: 9 }, { is: 'stored', files: [file] })).verdict,
        'stale',
      );
      assert.equal(await store.file(file.id), null);
    });

    test('the laws hold', async () => {
      assert.deepEqual(await bench().store.audit(), []);
    });
  });
}
