import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TroubleKind } from '../../src/core/failure.ts';
import { Trouble } from '../../src/core/failure.ts';
import type { Provider } from '../../src/core/ports/provider.ts';
import { StoreUnavailable } from '../../src/core/ports/tasks.ts';
import { takeOver } from '../../src/flow/advance/doubt.ts';
import { advanceQueued } from '../../src/flow/advance/queued.ts';
import { cancel } from '../../src/flow/cancel.ts';
import { advanced, aRouteOf, Bench } from './bench.ts';

const submits = (act: () => void): Partial<Provider> => ({
  submit: async () => {
    act();
    return { id: 'job' };
  },
});

describe('a submit', () => {
  test('that is answered: running, first looked at when the provider says', async () => {
    const { bench, task, now, events } = await advanced(submits(() => {}));
    assert.deepEqual(events, ['accepted', 'attempted', 'submitted']);
    assert.equal(now.state.name === 'running' && JSON.stringify(now.state.handle), '{"id":"job"}');
    assert.equal(bench.dueInMs(task), 20_000);
  });

  const reactions: [TroubleKind, string, number | null][] = [
    ['not_sent', 'queued', 4_000],
    ['rate_limited', 'queued', 4_000],
    ['concurrency_limited', 'queued', 4_000],
    ['doubtful', 'unknown', 1_000],
    ['content_violation', 'failed content_violation', null],
    ['invalid_input', 'failed invalid_prompt', null],
    ['auth', 'queued', 0],
    ['insufficient_upstream_credits', 'queued', 0],
    ['timeout', 'queued', 0],
    ['canceled', 'queued', 0],
    ['internal', 'queued', 0],
  ];
  for (const [kind, expected, dueInMs] of reactions) {
    test(`that meets ${kind}: ${expected}`, async () => {
      const { bench, task, now } = await advanced({ submit: () => Promise.reject(new Trouble(kind, 'x')) });
      const { state } = now;
      assert.equal(state.name === 'failed' ? `failed ${state.failure.code}` : state.name, expected);
      assert.equal(bench.dueInMs(task), dueInMs);
      assert.equal(now.tried.length, expected === 'queued' && dueInMs === 0 ? 1 : 0);
    });
  }

  test('that is told to come back in a year: looked at again before the deadline', async () => {
    const trouble = new Trouble('rate_limited', 'x', 365 * 86_400_000);
    const { bench, task } = await advanced({ submit: () => Promise.reject(trouble) });
    assert.equal(bench.dueInMs(task), 86_400_000);
  });

  test('whose upload was doubtful: nothing billable was sent, so nothing is in doubt', async () => {
    const { now } = await advanced({ prepare: () => Promise.reject(new Trouble('doubtful', 'x')) });
    assert.equal(now.state.name, 'queued');
  });

  test('that meets a bug: left as it is, until its lease runs out and it is taken over', async () => {
    const bench = await Bench.open();
    bench.routes = [aRouteOf({ submit: () => Promise.reject(new TypeError('x')) })];
    const task = await bench.put();
    await assert.rejects(advanceQueued(bench.deps, task, bench.now), TypeError);
    assert.equal(bench.dueInMs(task), 90_000);
    await takeOver(bench.deps, await bench.fresh(task));
    assert.equal((await bench.fresh(task)).state.name, 'unknown');
  });

  test('whose answer meets an absent store: insisted on, with pauses, until it is there', async () => {
    let away = 5;
    const { bench, now } = await advanced(
      submits(() => {}),
      {},
      ({ store }) => {
        const commit = store.commit.bind(store);
        store.commit = async (change) => {
          if (change.event.name === 'submitted' && away-- > 0) throw new StoreUnavailable('away');
          return commit(change);
        };
      },
    );
    assert.equal(now.state.name, 'running');
    assert.equal(bench.pauses.length, 5);
    assert.ok(bench.pauses.every((ms) => ms > 0));
  });

  test('whose store never comes back: given up after about a lease', async () => {
    const bench = await Bench.open();
    bench.routes = [aRouteOf(submits(() => {}))];
    const task = await bench.put();
    const commit = bench.store.commit.bind(bench.store);
    bench.store.commit = async (change) => {
      if (change.event.name === 'submitted') throw new StoreUnavailable('away');
      return commit(change);
    };
    await assert.rejects(advanceQueued(bench.deps, task, bench.now), StoreUnavailable);
    const total = bench.pauses.reduce((sum, ms) => sum + ms, 0);
    assert.ok(total > 60_000 && total < 120_000, `${total} ms`);
  });

  test('that was canceled meanwhile: flagged, the lease kept, then running', async () => {
    const bench = await Bench.open();
    const seen: (number | null)[] = [];
    const task = await bench.put();
    bench.routes = [
      aRouteOf({
        submit: async () => {
          await cancel(bench.deps, task.id);
          seen.push(bench.dueInMs(task));
          return 'job';
        },
      }),
    ];
    await advanceQueued(bench.deps, task, bench.now);
    const { state, cancelRequested } = await bench.fresh(task);
    assert.deepEqual([state.name, cancelRequested], ['running', true]);
    assert.deepEqual(seen, [85_000]);
  });

  const lates: [string, () => unknown, string, string][] = [
    ['a handle', () => 'job', 'found', 'running'],
    ['a refusal', () => Promise.reject(new Trouble('internal', 'x')), 'absent', 'queued'],
    ['no answer', () => Promise.reject(new Trouble('doubtful', 'x')), 'doubted', 'unknown'],
  ];
  for (const [what, answer, event, state] of lates) {
    test(`that was taken over meanwhile, and then got ${what}: ${state}`, async () => {
      const bench = await Bench.open();
      const task = await bench.put();
      const submit = async () => {
        await takeOver(bench.deps, await bench.fresh(task));
        return (await answer()) as string;
      };
      bench.routes = [aRouteOf({ submit })];
      await advanceQueued(bench.deps, task, bench.now);
      assert.equal((await bench.fresh(task)).state.name, state);
      assert.equal((await bench.events(task)).at(-1), event);
    });
  }
});
