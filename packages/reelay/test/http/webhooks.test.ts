import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SURFACES } from '../../src/surfaces/catalogue.ts';
import { taskIn } from '../surfaces/tasks.ts';
import { MemoryEndpoints } from './shelves.ts';
import { World } from './world.ts';

const WEBHOOKS = '/api/v1/webhooks';
const WISH = {
  name: 'production',
  url: 'https://hooks.test/rivya',
  event_types: ['generation.succeeded', 'generation.failed'],
};

async function openWorld() {
  const endpoints = new MemoryEndpoints();
  const world = await World.open(SURFACES, { change: () => ({ endpoints }) });
  const key = await world.key();
  const call = async (method: string, path: string, body?: unknown, caller = key) => {
    const headers = { 'content-type': 'application/json' };
    const init = body === undefined ? {} : { headers, body: JSON.stringify(body) };
    const answer = await world.fetch(path, { method, key: caller, ...init });
    return { httpStatus: answer.status, ...Object(await answer.json()) };
  };
  return { world, endpoints, key, call, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

describe('webhook endpoints', () => {
  it('are registered, read, changed, listed and revoked; the secret is shown once', async () => {
    await using opened = await openWorld();
    const { call } = opened;
    const made = await call('POST', WEBHOOKS, WISH);
    assert.match(made.id, /^whend_\w+$/);
    assert.match(made.signing_secret, /^whsec_[A-Za-z0-9+/=]{44}$/);
    assert.equal(
      made.secret_preview,
      `${made.signing_secret.slice(0, 8)}...${made.signing_secret.slice(-6)}`,
    );
    const { signing_secret: _, ...shown } = made;
    assert.deepEqual(await call('GET', `${WEBHOOKS}/${made.id}`), shown);
    const changed = await call('PATCH', `${WEBHOOKS}/${made.id}`, { name: 'staging', status: 'disabled' });
    assert.deepEqual(
      [changed.name, changed.url, typeof changed.disabled_at],
      ['staging', WISH.url, 'string'],
    );
    assert.equal((await call('PATCH', `${WEBHOOKS}/${made.id}`, { status: 'active' })).disabled_at, null);
    assert.deepEqual(
      (await call('GET', WEBHOOKS)).data.map((one: { id: string }) => one.id),
      [made.id],
    );
    assert.equal(typeof (await call('DELETE', `${WEBHOOKS}/${made.id}`)).revoked_at, 'string');
    assert.deepEqual((await call('GET', WEBHOOKS)).data, []);
    assert.equal((await call('GET', `${WEBHOOKS}/${made.id}`)).error.code, 'not_found');
  });

  it('have addresses by the contract’s rules: webhook_url_rejected', async () => {
    await using opened = await openWorld();
    const { call } = opened;
    const { id } = await call('POST', WEBHOOKS, WISH);
    for (const url of [
      'hooks',
      'ftp://hooks.test',
      'https://me:pw@hooks.test',
      'https://hooks.test/#a',
      'https://private.test/x',
      `https://hooks.test/${'a'.repeat(2048)}`,
    ]) {
      for (const refused of [
        await call('POST', WEBHOOKS, { ...WISH, url }),
        await call('PATCH', `${WEBHOOKS}/${id}`, { url }),
      ]) {
        assert.deepEqual([refused.httpStatus, refused.error.code], [400, 'webhook_url_rejected'], url);
      }
    }
    for (const [field, wish] of Object.entries({
      name: { ...WISH, name: ' ' },
      url: { name: 'a', event_types: ['generation.failed'] },
      event_types: { ...WISH, event_types: [] },
      'event_types[0]': { ...WISH, event_types: ['generation.started'] },
      secret: { ...WISH, secret: 'mine' },
    })) {
      const { error } = await call('POST', WEBHOOKS, wish);
      assert.deepEqual([error.code, error.details[0].field], ['validation_failed', field]);
    }
  });

  it('rotate their secret with an overlap of a day', async () => {
    await using opened = await openWorld();
    const { call, endpoints } = opened;
    const made = await call('POST', WEBHOOKS, WISH);
    const first = await call('POST', `${WEBHOOKS}/${made.id}/rotate-secret`, {});
    const second = await call('POST', `${WEBHOOKS}/${made.id}/rotate-secret`);
    const secrets = endpoints.rows.get(made.id)?.secrets ?? [];
    assert.deepEqual(
      secrets.map((one) => one.secret),
      [second.signing_secret, first.signing_secret],
    );
    assert.equal(secrets[0]?.until, null);
    const leftMs = (secrets[1]?.until ?? 0) - Date.now();
    assert.ok(leftMs > 86_000_000 && leftMs <= 86_400_000);
  });

  it('are sent tests, list their deliveries, and send one again', async () => {
    await using opened = await openWorld();
    const { call, endpoints } = opened;
    const { id } = await call('POST', WEBHOOKS, WISH);
    const tests = [];
    for (let index = 0; index < 3; index += 1)
      tests.unshift((await call('POST', `${WEBHOOKS}/${id}/test`, {})).delivery_id);
    const body = JSON.parse(endpoints.letters.at(-1)?.body ?? '');
    assert.deepEqual([body.id, body.type, body.api_version], [tests[0], 'webhook.test', '2026-05-11']);
    const attempt = { number: 1, at: 0, status: 500, durationMs: 12, error: 'HTTP 500', excerpt: 'no' };
    const letter = endpoints.letters[2];
    if (letter) endpoints.letters[2] = { ...letter, state: 'dead', attempts: [attempt] };
    const page = await call('GET', `${WEBHOOKS}/${id}/deliveries?limit=2`);
    assert.deepEqual(
      page.data.map((one: { id: string }) => one.id),
      tests.slice(0, 2),
    );
    assert.deepEqual(
      [page.data[0].status, page.data[0].attempts[0].status_code, page.has_more],
      ['failed', 500, true],
    );
    const rest = await call('GET', `${WEBHOOKS}/${id}/deliveries?limit=2&cursor=${page.next_cursor}`);
    assert.deepEqual([rest.data.length, rest.has_more], [1, false]);
    assert.equal(
      (await call('POST', `${WEBHOOKS}/${id}/deliveries/${tests[0]}/replay`)).delivery_id,
      tests[0],
    );
    assert.equal(endpoints.letters[2]?.state, 'pending');
    assert.equal(
      (await call('POST', `${WEBHOOKS}/${id}/deliveries/evt_none/replay`)).error.code,
      'not_found',
    );
  });

  it('are at most twenty of an account', async () => {
    await using opened = await openWorld();
    const { call } = opened;
    for (let index = 0; index < 20; index += 1)
      assert.equal((await call('POST', WEBHOOKS, WISH)).status, 'active');
    assert.match((await call('POST', WEBHOOKS, WISH)).error.message, /at most 20/);
  });

  it('have a feed that tells the same, from stable positions', async () => {
    await using opened = await openWorld();
    const { call, endpoints, world } = opened;
    const { account } = [...world.store.keyRows.values()][0]?.key ?? {};
    const rivya = SURFACES.find((surface) => surface.event);
    for (const state of [
      { name: 'canceled', outcome: 'stopped' },
      { name: 'succeeded', files: [], charge: 55 },
    ] as const) {
      const told = rivya?.event?.({ ...taskIn(state), account: account ?? 'acc_none' }, world.context);
      if (told && account)
        endpoints.events.push({ account, type: told.type, body: JSON.stringify(told.body) });
    }
    endpoints.events.push({ account: 'acc_other', type: 'generation.failed', body: '{}' });
    const first = await call('GET', '/api/v1/webhook-events?limit=1');
    assert.deepEqual([first.data[0].type, first.has_more], ['generation.failed', true]);
    const second = await call('GET', `/api/v1/webhook-events?limit=5&cursor=${first.next_cursor}`);
    assert.deepEqual(
      [second.data.length, second.data[0].type, second.has_more],
      [1, 'generation.succeeded', false],
    );
    const none = await call('GET', `/api/v1/webhook-events?cursor=${second.next_cursor}`);
    assert.deepEqual([none.data, none.next_cursor], [[], second.next_cursor]);
    assert.equal((await call('GET', '/api/v1/webhook-events?type=generation.succeeded')).data.length, 1);
    assert.equal((await call('GET', '/api/v1/webhook-events?type=other')).error.details[0].field, 'type');
    endpoints.keptFrom = 2;
    assert.match(
      (await call('GET', '/api/v1/webhook-events?cursor=1')).error.message,
      /older than the events that are kept/,
    );
  });
});
