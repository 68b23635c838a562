import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Registry } from 'prom-client';
import type { Provider, Upstream } from '../../src/core/ports/provider.ts';
import type { StoredRoute } from '../../src/core/ports/routes.ts';
import type { Door } from '../../src/routes/build.ts';
import { callbackAddresses } from '../../src/routes/callbacks.ts';
import { StoredRoutes } from '../../src/routes/routes.ts';
import { MemoryStore } from '../contract/store/memory.ts';
import { aRouteOf } from '../flow/bench.ts';
import { anAbility, anOrder, T0 } from '../world.ts';

const adapter: Provider = {
  ...aRouteOf().adapter,
  name: 'acme',
  tier: 'value',
  credential: [
    { name: 'base_url', label: '', secret: false, required: false, default: 'https://acme.example' },
    { name: 'api_key', label: '', secret: true, required: true },
  ],
  abilities: [anAbility()],
  addresses: () => ['https://uploads.acme.example'],
  resultHeaders: (credential) => ({ authorization: credential.api_key ?? '' }),
  limits: { submits: null, asks: null, unfinished: 2 },
};

const stored = (more: Partial<StoredRoute> = {}): StoredRoute => ({
  name: 'acme',
  provider: 'acme',
  credential: { api_key: 'secret' },
  enabled: true,
  weight: 3,
  concurrency: null,
  price: null,
  createdAt: T0,
  updatedAt: T0,
  ...more,
});

function opened() {
  const store = new MemoryStore(() => T0);
  const setups: Parameters<Door['upstream']>[0][] = [];
  const accesses: Parameters<Door['resultsOf']>[0][] = [];
  const lines: string[] = [];
  const note = (event: string, fields?: { reason?: unknown }) =>
    void lines.push(`${event}: ${fields?.reason ?? ''}`);
  const deps = {
    store,
    providers: [adapter],
    studio: aRouteOf({}, { name: 'studio', provider: 'studio' }),
    door: {
      upstream: (setup: (typeof setups)[number]): Upstream => {
        setups.push(setup);
        return { ...aRouteOf().upstream, credential: setup.credential };
      },
      resultsOf: (access: (typeof accesses)[number]) => {
        accesses.push(access);
        return { download: async () => (async function* () {})() };
      },
    },
    log: { info: note, warn: note, error: note },
    metrics: new Registry(),
    callbackUrl: (route: string, task: string) => `https://me.example/${route}/${task}`,
  };
  return { store, setups, accesses, lines, deps, routes: new StoredRoutes(deps) };
}

