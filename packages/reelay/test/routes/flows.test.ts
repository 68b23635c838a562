import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Trouble, type TroubleKind } from '../../src/core/failure.ts';
import type { InboundCallback, Job, Provider } from '../../src/core/ports/provider.ts';
import { isRefusal } from '../../src/core/refusal.ts';
import { attemptCap, choose } from '../../src/core/routing.ts';
import { resolveDoubt } from '../../src/flow/advance/doubt.ts';
import { keep } from '../../src/flow/advance/keep.ts';
import { advanceQueued } from '../../src/flow/advance/queued.ts';
import { watch } from '../../src/flow/advance/watch.ts';
import { create } from '../../src/flow/create.ts';
import { inbound } from '../../src/flow/inbound.ts';
import { advanced, aRouteOf, Bench, FROM_PICTURE } from '../flow/bench.ts';
import { anAbility, anOrder, aRoute, STATES, T0 } from '../world.ts';

const HOUR_MS = 3_600_000;

describe('a doubt where the upstream knows a request by its key', () => {
  async function sentAgain(submit: Provider['submit'], afterMs = 5_000, order = anOrder()) {
    const bench = await Bench.open();
    const jobs: Job[] = [];
    const adapter: Partial<Provider> = {
      dedupe: 'key',
      submit: (job, upstream) => {
        jobs.push(job);
        return submit(job, upstream);
      },
    };
    bench.routes = [aRouteOf(adapter)];
    const task = await bench.put({ state: STATES.unknown, attempts: 1, startedAt: T0, order });
    bench.now = T0 + afterMs;
    await resolveDoubt(bench.deps, task, bench.now);
    return { bench, jobs, now: await bench.fresh(task) };
  }

  test('is resolved by the same request: same reference, in time, no new attempt', async () => {
    const { jobs, now } = await sentAgain(async () => ({ id: 'first' }));
    assert.ok(now.state.name === 'running');
    assert.deepEqual(now.state.handle, { id: 'first' });
    assert.deepEqual(
      jobs.map((job) => [job.attempt.reference, job.attempt.sendBy]),
      [['task_1', T0 + 90_000]],
    );
    assert.equal(now.attempts, 1);
  });

  const troubles: [TroubleKind, string][] = [
    ['doubtful', 'unknown'],
    ['not_sent', 'unknown'],
    ['auth', 'unknown'],
    ['rate_limited', 'unknown'],
    ['content_violation', 'queued'],
    ['invalid_input', 'queued'],
  ];
  for (const [kind, state] of troubles) {
    test(`and is answered by ${kind}: ${state}`, async () => {
      const { now } = await sentAgain(() => Promise.reject(new Trouble(kind, 'x')));
      assert.equal(now.state.name, state);
    });
  }

  test('is left alone past the key’s life, and where the request cannot be the same', async () => {
    const past = await sentAgain(async () => ({ id: 'second' }), 12 * HOUR_MS);
    assert.deepEqual([past.now.state.name, past.jobs.length], ['unknown', 0]);
    const pictured = await sentAgain(async () => ({ id: 'second' }), 5_000, FROM_PICTURE);
    assert.deepEqual([pictured.now.state.name, pictured.jobs.length], ['unknown', 0]);
  });
});

