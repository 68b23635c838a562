import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StorageFull } from '../../src/core/ports/files.ts';
import { isRefusal } from '../../src/core/refusal.ts';
import { cancel } from '../../src/flow/cancel.ts';
import type { Created } from '../../src/flow/create.ts';
import { create } from '../../src/flow/create.ts';
import { anOrder, anOrigin, STATES } from '../world.ts';
import { aRouteOf, Bench } from './bench.ts';

async function open(credits?: number): Promise<Bench> {
  const bench = await Bench.open(credits, 3);
  bench.routes = [aRouteOf()];
  return bench;
}

async function created(bench: Bench, more = {}): Promise<Created> {
  const answer = await create(bench.deps, bench.input(more));
  assert.ok(!isRefusal(answer), JSON.stringify(answer));
  return answer;
}

async function refused(bench: Bench, more = {}) {
  const before = bench.store.rows.size;
  const answer = await create(bench.deps, bench.input(more));
  assert.ok(isRefusal(answer));
  assert.equal(bench.store.rows.size, before, 'a refusal makes nothing');
  return answer;
}

const keyed = (key: string, fingerprint: string) => ({
  origin: anOrigin({ idempotency: { route: 'create', key, fingerprint } }),
});

describe('create', () => {
  test('holds the price, and answers the task as it was committed', async () => {
    const bench = await open(100);
    const { task, replayed } = await created(bench);
    assert.equal(replayed, false);
    assert.deepEqual([task.version, task.price, task.escrow, task.state.name], [1, 55, 55, 'queued']);
    assert.deepEqual(await bench.store.balance('acc_1'), { available: 45, held: 55 });
    assert.equal((await bench.fresh(task)).version, 1);
    assert.equal(bench.dueInMs(task), 0);
  });

  test('the price book beats the model, and is fixed from then on', async () => {
    const bench = await open();
    const rule = { model: 'kling-2-6', account: null, durationSeconds: null, sound: null, resolution: null };
    await bench.store.setPrice({ ...rule, price: 70 });
    const { task } = await created(bench);
    await bench.store.setPrice({ ...rule, price: 90 });
    assert.equal((await bench.fresh(task)).terms.price, 70);
  });

  test('each refusal, in its own code', async () => {
    const bench = await open(60);
    const code = async (more: object) => (await refused(bench, more)).refused;
    assert.equal(await code({ order: anOrder({ model: 'wan-2-2' }) }), 'model_unknown');
    assert.equal(await code({ order: anOrder({ prompt: '' }) }), 'invalid');
    assert.equal(await code({ order: anOrder({ strategy: 'official' }) }), 'no_provider');
    const sandbox = { ...bench.input().caller, sandbox: true };
    assert.equal(await code({ caller: sandbox }), 'no_provider');
    await created(bench);
    assert.equal(await code({}), 'insufficient_credits');
  });

  test('no provider: the message says how to add one', async () => {
    const bench = await open();
    bench.routes = [];
    assert.match((await refused(bench)).message, /reelay providers add/);
  });

  test('a provider that is only ill for now: accepted, and queued', async () => {
    const bench = await open();
    bench.routes = [aRouteOf({}, { health: 'ill' })];
    await created(bench);
  });

  test('at the key’s limit of unfinished tasks, until one ends', async () => {
    const bench = await open();
    const tasks = [await created(bench), await created(bench), await created(bench)];
    const refusal = await refused(bench);
    assert.equal(refusal.refused, 'too_many_tasks');
    assert.ok((refusal.retryAfterMs ?? 0) > 0);
    const [first] = tasks;
    assert.ok(first);
    await cancel(bench.deps, first.task.id);
    await created(bench);
  });

  test('a full disk: later, please', async () => {
    const bench = await open();
    bench.room = async () => Promise.reject(new StorageFull('full'));
    const { refused: code, retryAfterMs } = await refused(bench);
    assert.deepEqual([code, retryAfterMs], ['unavailable', 60_000]);
  });

  test('the same key again is the same task, in its present state, held once', async () => {
    const bench = await open();
    const { task } = await created(bench, keyed('k', 'f'));
    await cancel(bench.deps, task.id);
    const again = await created(bench, keyed('k', 'f'));
    assert.deepEqual([again.replayed, again.task.id, again.task.state.name], [true, task.id, 'canceled']);
    assert.equal(bench.store.rows.size, 1);
    assert.equal((await refused(bench, keyed('k', 'other'))).refused, 'idempotency_conflict');
    assert.notEqual((await created(bench, keyed('l', 'f'))).task.id, task.id);
  });

  test('fifty at once with one key: one task, one hold', async () => {
    const bench = await open();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => create(bench.deps, bench.input(keyed('k', 'f')))),
    );
    const ids = new Set(answers.map((one) => (isRefusal(one) ? one.refused : one.task.id)));
    assert.equal(ids.size, 1);
    assert.deepEqual(await bench.store.balance('acc_1'), { available: 945, held: 55 });
  });

  test('what was refused for want of credits can be ordered again with the same key', async () => {
    const bench = await open(10);
    assert.equal((await refused(bench, keyed('k', 'f'))).refused, 'insufficient_credits');
    await bench.store.commitAccount({
      account: 'acc_1',
      reference: 'r',
      reason: 'r',
      kind: 'grant',
      amount: 100,
    });
    assert.equal((await created(bench, keyed('k', 'f'))).replayed, false);
  });
});

describe('cancel', () => {
  test('before it began: refunded at once; again: too late', async () => {
    const bench = await open(100);
    const { task } = await created(bench);
    assert.equal((await cancel(bench.deps, task.id)).outcome, 'before_start');
    assert.deepEqual(await bench.store.balance('acc_1'), { available: 100, held: 0 });
    assert.equal((await cancel(bench.deps, task.id)).outcome, 'too_late');
  });

  for (const name of ['submitting', 'unknown', 'running'] as const) {
    test(`${name}: asked for, once`, async () => {
      const bench = await Bench.open();
      const task = await bench.put({ state: STATES[name], attempts: 1 });
      assert.equal((await cancel(bench.deps, task.id)).outcome, 'requested');
      const { version, cancelRequested } = await bench.fresh(task);
      assert.deepEqual([version, cancelRequested], [2, true]);
      assert.equal((await cancel(bench.deps, task.id)).outcome, 'requested');
      assert.equal((await bench.fresh(task)).version, 2);
    });
  }

  test('once there is a film, or no such task', async () => {
    const bench = await Bench.open();
    const task = await bench.put({ state: STATES.storing, attempts: 1 });
    assert.equal((await cancel(bench.deps, task.id)).outcome, 'too_late');
    assert.deepEqual(await cancel(bench.deps, 'task_none'), { outcome: 'not_found', task: null });
  });
});
