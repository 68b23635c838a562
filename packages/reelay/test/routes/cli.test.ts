import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { examineProviders } from '../../src/cli/providers-doctor.ts';
import { Trouble } from '../../src/core/failure.ts';
import { FRESH } from '../../src/core/health.ts';
import type { Provider } from '../../src/core/ports/provider.ts';
import {
  addProvider,
  changeProvider,
  ProviderProblem,
  removeProvider,
  shownRoutes,
} from '../../src/flow/providers.ts';
import { tryRoute } from '../../src/flow/trial.ts';
import { BASIS } from '../../src/providers/basis.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { MemoryStore } from '../contract/store/memory.ts';
import { aRouteOf, Bench } from '../flow/bench.ts';
import { anAbility, T0 } from '../world.ts';

function house() {
  const store = new MemoryStore(() => T0);
  return { store, providers: PROVIDERS, clock: { now: () => T0 } };
}

const problem = (kind: ProviderProblem['kind']) => (error: unknown) =>
  error instanceof ProviderProblem && error.kind === kind;

describe('a provider is set up', () => {
  test('with what its adapter asks for and nothing else, under a name of its own', async () => {
    const deps = house();
    const credential = { api_key: 'secret' };
    await addProvider(deps, { name: 'kling', credential });
    await addProvider(deps, { name: 'kling-2', provider: 'kling', credential, weight: 3, concurrency: 7 });
    const wrong: [object, ProviderProblem['kind']][] = [
      [{ name: 'kling', credential }, 'conflict'],
      [{ name: 'studio', provider: 'kling', credential }, 'invalid'],
      [{ name: 'With Space', provider: 'kling', credential }, 'invalid'],
      [{ name: 'x', credential }, 'invalid'],
      [{ name: 'fal', credential: {} }, 'invalid'],
      [{ name: 'fal', credential: { api_key: 'x', region: 'y' } }, 'invalid'],
      [{ name: 'fal', credential: { api_key: 'x', base_url: 'ftp://x' } }, 'invalid'],
    ];
    for (const [wish, kind] of wrong) {
      await assert.rejects(
        addProvider(deps, { name: '', credential: {}, ...wish }),
        problem(kind),
        JSON.stringify(wish),
      );
    }
    const shown = await shownRoutes(deps);
    assert.deepEqual(
      shown.map((one) => [one.route.name, one.tier, one.health, one.limit, one.credential]),
      [
        ['kling', 'official', 'well', 20, { api_key: '…' }],
        ['kling-2', 'official', 'well', 7, { api_key: '…' }],
      ],
    );
    assert.ok(!JSON.stringify(shown).includes('secret'));
  });

  test('and changed field by field, and removed once', async () => {
    const deps = house();
    await addProvider(deps, { name: 'kling', credential: { api_key: 'one' } });
    const changed = await changeProvider(deps, 'kling', {
      credential: { webhook_secret: 'w' },
      enabled: false,
    });
    assert.deepEqual([changed.credential, changed.enabled], [{ api_key: 'one', webhook_secret: 'w' }, false]);
    await assert.rejects(changeProvider(deps, 'kling', { credential: { api_key: '' } }), problem('invalid'));
    await assert.rejects(changeProvider(deps, 'nobody', {}), problem('not_found'));
    await removeProvider(deps.store, 'kling');
    await assert.rejects(removeProvider(deps.store, 'kling'), problem('not_found'));
  });

  test('every one of the registry has its page', () => {
    assert.deepEqual(Object.keys(BASIS).sort(), PROVIDERS.map((one) => one.name).sort());
  });
});

describe('a trial', () => {
  async function tried(adapter: Partial<Provider>, submit: boolean) {
    const bench = await Bench.open();
    const evidence = await tryRoute(bench.deps, aRouteOf(adapter), { submit });
    assert.deepEqual(await bench.store.evidence(), evidence);
    return evidence.map(({ operation, ok, detail }) => `${operation} ${ok} ${detail}`);
  }

  test('for nothing only looks a job up that nobody made', async () => {
    assert.deepEqual(await tried({ find: async () => null }, false), [
      'find true knows no such job, as is right',
    ]);
    const refused = () => Promise.reject(new Trouble('auth', 'HTTP 401'));
    assert.deepEqual(await tried({ find: refused }, false), ['find false auth: HTTP 401']);
    assert.deepEqual(await tried({}, false), []);
  });

  test('with an order submits, looks, and cancels where that is possible', async () => {
    const adapter: Partial<Provider> = {
      submit: async () => 'job',
      watch: async () => [{ is: 'running', progress: null }],
      cancel: async () => 'stopped',
    };
    assert.deepEqual(await tried(adapter, true), [
      'submit true took the order',
      'watch true says running',
      'cancel true says stopped',
    ]);
    const broke = () => Promise.reject(new Trouble('insufficient_upstream_credits', 'HTTP 402'));
    const detail = 'insufficient_upstream_credits: HTTP 402';
    assert.deepEqual(await tried({ ...adapter, submit: broke }, true), [`submit false ${detail}`]);
  });
});

describe('the doctor', () => {
  async function findings(costMicros: number, marginFloorPercent?: number) {
    const bench = await Bench.open();
    const deps = { ...house(), store: bench.store, models: bench.deps.models };
    await addProvider(deps, { name: 'kling', credential: { api_key: 'x' } });
    const route = aRouteOf({}, { abilities: [anAbility({ costMicros: () => costMicros })] });
    const config = { creditsPerUsd: 100, marginFloorPercent };
    const examined = { ...deps, config, routes: async () => ({ all: async () => [route] }) };
    return { deps, examine: () => examineProviders(examined) };
  }
  const told = (found: Awaited<ReturnType<typeof examineProviders>>) =>
    found.map(({ what, ok }) => `${what} ${ok}`);

  test('names what costs more than it brings in, until a floor keeps it out', async () => {
    const dear = await (await findings(600_000)).examine();
    assert.deepEqual(told(dear), ['providers true', 'margins false']);
    assert.match(dear[1]?.detail ?? '', /fast 5 s silent costs \$0\.60, brings \$0\.55/);
    assert.deepEqual(told(await (await findings(600_000, 0)).examine()), ['providers true', 'margins true']);
    assert.deepEqual(told(await (await findings(550_000)).examine()), ['providers true', 'margins true']);
  });

  test('names who is ill, and why', async () => {
    const { deps, examine } = await findings(1);
    const lastFailure = { kind: 'auth', stage: 'submit', at: T0 } as const;
    await deps.store.decideOnRoute('kling', () => ({
      health: { ...FRESH, openUntil: T0 + 1, lastFailure },
      slotFor: null,
    }));
    assert.deepEqual((await examine())[0], { what: 'providers', ok: false, detail: 'ill: kling (auth)' });
    await changeProvider(deps, 'kling', { enabled: false });
    assert.equal((await examine())[0]?.ok, true);
  });
});