describe('an attempt', () => {
  test('on a route that is full by now goes to the next; where there is none it waits', async () => {
    const { now, bench } = await advanced({ submit: async () => 'job' }, {}, (one) => {
      one.routes.push(aRouteOf({ submit: async () => 'other' }, { name: 'slow', weight: 0 }));
      one.take = (name) => name !== 'fast';
    });
    assert.ok(now.state.name === 'running');
    assert.deepEqual([now.state.attempt.route, bench.reports], ['slow', [{ name: 'slow', is: 'accepted' }]]);
    const waiting = await advanced({}, {}, (one) => {
      one.take = () => false;
    });
    assert.deepEqual(waiting.events, ['accepted', 'deferred']);
  });

  test('that waits long asks less often, and says why once a minute', async () => {
    const bench = await Bench.open();
    bench.routes = [aRouteOf({}, { health: 'full' })];
    const task = await bench.put();
    for (let turn = 0; turn < 30; turn += 1) {
      await advanceQueued(bench.deps, await bench.fresh(task), bench.now);
      bench.now += bench.dueInMs(task) ?? 0;
    }
    const waits = (await bench.events(task)).filter((one) => one === 'deferred');
    assert.ok(bench.now > T0 + 200_000 && waits.length < 8, `${waits.length} in ${bench.now - T0} ms`);
  });

  test('whose upstream does not take the type of a picture is given a copy as JPEG, gone afterwards', async () => {
    const jobs: Job[] = [];
    const adapter: Partial<Provider> = {
      pictures: ['image/jpeg', 'image/png'],
      submit: async (job) => {
        jobs.push(job);
        return 'job';
      },
    };
    const seen = async (mimeType: string) => {
      const { bench } = await advanced(adapter, { order: FROM_PICTURE }, (one) => {
        one.picture = { ...one.picture, mimeType };
      });
      const [media] = jobs.at(-1)?.media ?? [];
      return [media?.mimeType, media?.path.endsWith('.jpg'), bench.disposed.length];
    };
    assert.deepEqual(await seen('image/webp'), ['image/jpeg', true, 1]);
    assert.deepEqual(await seen('image/png'), ['image/png', false, 0]);
  });

  test('that is answered with another task’s job is in doubt', async () => {
    const { bench, now } = await advanced({ submit: async () => ({ id: 'theirs' }) }, {}, (one) => {
      void one.store.claimJob('fast', JSON.stringify({ id: 'theirs' }), 'task_other');
    });
    assert.equal(now.state.name, 'unknown');
    assert.equal(bench.reports.length, 1);
  });

  const reports: [TroubleKind, object][] = [
    ['content_violation', { is: 'refused' }],
    ['concurrency_limited', { is: 'throttled', retryAfterMs: 7_000 }],
    ['misconfigured', { is: 'failed', stage: 'submit', kind: 'misconfigured' }],
    ['doubtful', { is: 'failed', stage: 'submit', kind: 'doubtful' }],
  ];
  for (const [kind, report] of reports) {
    test(`that ends in ${kind} says so of its route`, async () => {
      const { bench } = await advanced({ submit: () => Promise.reject(new Trouble(kind, 'x', 7_000)) });
      assert.deepEqual(bench.reports, [{ name: 'fast', ...report }]);
    });
  }
});

describe('a film', () => {
  test('is fetched through the door of its own route, and counts as its success', async () => {
    const bench = await Bench.open();
    const fetched: string[] = [];
    const download = async (url: string) => {
      fetched.push(url);
      return (async function* () {
        yield new Uint8Array([1]);
      })();
    };
    bench.routes = [aRouteOf({}, { download })];
    const task = await bench.put({ state: STATES.storing, attempts: 1, startedAt: T0 });
    bench.now = T0 + 61_000;
    await keep(bench.deps, task, bench.now);
    assert.equal((await bench.fresh(task)).state.name, 'succeeded');
    assert.deepEqual(fetched, ['https://upstream.example/film.mp4']);
    assert.deepEqual(bench.reports, [{ name: 'fast', is: 'succeeded', latencyMs: 61_000 }]);
  });

  test('that fails upstream counts by whose doing it was, and what it cost is remembered', async () => {
    const outcome = async (charged: boolean | null) => {
      const bench = await Bench.open();
      const failed = { is: 'failed', failure: { kind: 'internal', message: '', charged } } as const;
      bench.routes = [aRouteOf({ watch: async () => [failed] })];
      const task = await bench.put({ state: STATES.running, attempts: 1, startedAt: T0 });
      await watch(bench.deps, [task], bench.now);
      assert.deepEqual(bench.reports, [{ name: 'fast', is: 'failed', stage: 'film', kind: 'internal' }]);
      return (await bench.fresh(task)).tried;
    };
    const tried = { attempt: 1, route: 'fast', reason: 'internal' };
    assert.deepEqual(await outcome(null), [{ ...tried, costMicros: 350_000 }]);
    assert.deepEqual(await outcome(false), [tried]);
  });
});

