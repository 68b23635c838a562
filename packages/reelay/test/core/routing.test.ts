import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Strategy } from '../../src/core/order.ts';
import type { ProviderRoute } from '../../src/core/routing.ts';
import { choose, lacks } from '../../src/core/routing.ts';
import type { Tier, Tried } from '../../src/core/task.ts';
import { anAbility, anOrder, aRoute } from '../world.ts';

const studio = aRoute({ name: 'studio', provider: 'studio', tier: 'own' });
const own = aRoute({ name: 'rack', provider: 'comfy', tier: 'own' });
const value = aRoute({ name: 'fast', provider: 'fal', tier: 'value' });
const official = aRoute({ name: 'kling', provider: 'kling', tier: 'official' });
const ALL = [official, value, own, studio];

const none: readonly Tried[] = [];
const live = { sandbox: false, tried: none };
const sandbox = { sandbox: true, tried: none };

describe('routes by strategy', () => {
  const table: [strategy: Strategy, live: string[], sandbox: string[]][] = [
    ['auto', ['rack', 'fast', 'kling'], ['studio']],
    ['value', ['rack', 'fast'], ['studio']],
    ['official', ['kling'], ['studio']],
  ];
  for (const [strategy, forLive, forSandbox] of table) {
    test(`${strategy}: in this order, each when those before it were tried`, () => {
      for (const [task, expected] of [
        [live, forLive],
        [sandbox, forSandbox],
      ] as const) {
        const tried: Tried[] = [];
        const order = anOrder({ strategy });
        for (const name of expected) {
          assert.equal(choose(ALL, order, { ...task, tried }).route?.name, name);
          tried.push({ attempt: tried.length + 1, route: name, reason: 'internal' });
        }
        const { route, later } = choose(ALL, order, { ...task, tried });
        assert.deepEqual([route, later], [null, false]);
      }
    });
  }

  test('within a tier the heavier goes first, then by name, however they are listed', () => {
    const routes = ['b', 'a', 'c'].map((name) => aRoute({ name, weight: name === 'c' ? 5 : 1 }));
    for (const listed of [routes, [...routes].reverse()]) {
      const names = [];
      for (const tried: Tried[] = []; ; ) {
        const { route } = choose(listed, anOrder(), { sandbox: false, tried });
        if (!route) break;
        names.push(route.name);
        tried.push({ attempt: 1, route: route.name, reason: 'timeout' });
      }
      assert.deepEqual(names, ['c', 'a', 'b']);
    }
  });

  test('nothing configured: no route, and none later', () => {
    assert.deepEqual(choose([], anOrder(), live), { route: null, passedOver: [], later: false });
  });
});

describe('health', () => {
  for (const health of ['ill', 'full'] as const) {
    test(`${health}: passed over for the next; waited for when there is none`, () => {
      const sick = aRoute({ name: 'a', health });
      const next = choose([sick, value], anOrder(), live);
      assert.equal(next.route?.name, 'fast');
      assert.deepEqual(next.passedOver, [{ route: 'a', reason: health }]);
      const alone = choose([sick], anOrder(), live);
      assert.deepEqual([alone.route, alone.later], [null, true]);
    });
  }

  test('a sick route that could never serve the order is not waited for', () => {
    const sick = aRoute({ health: 'ill', abilities: [] });
    assert.deepEqual(choose([sick], anOrder(), live).later, false);
  });
});

describe('tried routes', () => {
  const rows: [Tier, Tried['reason'], boolean][] = [
    ['value', 'internal', false],
    ['value', 'gone', false],
    ['value', 'bad_film', false],
    ['value', 'absent', true],
    ['own', 'gone', true],
    ['own', 'absent', true],
    ['own', 'bad_film', false],
    ['own', 'internal', false],
  ];
  for (const [tier, reason, again] of rows) {
    test(`${tier}, ${reason}: ${again ? 'tried again' : 'not again'}`, () => {
      const tried = [{ attempt: 1, route: 'fast', reason }];
      const { route } = choose([aRoute({ tier })], anOrder(), { sandbox: false, tried });
      assert.equal(route !== null, again);
    });
  }

  test('one bad turn counts, however often it got lost besides', () => {
    const tried: Tried[] = [
      { attempt: 1, route: 'fast', reason: 'absent' },
      { attempt: 2, route: 'fast', reason: 'internal' },
      { attempt: 3, route: 'fast', reason: 'absent' },
    ];
    assert.equal(choose([value], anOrder(), { sandbox: false, tried }).route, null);
  });
});

