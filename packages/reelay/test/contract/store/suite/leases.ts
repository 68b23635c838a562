import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Task } from '../../../../src/core/task.ts';
import type { TaskId } from '../../../../src/core/values.ts';
import type { Bench } from '../contract.ts';
import {
  after,
  attempted,
  born,
  customer,
  failed,
  happen,
  order,
  submitted,
  toStoring,
  unique,
} from '../sample.ts';

const LEASE_MS = 90_000;

export function leaseTests(bench: () => Bench): void {
  const kinds = ['queued', 'watching', 'storing'] as const;

  /** Takes what is due for good, so that the tests before leave nothing in the way. */
  async function clear(): Promise<void> {
    for (const kind of kinds) await bench().store.claim(kind, 1_000, 1e12);
    await bench().store.claimLetters(1_000, 1e12);
  }

  async function due(): Promise<Set<TaskId>> {
    const claims = await Promise.all(kinds.map((kind) => bench().store.claim(kind, 1_000, LEASE_MS)));
    return new Set(claims.flatMap(({ tasks }) => tasks.map((task) => task.id)));
  }

  /** A node that claims all there is, and lives for `aliveMs` after its last word. */
  async function claimAll(node: string, aliveMs: number): Promise<void> {
    await bench().as(node, async (store) => {
      await store.beat(node, aliveMs);
      for (const kind of kinds) await store.claim(kind, 1_000, LEASE_MS);
      await store.claimLetters(1_000, LEASE_MS);
    });
  }

  async function oneOfEach(): Promise<
    Record<'queued' | 'running' | 'doubtful' | 'storing' | 'submitting', Task>
  > {
    const { store } = bench();
    const { key } = await customer(store);
    const doubted = { is: 'doubted', reason: 'reset', dueInMs: 0 } as const;
    return {
      queued: await born(store, key),
      running: await after(store, await born(store, key), [attempted(order(key)), submitted]),
      doubtful: await after(store, await born(store, key), [attempted(order(key)), doubted]),
      storing: await toStoring(store, await born(store, key)),
      submitting: await after(store, await born(store, key), [attempted(order(key), 0)]),
    };
  }

  describe('leases', () => {
    test('what a node claimed is free once it is gone, but for what is being submitted', async () => {
      const { store, pass } = bench();
      await clear();
      const { submitting, ...others } = await oneOfEach();
      const node = `node-${unique()}`;
      await claimAll(node, 30_000);
      assert.equal(await store.releaseLeases(), 0, 'it is alive');
      assert.deepEqual(await due(), new Set());
      await pass(31_000);
      assert.equal(await store.releaseLeases(), 4);
      assert.deepEqual(await due(), new Set(Object.values(others).map((task) => task.id)));
      await pass(LEASE_MS - 31_000 + 1_000);
      assert.equal((await due()).has(submitting.id), true, 'its own time is over');
    });

    test('what was prepared stays its preparer’s, and is free with the rest', async () => {
      const { store } = bench();
      await clear();
      const { key } = await customer(store);
      const task = await born(store, key);
      const node = `node-${unique()}`;
      await claimAll(node, 30_000);
      await after(store, task, [{ is: 'prepared', prepared: { media: [] }, files: [], leaseMs: LEASE_MS }]);
      assert.equal(await store.releaseLeases(), 0);
      await store.forgetNode(node);
      assert.equal(await store.releaseLeases(), 1);
      assert.deepEqual(await due(), new Set([task.id]));
    });

    test('what has moved on, or was put off, is nobody’s to free', async () => {
      const { store } = bench();
      await clear();
      const { queued, running } = await oneOfEach();
      const node = `node-${unique()}`;
      await claimAll(node, 30_000);
      await after(store, queued, [{ is: 'deferred', reason: 'full', dueInMs: LEASE_MS }]);
      await store.postpone([{ id: running.id, version: running.version, dueInMs: LEASE_MS }]);
      await store.forgetNode(node);
      await store.releaseLeases();
      const free = await due();
      assert.deepEqual([free.has(queued.id), free.has(running.id)], [false, false]);
    });

    test('letters are free with their node, and a lease without a name runs out as ever', async () => {
      const { store } = bench();
      await clear();
      const { key } = await customer(store);
      const task = await born(store, key, { callbackUrl: 'https://client.example/' });
      await happen(store, task, failed, [{ to: 'callback', type: 'failed', body: '{}' }]);
      const node = `node-${unique()}`;
      await claimAll(node, 30_000);
      await store.forgetNode(node);
      assert.equal(await store.releaseLeases(), 1);
      const { letters } = await store.claimLetters(10, LEASE_MS);
      assert.deepEqual(
        letters.map((letter) => letter.task),
        [task.id],
      );
      assert.equal(await store.releaseLeases(), 0);
    });

    test('a node that knows itself alone forgets the others, and not itself', async () => {
      const { store, as } = bench();
      const [mine, gone] = [`node-${unique()}`, `node-${unique()}`];
      await store.beat(gone, 30_000);
      await as(mine, async (own) => {
        await own.beat(mine, 30_000);
        await own.forgetNodes();
      });
      assert.deepEqual([await store.isAlive(mine), await store.isAlive(gone)], [true, false]);
    });

    test('the laws hold', async () => {
      assert.deepEqual(await bench().store.audit(), []);
    });
  });
}