describe('routes', () => {
  test('one is built with its defaults, its other addresses, its secrets and its place for callbacks', async () => {
    const { store, setups, accesses, routes } = opened();
    await store.addRoute(stored());
    const [studio, route] = await routes.all();
    assert.deepEqual(
      [studio?.name, route?.name, route?.weight, route?.health],
      ['studio', 'acme', 3, 'well'],
    );
    assert.deepEqual(
      setups.map(({ callbackUrl, ...setup }) => ({ ...setup, calls: callbackUrl('task_1') })),
      [
        {
          baseUrl: 'https://acme.example',
          addresses: ['https://uploads.acme.example'],
          credential: { base_url: 'https://acme.example', api_key: 'secret' },
          secrets: ['secret'],
          calls: 'https://me.example/acme/task_1',
        },
      ],
    );
    assert.deepEqual(accesses, [{ baseUrl: 'https://acme.example', headers: { authorization: 'secret' } }]);
    assert.ok(route?.download);
  });

  test('a price of the operator’s own stands for the list price', async () => {
    const { store, routes } = opened();
    await store.addRoute(stored({ price: { silentMicros: 10, soundMicros: 30 } }));
    const route = await routes.byName('acme');
    const cost = (sound: boolean) =>
      route?.abilities[0]?.costMicros?.(anOrder({ sound, durationSeconds: 10 }));
    assert.deepEqual([cost(false), cost(true)], [100, 300]);
  });

  test('a disabled one gets no work, but what it has is finished', async () => {
    const { store, routes } = opened();
    await store.addRoute(stored({ enabled: false }));
    assert.deepEqual(
      (await routes.all()).map((one) => one.name),
      ['studio'],
    );
    assert.equal((await routes.byName('acme'))?.name, 'acme');
  });

  test('one that cannot be used is left out, and the operator told why', async () => {
    const { store, routes, lines } = opened();
    await store.addRoute(stored({ name: 'a', provider: 'nobody' }));
    await store.addRoute(stored({ name: 'b', credential: null }));
    await store.addRoute(stored({ name: 'c', credential: { base_url: 'ftp://x' } }));
    assert.equal((await routes.all()).length, 1);
    assert.equal(lines.length, 3);
    assert.match(lines.join(), /not known.*REELAY_MASTER_KEY.*base_url/);
  });

  test('what the upstream documents limits it: the third is not taken, and it shows as full', async () => {
    const { store, routes } = opened();
    await store.addRoute(stored());
    for (const row of ['task_1', 'task_2', 'task_3'] as const) {
      store.rows.set(row, {
        task: { state: { name: 'queued' } } as never,
        dueAt: T0,
        leased: true,
        leasedBy: null,
        turn: 0,
      });
    }
    const takes = await Promise.all([routes.take('acme', 'task_1'), routes.take('acme', 'task_2')]);
    assert.deepEqual(takes, [true, true]);
    assert.equal(await routes.take('acme', 'task_3'), false);
    assert.equal((await routes.byName('acme'))?.health, 'full');
    assert.equal(await routes.take('studio', 'task_3'), true);
  });

  test('repeated failures make it ill in every process, and are counted', async () => {
    const { store, routes, deps, lines } = opened();
    await store.addRoute(stored());
    const other = new StoredRoutes({ ...deps, metrics: new Registry() });
    await routes.all();
    for (let turn = 0; turn < 5; turn += 1) {
      routes.report('acme', { is: 'failed', stage: 'submit', kind: 'internal' });
    }
    routes.report('acme', { is: 'refused' });
    routes.report('studio', { is: 'refused' });
    await routes.settled();
    assert.equal((await routes.byName('acme'))?.health, 'ill');
    assert.equal((await other.byName('acme'))?.health, 'ill');
    assert.equal(await other.take('acme', 'task_1'), false);
    assert.deepEqual((await store.scores(T0)).get('acme'), {
      succeeded: 0,
      failed: 5,
      refused: 1,
      latencyMs: 0,
    });
    assert.match(
      await deps.metrics.metrics(),
      /reelay_route_outcomes_total\{route="acme",provider="acme",outcome="internal"\} 5/,
    );
    assert.deepEqual(lines, ['a route is ill: internal']);
  });

  test('a job is whose it first was, told by its id alone', async () => {
    const { store, routes } = opened();
    await store.addRoute(stored());
    assert.equal(await routes.claim('acme', { id: 'j', at: 1 }, 'task_1'), true);
    assert.equal(await routes.claim('acme', { id: 'j', at: 2 }, 'task_1'), true);
    assert.equal(await routes.claim('acme', { id: 'j' }, 'task_2'), false);
    assert.equal(await routes.claim('studio', { id: 'j' }, 'task_2'), true);
  });
});

test('a callback’s address is good for its own route and task only', () => {
  const addresses = callbackAddresses('key', 'https://me.example');
  const url = new URL(addresses.url('my fal', 'task_1') ?? '');
  assert.equal(url.pathname, '/callbacks/my%20fal/task_1');
  const token = url.searchParams.get('t') ?? '';
  assert.equal(addresses.isOurs('my fal', 'task_1', token), true);
  assert.equal(addresses.isOurs('my fal', 'task_2', token), false);
  assert.equal(addresses.isOurs('fal', 'task_1', token), false);
  assert.equal(addresses.isOurs('my fal', 'task_1', ''), false);
  assert.equal(callbackAddresses('another', 'https://me.example').isOurs('my fal', 'task_1', token), false);
  assert.equal(callbackAddresses('key', null).url('fal', 'task_1'), null);
});
