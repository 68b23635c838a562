import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { check } from '../../src/core/model.ts';
import { lacks, type ProviderRoute } from '../../src/core/routing.ts';
import { kling26 } from '../../src/models/kling-2-6.ts';
import { wan22 } from '../../src/models/wan-2-2.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { jobOf, type Wire } from './contract.ts';

const folder = new URL('../../src/providers/', import.meta.url);

test('every adapter is in the list, once, and has its fixtures', async () => {
  const names = PROVIDERS.map((provider) => provider.name);
  assert.equal(new Set(names).size, names.length);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts') && !file.includes('.wire.'));
  const adapters: string[] = [];
  for (const file of files) {
    if (/: Provider = \{/.test(await readFile(new URL(file, folder), 'utf8')))
      adapters.push(file.replace('.ts', ''));
  }
  assert.deepEqual(adapters.sort(), names);
  assert.deepEqual((await readdir(new URL('fixtures/', folder))).sort(), names);
});

test('every upstream of Kling 2.6 takes what the model lets through, or says what it lacks', () => {
  const order = jobOf({} as Wire, {}, '').order;
  const fields = { prompt: 'prompt', media: 'media', params: 'params' };
  for (const provider of PROVIDERS) {
    const { name, tier, abilities } = provider;
    const route: ProviderRoute = { name, provider: name, tier, abilities, weight: 0, health: 'well' };
    const task = { sandbox: false, tried: [] };
    const model = tier === 'own' ? wan22 : kling26;
    const longest = 'x'.repeat(model.prompt.max);
    for (const durationSeconds of tier === 'own' ? [5] : [5, 10]) {
      for (const aspectRatio of ['1:1', '16:9', '9:16'] as const) {
        const asked = { ...order, model: model.id, prompt: longest, durationSeconds, aspectRatio };
        assert.equal(check(model, asked, fields), null);
        assert.equal(lacks(route, asked, task), null, `${name} ${durationSeconds} ${aspectRatio}`);
      }
    }
    const other = { ...order, model: tier === 'own' ? 'kling-2-6' : 'wan-2-2' };
    assert.match(lacks(route, other, task) ?? '', /does not serve/);
  }
});

test('list prices', () => {
  const order = jobOf({} as Wire, {}, '').order;
  const price = (name: string, change: Partial<typeof order>) =>
    PROVIDERS.find((one) => one.name === name)?.abilities[0]?.costMicros?.({ ...order, ...change });
  assert.equal(price('kling', {}), 210_000);
  assert.equal(price('kling', { resolution: '1080p' }), 350_000);
  assert.equal(price('kling-legacy', { sound: true, durationSeconds: 10 }), 1_400_000);
  assert.equal(price('fal', {}), 350_000);
  assert.equal(price('replicate', { sound: true }), 700_000);
  assert.equal(price('kie', { sound: true }), 550_000);
});