describe('a callback', () => {
  const request: InboundCallback = { headers: {}, body: '{}', receivedAt: T0 };
  async function told(
    state: keyof typeof STATES,
    callback: Provider['callback'],
    change: (bench: Bench) => void = () => {},
  ) {
    const bench = await Bench.open();
    bench.routes = [aRouteOf({ callback })];
    change(bench);
    const task = await bench.put({ state: STATES[state], attempts: 1, startedAt: T0 });
    const taken = await inbound(bench.deps, { route: 'fast', task: task.id, request });
    return { taken, state: (await bench.fresh(task)).state.name };
  }
  const landed = (reference: string | null) => () => ({ handle: { id: 'j' }, reference });

  test('tells a submit in doubt which job is its own', async () => {
    assert.deepEqual(await told('unknown', landed(null)), { taken: true, state: 'running' });
    assert.deepEqual(await told('unknown', landed('task_1')), { taken: true, state: 'running' });
  });

  test('about another reference, or another task’s job, resolves nothing', async () => {
    assert.deepEqual(await told('unknown', landed('task_2')), { taken: true, state: 'unknown' });
    const claimed = (bench: Bench) =>
      void bench.store.claimJob('fast', JSON.stringify({ id: 'j' }), 'task_2');
    assert.deepEqual(await told('unknown', landed(null), claimed), { taken: true, state: 'unknown' });
  });

  test('that is not genuine, or of a route that has none, is not taken', async () => {
    assert.deepEqual(await told('unknown', () => null), { taken: false, state: 'unknown' });
    assert.deepEqual(await told('unknown', undefined), { taken: false, state: 'unknown' });
  });

  test('for a task that runs is a hint only', async () => {
    assert.deepEqual(await told('running', landed(null)), { taken: true, state: 'running' });
  });
});

describe('money', () => {
  const dear = aRoute({ name: 'dear', weight: 9, abilities: [anAbility({ costMicros: () => 700_000 })] });
  const cheap = aRoute({ name: 'cheap', abilities: [anAbility({ costMicros: () => 350_000 })] });
  const terms = (more: object) => ({ sandbox: false, tried: [], terms: { costCapMicros: null, ...more } });

  test('a route that costs more than the price allows is passed over, and why is said', () => {
    const choice = choose([dear, cheap], anOrder(), terms({ attemptCapMicros: 400_000 }));
    assert.equal(choice.route?.name, 'cheap');
    assert.deepEqual(choice.passedOver, [{ route: 'dear', reason: 'costs more than the price allows' }]);
  });

  test('what was spent counts towards the cap of all attempts', () => {
    const tried = [{ attempt: 1, route: 'other', reason: 'internal', costMicros: 400_000 }] as const;
    const left = (cap: number) =>
      choose([cheap], anOrder(), { ...terms({ costCapMicros: cap }), tried }).route?.name ?? null;
    assert.deepEqual([left(749_999), left(750_000)], [null, 'cheap']);
  });

  test('ten thousand orders at any price, cost and floor: none is taken below the floor', () => {
    let seed = 42;
    const dice = (most: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % most;
    };
    let taken = 0;
    for (let turn = 0; turn < 10_000; turn += 1) {
      const [price, perUsd, floor, costMicros] = [
        dice(500),
        1 + dice(1_000),
        dice(100) / 100,
        dice(3_000_000),
      ];
      const one = aRoute({ abilities: [anAbility({ costMicros: () => costMicros })] });
      const { route } = choose(
        [one],
        anOrder(),
        terms({ attemptCapMicros: attemptCap(price, perUsd, floor) }),
      );
      if (!route) continue;
      taken += 1;
      assert.ok(
        costMicros <= ((price * 1e6) / perUsd) * (1 - floor),
        `${price} ${perUsd} ${floor} ${costMicros}`,
      );
    }
    assert.ok(taken > 500 && taken < 9_500, `${taken} taken`);
  });

  test('an order that no route can make at its price is refused, and takes its terms along otherwise', async () => {
    const bench = await Bench.open();
    bench.routes = [aRouteOf({}, { abilities: [anAbility({ costMicros: () => 600_000 })] })];
    const money = { costCapMicros: 2_000_000, marginFloor: 0, creditsPerUsd: 100 };
    const refused = await create({ ...bench.deps, money }, bench.input());
    assert.ok(isRefusal(refused) && refused.refused === 'no_provider');
    const made = await create({ ...bench.deps, money: { ...money, creditsPerUsd: 55 } }, bench.input());
    assert.ok(!isRefusal(made));
    const { terms: kept } = await bench.fresh(made.task);
    assert.deepEqual([kept.costCapMicros, kept.attemptCapMicros], [2_000_000, 1_000_000]);
  });
});
