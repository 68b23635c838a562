import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FRESH } from '../../../../src/core/health.ts';
import type { StoredRoute } from '../../../../src/core/ports/routes.ts';
import type { TaskId } from '../../../../src/core/values.ts';
import { anAttempt } from '../../../world.ts';
import type { Bench } from '../contract.ts';
import { after, born, customer, failed, unique } from '../sample.ts';

function aStoredRoute(more: Partial<StoredRoute> = {}): StoredRoute {
  return {
    name: `route-${unique()}`,
    provider: 'kling',
    credential: { api_key: 'a secret of its own' },
    enabled: true,
    weight: 1,
    concurrency: null,
    price: null,
    createdAt: 1_000,
    updatedAt: 1_000,
    ...more,
  };
}

export function routeTests(bench: () => Bench): void {
  const added = async (more: Partial<StoredRoute> = {}) => {
    const route = aStoredRoute(more);
    assert.equal(await bench().store.addRoute(route), 'added');
    return route;
  };
  const stored = async (name: string) =>
    (await bench().store.storedRoutes()).find((one) => one.name === name) ?? null;
  const standing = async (name: string) => (await bench().store.standings()).of.get(name);

  describe('routes', () => {
    test('one is kept as it was set up, its name once', async () => {
      const route = await added({ price: { silentMicros: 1, soundMicros: 2 }, concurrency: 3 });
      assert.deepEqual(await stored(route.name), route);
      assert.equal(await bench().store.addRoute(route), 'duplicate');
      assert.deepEqual(await standing(route.name), { health: FRESH, unfinished: 0 });
    });

    test('what is changed changes, the rest stays, and its time moves on', async () => {
      const route = await added({ concurrency: 3 });
      const { store } = bench();
      await store.changeRoute(route.name, { enabled: false, weight: 2.5 }, 1_000);
      assert.deepEqual(await stored(route.name), { ...route, enabled: false, weight: 2.5, updatedAt: 1_001 });
      const credential = { api_key: 'another', base_url: 'https://a.example' };
      const price = { silentMicros: 5, soundMicros: 6 };
      await store.changeRoute(route.name, { credential, concurrency: null, price }, 2_000);
      const last = {
        ...route,
        enabled: false,
        weight: 2.5,
        credential,
        concurrency: null,
        price,
        updatedAt: 2_000,
      };
      assert.deepEqual(await stored(route.name), last);
      assert.equal(await store.changeRoute('nobody', { enabled: true }, 1), null);
    });

    test('one is not removed while an attempt on it is unfinished', async () => {
      const { store } = bench();
      const { name } = await added();
      const { key } = await customer(store);
      const attempt = anAttempt({ route: name });
      const task = await after(store, await born(store, key), [{ is: 'attempted', attempt, leaseMs: 1_000 }]);
      assert.equal(await store.removeRoute(name), 'in_use');
      await after(store, task, [failed]);
      assert.equal(await store.removeRoute(name), 'removed');
      assert.equal(await store.removeRoute(name), 'none');
      assert.equal(await stored(name), null);
    });

    test('of many that decide at one time no more get a slot than there are', async () => {
      const { store } = bench();
      const { name } = await added();
      const { key } = await customer(store);
      const tasks = await Promise.all(Array.from({ length: 12 }, () => born(store, key)));
      let taken = 0;
      const take = (task: TaskId) =>
        store.decideOnRoute(name, ({ health, unfinished }) => {
          const isFree = unfinished < 5;
          if (isFree) taken += 1;
          return { health, slotFor: isFree ? task : null };
        });
      await Promise.all(tasks.map((task) => take(task.id)));
      assert.equal(taken, 5);
      assert.equal((await standing(name))?.unfinished, 5);
    });

    test('a slot is held by the attempt, and free when it is left', async () => {
      const { store } = bench();
      const { name } = await added();
      const { key } = await customer(store);
      const task = await born(store, key);
      await store.decideOnRoute(name, ({ health }) => ({ health, slotFor: task.id }));
      const attempt = anAttempt({ route: name });
      const submitting = await after(store, task, [{ is: 'attempted', attempt, leaseMs: 1_000 }]);
      assert.equal((await standing(name))?.unfinished, 1);
      const running = await after(store, submitting, [{ is: 'submitted', handle: 'a', dueInMs: 1_000 }]);
      assert.equal((await standing(name))?.unfinished, 1);
      await after(store, running, [failed]);
      assert.equal((await standing(name))?.unfinished, 0);
    });

    test('health is as it was decided last', async () => {
      const { store } = bench();
      const { name } = await added();
      const ill = { ...FRESH, failures: 5, openUntil: 9_000 };
      await store.decideOnRoute(name, () => ({ health: ill, slotFor: null }));
      await store.decideOnRoute(name, ({ health }) => {
        assert.deepEqual(health, ill);
        return { health: { ...health, failures: 6 }, slotFor: null };
      });
      assert.equal((await standing(name))?.health.failures, 6);
      await store.decideOnRoute('nobody', () => assert.fail('there is nothing to decide on'));
    });

    test('scores add up', async () => {
      const { store, now } = bench();
      const { name } = await added();
      const score = { succeeded: 1, failed: 2, refused: 0, latencyMs: 60_000 };
      await store.addScores([{ route: name, score }]);
      await store.addScores([
        { route: name, score: { ...score, refused: 4 } },
        { route: 'nobody', score },
      ]);
      const since = (await now()) - 1_000;
      assert.deepEqual((await store.scores(since)).get(name), {
        succeeded: 2,
        failed: 4,
        refused: 4,
        latencyMs: 120_000,
      });
      assert.equal((await store.scores(since + 2 * 3_600_000)).get(name), undefined);
    });

    test('an upstream’s job is one task’s, whoever comes first', async () => {
      const { store } = bench();
      const { name } = await added();
      const tasks = Array.from({ length: 6 }, (_, index): TaskId => `task_${name}${index}`);
      const claims = await Promise.all(tasks.map((task) => store.claimJob(name, 'job 1', task)));
      assert.equal(claims.filter((one) => one).length, 1);
      const owner = tasks[claims.indexOf(true)] ?? 'task_nobody';
      assert.equal(await store.claimJob(name, 'job 1', owner), true, 'again is the same');
      assert.equal(
        await store.claimJob(`${name}x`, 'job 1', 'task_other'),
        true,
        'elsewhere it is another job',
      );
    });

    test('of evidence the latest of each operation counts', async () => {
      const { store } = bench();
      const { name } = await added();
      const one = {
        route: name,
        provider: 'kling',
        operation: 'submit',
        ok: false,
        detail: 'x',
        at: 1,
      } as const;
      await store.addEvidence(one);
      await store.addEvidence({ ...one, ok: true, at: 2 });
      await store.addEvidence({ ...one, operation: 'find', at: 3 });
      const mine = (await store.evidence()).filter((each) => each.route === name);
      const told = mine.map(({ operation, ok, at }) => `${operation} ${ok} ${at}`).sort();
      assert.deepEqual(told, ['find false 3', 'submit true 2']);
    });
  });
}
