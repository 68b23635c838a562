import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { Trouble } from '../../src/core/failure.ts';
import type { Provider } from '../../src/core/ports/provider.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { isRefusal } from '../../src/core/refusal.ts';
import { isOver } from '../../src/core/task.ts';
import type { TaskId } from '../../src/core/values.ts';
import { cancel } from '../../src/flow/cancel.ts';
import { create } from '../../src/flow/create.ts';
import { systemIds } from '../../src/ids.ts';
import type { Database } from '../../src/store/database.ts';
import { openStore } from '../../src/store/postgres.ts';
import { createVault } from '../../src/vault.ts';
import type { WorkerDeps } from '../../src/worker/worker.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { aRouteOf, Bench } from '../flow/bench.ts';
import { testDatabase } from '../store/database.ts';
import { anOrigin } from '../world.ts';

const PROCESSES = 3;
const TASKS = 90;

let database: Database;
let stores: Store[];

before(async () => {
  database = await testDatabase();
  const vault = createVault('a master key for these tests');
  stores = await Promise.all(Array.from({ length: PROCESSES }, () => openStore({ ...database, vault })));
});
after(async () => {
  await Promise.all((stores ?? []).map((store) => store.close()));
  await database?.close();
});

/** An upstream that bills, refuses now and then, and counts who asked for what. */
function aCountedUpstream(billed: Map<TaskId, number>): Provider {
  let asked = 0;
  const { adapter } = aRouteOf({
    looks: { firstMs: () => 20, thenMs: 20 },
    submit: async (job) => {
      asked += 1;
      await sleep(asked % 7);
      if (asked % 5 === 0 && job.attempt.number === 1) throw new Trouble('rate_limited', 'x');
      billed.set(job.task, (billed.get(job.task) ?? 0) + 1);
      return job.task;
    },
    watch: async (handles) => {
      await sleep(5);
      return handles.map(() => ({
        is: 'rendered',
        outputs: [{ kind: 'video', at: { url: 'https://upstream.example/film.mp4' } }],
        usage: { costMicros: null },
      }));
    },
  });
  return adapter;
}

test('three workers on one database do the work of one: each film is made once, and paid once', async () => {
  const [store] = stores;
  assert.ok(store);
  const bench = await Bench.open(55 * TASKS, TASKS, store);
  const billed = new Map<TaskId, number>();
  const errors: unknown[] = [];
  const route = aRouteOf(aCountedUpstream(billed));
  const depsOf = (one: Store): WorkerDeps & { readonly store: Store } => ({
    ...bench.deps,
    store: one,
    clock: systemClock,
    ids: { ...systemIds, chance: () => 0 },
    routes: { ...bench.deps.routes, all: async () => [route], byName: async () => route },
    log: { info: () => {}, warn: () => {}, error: (event, fields) => errors.push([event, fields]) },
  });
  const workers = stores.map((one) => startWorker(depsOf(one)));
  const ids: TaskId[] = [];
  await Promise.all(
    Array.from({ length: TASKS }, async (_, index) => {
      const one = depsOf(stores[index % PROCESSES] ?? store);
      const origin = anOrigin({ callbackUrl: 'https://me.example/hook' });
      const made = await create(one, bench.input({ origin }));
      assert.ok(!isRefusal(made));
      ids.push(made.task.id);
      if (index % 6 === 0) await cancel(one, made.task.id);
    }),
  );
  const over = async () => {
    const tasks = await Promise.all(ids.map((id) => store.summary(id)));
    const told = await Promise.all(ids.map((id) => store.deliveries(id)));
    return (
      tasks.every((task) => task && isOver(task.state)) &&
      told.flat().every((one) => one.state === 'delivered')
    );
  };
  while (!(await over())) await sleep(50);
  await Promise.all(workers.map((worker) => worker.stop()));

  assert.deepEqual(errors, []);
  assert.deepEqual(
    [...billed.values()].filter((times) => times !== 1),
    [],
  );
  const films = (await Promise.all(ids.map((id) => store.summary(id)))).filter(
    (task) => task?.state.name === 'succeeded',
  ).length;
  assert.ok(films >= TASKS / 2, `${films} films`);
  assert.deepEqual(await store.balance('acc_1'), { available: 55 * (TASKS - films), held: 0 });
  assert.equal(bench.posted.length, TASKS, 'each end is told once');
  assert.deepEqual(await store.audit(), []);
});
