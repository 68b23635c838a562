import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Trouble } from '../../src/core/failure.ts';
import type { Provider, Sighting } from '../../src/core/ports/provider.ts';
import type { Task } from '../../src/core/task.ts';
import type { TaskId } from '../../src/core/values.ts';
import { watch } from '../../src/flow/advance/watch.ts';
import { anAttempt, STATES, T0 } from '../world.ts';
import { aRouteOf, Bench } from './bench.ts';

describe('a watch', () => {
  async function watched(adapter: Partial<Provider>, tasks: Partial<Task>[], afterMs = 1_000) {
    const bench = await Bench.open();
    bench.routes = [aRouteOf(adapter)];
    const put: Task[] = [];
    for (const [index, more] of tasks.entries()) {
      const id: TaskId = `task_${index}`;
      put.push(
        await bench.put({
          id,
          state: { ...STATES.running, handle: index },
          attempts: 1,
          startedAt: T0,
          ...more,
        }),
      );
    }
    bench.now = T0 + afterMs;
    const outcome = await watch(bench.deps, put, bench.now).then(
      () => null,
      (error: unknown) => error,
    );
    const states = await Promise.all(put.map(async (task) => (await bench.fresh(task)).state.name));
    return { bench, put, states, outcome };
  }
  const sees = (...sightings: Sighting[]): Partial<Provider> => ({ watch: async () => sightings });
  const failed = (kind: 'internal' | 'content_violation' | 'canceled'): Sighting => ({
    is: 'failed',
    failure: { kind, message: '', charged: null },
  });

  test('commits what changed, and puts off what did not', async () => {
    const { states, bench, put } = await watched(
      sees(
        { is: 'running', progress: 3 },
        { is: 'running', progress: 40 },
        { is: 'rendered', outputs: [], usage: { costMicros: null } },
        failed('internal'),
        failed('content_violation'),
        { is: 'gone' },
      ),
      Array.from({ length: 6 }, () => ({ key: 'key_1' as const })),
    );
    assert.deepEqual(states, ['running', 'running', 'storing', 'queued', 'failed', 'queued']);
    const versions = await Promise.all(put.map(async (task) => (await bench.fresh(task)).version));
    assert.deepEqual(versions, [1, 2, 2, 2, 2, 2]);
    assert.deepEqual(
      put.slice(0, 2).map((task) => bench.dueInMs(task)),
      [5_000, 5_000],
    );
  });

  test('progress is a whole number below 100, and nothing else is written', async () => {
    const odd = [Number.NaN, -5, 150, null, Number.POSITIVE_INFINITY];
    const sightings = odd.map((progress): Sighting => ({ is: 'running', progress }));
    const { put, bench } = await watched(
      sees(...sightings),
      odd.map(() => ({})),
    );
    const seen = await Promise.all(
      put.map(async (task) => {
        const { state } = await bench.fresh(task);
        return state.name === 'running' ? state.progress : 'moved';
      }),
    );
    assert.deepEqual(seen, [null, null, 99, null, 99]);
  });

  test('an upstream that cannot be asked says nothing about the jobs', async () => {
    const { states, outcome, bench, put } = await watched(
      { watch: () => Promise.reject(new Trouble('doubtful', 'x')) },
      [{}],
    );
    assert.deepEqual([states, outcome, put.map((task) => bench.dueInMs(task))], [['running'], null, [5_000]]);
  });

  test('a job that the answer leaves out is still running', async () => {
    const { states } = await watched(sees(), [{}]);
    assert.deepEqual(states, ['running']);
  });

  test('a route that was taken down is looked for again later; its jobs still expire', async () => {
    const { states, bench, put } = await watched({}, [
      { state: { ...STATES.running, attempt: anAttempt({ route: 'x' }) } },
    ]);
    assert.deepEqual([states, put.map((task) => bench.dueInMs(task))], [['running'], [60_000]]);
    const late = await watched(
      {},
      [{ state: { ...STATES.running, attempt: anAttempt({ route: 'x' }) } }],
      900_000,
    );
    assert.deepEqual(late.states, ['failed']);
  });

  test('a cancel that meets a bug keeps nobody else from being watched, and no task from ending', async () => {
    const stubborn: Partial<Provider> = {
      ...sees(failed('content_violation')),
      cancel: () => Promise.reject(new TypeError('x')),
    };
    const { states, outcome } = await watched(stubborn, [{ cancelRequested: true }, {}]);
    assert.deepEqual(states, ['running', 'failed']);
    assert.ok(outcome instanceof TypeError, 'and it is reported');
    const late = await watched(stubborn, [{ cancelRequested: true }, {}], 900_000);
    assert.deepEqual(late.states, ['failed', 'failed']);
  });

  test('what is canceled is stopped; where that is too late, it goes on', async () => {
    const stopped = await watched({ cancel: async () => 'stopped' }, [{ cancelRequested: true }]);
    assert.deepEqual(stopped.states, ['canceled']);
    const late = await watched(
      { ...sees({ is: 'running', progress: null }), cancel: async () => 'too_late' },
      [{ cancelRequested: true }],
    );
    assert.deepEqual(late.states, ['running']);
    const told = await watched({ ...sees(failed('canceled')) }, [{ cancelRequested: true }]);
    assert.deepEqual(told.states, ['canceled']);
  });

  test('past the deadline: failed with a record, and the job stopped', async () => {
    const stops: unknown[] = [];
    const { states, bench } = await watched(
      {
        cancel: async (handle) => {
          stops.push(handle);
          return 'stopped';
        },
      },
      [{}],
      900_000,
    );
    assert.deepEqual([states, stops], [['failed'], [0]]);
    assert.equal(bench.store.ambiguities[0]?.reason, 'never_finished');
  });
});
