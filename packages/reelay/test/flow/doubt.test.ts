import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Trouble } from '../../src/core/failure.ts';
import type { Provider } from '../../src/core/ports/provider.ts';
import type { Task } from '../../src/core/task.ts';
import { resolveDoubt } from '../../src/flow/advance/doubt.ts';
import { anAttempt, STATES, T0 } from '../world.ts';
import { aRouteOf, Bench } from './bench.ts';

describe('a doubt', () => {
  const state = { ...STATES.unknown, attempt: anAttempt() };
  async function inDoubt(adapter: Partial<Provider>, more: Partial<Task> = {}) {
    const bench = await Bench.open();
    bench.routes = [aRouteOf(adapter)];
    return { bench, task: await bench.put({ state, attempts: 1, startedAt: T0, ...more }) };
  }
  const look = async (bench: Bench, task: Task, afterMs: number) => {
    bench.now = T0 + afterMs;
    await resolveDoubt(bench.deps, await bench.fresh(task), bench.now);
    return (await bench.fresh(task)).state;
  };

  test('is resolved by what is found', async () => {
    const { bench, task } = await inDoubt({ find: async () => 'job' });
    assert.equal((await look(bench, task, 1_000)).name, 'running');
  });

  test('is an absence only after three empty looks and two minutes past the last sending', async () => {
    const { bench, task } = await inDoubt({ find: async () => null });
    for (const afterMs of [1_000, 60_000, 120_000, 204_000]) {
      assert.equal((await look(bench, task, afterMs)).name, 'unknown', `${afterMs}`);
    }
    assert.equal((await look(bench, task, 205_000)).name, 'queued');
    assert.deepEqual((await bench.fresh(task)).tried, [{ attempt: 1, route: 'fast', reason: 'absent' }]);
    assert.deepEqual(
      bench.store.ambiguities.map((one) => [one.reason, one.decision]),
      [['absent', 'submitted_again']],
    );
  });

  test('looks that failed are no empty looks', async () => {
    let blind = true;
    const find = async () => {
      if (blind) throw new Trouble('doubtful', 'x');
      return null;
    };
    const { bench, task } = await inDoubt({ find });
    for (let minute = 1; minute <= 10; minute += 1) await look(bench, task, minute * 60_000);
    assert.equal((await bench.fresh(task)).version, 1, 'nothing was learned, nothing was written');
    blind = false;
    assert.equal((await look(bench, task, 660_000)).name, 'unknown');
  });

  test('where nobody can look: waits, ever longer, and is refunded at the deadline with a record', async () => {
    const { bench, task } = await inDoubt({});
    const waits = [];
    for (const afterMs of [0, 60_000, 3_600_000]) {
      await look(bench, task, afterMs);
      waits.push(bench.dueInMs(task));
    }
    assert.deepEqual(waits, [5_000, 40_000, 300_000]);
    assert.equal((await look(bench, task, 86_400_000)).name, 'failed');
    assert.equal(bench.store.ambiguities[0]?.reason, 'never_resolved');
  });

  test('on our own hardware: simply done again', async () => {
    const { bench, task } = await inDoubt({ dedupe: 'free' });
    assert.equal((await look(bench, task, 0)).name, 'queued');
  });
});