describe('abilities', () => {
  const picture = { role: 'first_frame', kind: 'image', url: 'https://a.example/a.png' } as const;
  const rows: [string, Parameters<typeof anAbility>[0], Parameters<typeof anOrder>[0]][] = [
    ['another model', { model: 'wan-2-2' }, {}],
    ['a mode', { modes: ['text-to-video'] }, { mode: 'image-to-video', media: [picture] }],
    ['a duration', { durationsSeconds: [5] }, { durationSeconds: 10 }],
    ['sound', { sound: false }, { sound: true }],
    ['a ratio', { aspectRatios: ['1:1'] }, { aspectRatio: '9:16' }],
    ['a last frame', { lastFrame: false }, { media: [{ ...picture, role: 'last_frame' }] }],
    ['a long prompt', { promptMax: 10 }, { prompt: '🌊'.repeat(11) }],
  ];
  for (const [what, ability, order] of rows) {
    test(`without ${what} a route is passed over, with it taken`, () => {
      const without = aRoute({ abilities: [anAbility(ability)] });
      assert.notEqual(lacks(without, anOrder(order), live), null);
      assert.equal(lacks(value, anOrder(order), live), null);
    });
  }

  test('prompts are counted in code points', () => {
    const route = aRoute({ abilities: [anAbility({ promptMax: 10 })] });
    assert.equal(lacks(route, anOrder({ prompt: '🌊'.repeat(10) }), live), null);
  });
});

test('for any routes: the choice can serve, is well, is the first that is, and every other is accounted for', () => {
  const aProvider = fc.record({
    provider: fc.constantFrom('studio', 'fal', 'kling'),
    tier: fc.constantFrom<Tier>('own', 'value', 'official'),
    health: fc.constantFrom('well', 'ill', 'full'),
    weight: fc.integer({ min: 0, max: 2 }),
    sound: fc.boolean(),
  });
  const aTried = fc.record({
    route: fc.constantFrom('r0', 'r1', 'r2'),
    reason: fc.constantFrom<Tried['reason']>('gone', 'absent', 'internal'),
  });
  fc.assert(
    fc.property(
      fc.array(aProvider, { maxLength: 6 }),
      fc.array(aTried, { maxLength: 3 }),
      fc.record({ strategy: fc.constantFrom<Strategy>('auto', 'value', 'official'), sound: fc.boolean() }),
      fc.boolean(),
      (setups, turns, wish, isSandbox) => {
        const routes = setups.map(
          ({ sound, ...one }, index): ProviderRoute =>
            aRoute({ ...one, name: `r${index}`, abilities: [anAbility({ sound })] }),
        );
        const task = { sandbox: isSandbox, tried: turns.map((one) => ({ attempt: 1, ...one })) };
        const order = anOrder(wish);
        const { route, later, passedOver } = choose(routes, order, task);
        const able = routes.filter((one) => lacks(one, order, task) === null);
        const well = able.filter((one) => one.health === 'well');
        assert.equal(route !== null, well.length > 0);
        assert.equal(
          later,
          able.some((one) => one.health !== 'well'),
        );
        for (const one of able) {
          assert.equal(one.provider === 'studio', isSandbox);
          if (!isSandbox && wish.strategy !== 'auto') {
            assert.equal(one.tier === 'official', wish.strategy === 'official');
          }
        }
        if (route) {
          const rank = { own: 0, value: 1, official: 2 };
          assert.ok(well.includes(route));
          assert.ok(well.every((one) => rank[one.tier] >= rank[route.tier]));
        }
        assert.equal(passedOver.length, routes.length - well.length);
        assert.deepEqual(choose([...routes].reverse(), order, task).route, route);
      },
    ),
    { numRuns: 2_000 },
  );
});
