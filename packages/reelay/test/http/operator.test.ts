import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { PriceRule } from '../../src/core/ports/accounts.ts';
import type { OperatorStore } from '../../src/core/ports/operator.ts';
import { OPERATOR_ROUTES } from '../../src/http/operator/mount.ts';
import { SURFACES } from '../../src/surfaces/catalogue.ts';
import { ADMIN_TOKEN, World } from './world.ts';

const GENERATE = '/api/v1/generateTask/kling-2-6';
const ORDER = { input: { mode: 'text-to-video', prompt: 'a kettle boils' } };

describe('the operator API', () => {
  let world: World;
  before(async () => {
    world = await World.open(SURFACES);
  });
  after(() => world[Symbol.asyncDispose]());

  const get = async (path: string) => world.fetch(`/operator/v1${path}`, { key: ADMIN_TOKEN });
  const post = async (path: string, body: unknown = {}) =>
    world.post(`/operator/v1${path}`, ADMIN_TOKEN, body);
  const json = async (answer: Response) => Object(await answer.json());

  it('is opened by the admin token and by nothing else, on every route', async () => {
    const key = await world.key();
    for (const { method, path } of OPERATOR_ROUTES) {
      const url = path.replace(/:\w+/g, 'some');
      for (const [name, authorization] of [
        ['no key', undefined],
        ['a customer’s key', `Bearer ${key}`],
        ['a wrong token', `Bearer ${ADMIN_TOKEN}x`],
        ['the token without its scheme', ADMIN_TOKEN],
      ] as const) {
        const headers = { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) };
        const body = method === 'GET' ? {} : { body: '{}' };
        const answer = await world.fetch(url, { method, headers, ...body });
        assert.equal(answer.status, 401, `${method} ${path} with ${name}`);
        assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
      }
    }
    assert.equal((await world.fetch(GENERATE, { method: 'POST', key: ADMIN_TOKEN })).status, 401);
  });

  it('makes a key and its account, shows the key once, and the key works until it is revoked', async () => {
    const made = await json(await post('/keys', { account: 'studio one', sandbox: true, strategy: 'value' }));
    assert.match(made.key, /^rly_test_[0-9A-Za-z]{36}$/);
    assert.match(made.callback_secret, /^whsec_/);
    const listed = await (await get('/keys?account=studio%20one')).text();
    assert.ok(
      listed.includes(made.id) && !listed.includes(made.key) && !listed.includes(made.callback_secret),
    );
    const credits = { amount: 100, reason: 'welcome', reference: 'w-1' };
    assert.equal((await json(await post('/accounts/studio%20one/credits', credits))).outcome, 'committed');
    const again = await json(await post('/accounts/studio%20one/credits', credits));
    assert.deepEqual(again, { outcome: 'duplicate', balance: { available: 100, held: 0 } });
    assert.equal((await world.post(GENERATE, made.key, ORDER)).status, 200);
    const account = await json(await get('/accounts/studio%20one'));
    assert.deepEqual(account.balance, { available: 45, held: 55 });
    const { data: ledger } = await json(await get(`/accounts/${account.id}/ledger`));
    assert.deepEqual(
      ledger.map((line: { kind: string; amount: number }) => [line.kind, line.amount]),
      [
        ['hold', 55],
        ['grant', 100],
      ],
    );
    const tooMuch = await post(`/accounts/${account.id}/credits`, {
      amount: -46,
      reason: 'x',
      reference: 'c-1',
    });
    assert.equal(tooMuch.status, 402);
    const revoked = await json(await post(`/keys/${made.id}/revoke`));
    assert.match(revoked.revoked_at, /^\d{4}-/);
  });

  it('a revocation acts on the next request that does not remember the key', async () => {
    const made = await json(await post('/keys', { account: 'studio two', sandbox: true }));
    await post(`/keys/${made.id}/revoke`);
    const answer = await world.post(GENERATE, made.key, ORDER);
    assert.equal(answer.status, 401);
    assert.match((await json(answer)).message, /revoked/);
  });

  it('rotates a callback secret with an overlap of two', async () => {
    const made = await json(await post('/keys', { account: 'studio three', sandbox: true }));
    const secrets = [made.callback_secret];
    for (let turn = 0; turn < 2; turn += 1) {
      secrets.unshift((await json(await post(`/keys/${made.id}/rotate-callback-secret`))).callback_secret);
    }
    assert.deepEqual((await world.store.keyById(made.id))?.callbackSecrets, secrets.slice(0, 2));
  });

  it('tells tasks with their timeline and notices, and cancels them', async () => {
    const key = await world.key({ name: 'director' });
    const callback = { request_type: 'callback', callback_url: 'https://hooks.test/x', ...ORDER };
    for (let index = 0; index < 3; index += 1) await world.post(GENERATE, key, callback);
    const first = await json(await get('/tasks?account=director&limit=2'));
    assert.equal(first.data.length, 2);
    const rest = await json(await get(`/tasks?account=director&limit=2&cursor=${first.next_cursor}`));
    assert.deepEqual([rest.data.length, rest.next_cursor], [1, null]);
    const { id } = rest.data[0];
    assert.equal((await json(await get(`/tasks/${id}`))).order.prompt, 'a kettle boils');
    const canceled = await json(await post(`/tasks/${id}/cancel`));
    assert.deepEqual(
      [canceled.outcome, canceled.task.state, canceled.task.held],
      ['before_start', 'canceled', 0],
    );
    assert.equal((await json(await post(`/tasks/${id}/cancel`))).outcome, 'too_late');
    const { data: timeline } = await json(await get(`/tasks/${id}/timeline`));
    assert.deepEqual(
      timeline.map((entry: { event: string }) => entry.event),
      ['accepted', 'cancelRequested'],
    );
    const { data: notices } = await json(await get(`/tasks/${id}/deliveries`));
    assert.deepEqual(
      notices.map((one: { url: string; state: string }) => [one.url, one.state]),
      [['https://hooks.test/x', 'pending']],
    );
    const { data: over } = await json(await get('/tasks?account=director&state=canceled,failed'));
    assert.deepEqual(
      over.map((task: { id: string }) => task.id),
      [id],
    );
  });

  it('sets prices, which later tasks are taken at', async () => {
    const key = await world.key({ credits: 200 });
    const price = { model: 'kling-2-6', duration_seconds: 10, price: 110 };
    assert.equal(
      (
        await world.fetch('/operator/v1/prices', {
          method: 'PUT',
          key: ADMIN_TOKEN,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(price),
        })
      ).status,
      200,
    );
    await world.post(GENERATE, key, { input: { ...ORDER.input, duration: 10 } });
    assert.equal(world.task.price, 110);
    await world.post(GENERATE, key, ORDER);
    assert.equal(world.task.price, 55);
  });

  it('tells and removes prices, and sends notices again, where the store can', async () => {
    const prices: PriceRule[] = [];
    const sent: string[] = [];
    const operator: OperatorStore = {
      prices: async () => prices,
      removePrice: async (rule) => rule.durationSeconds === 10,
      replay: async (letter) => letter === 'evt_1' && sent.push(letter) > 0,
    };
    await using other = await World.open(SURFACES, { change: () => ({ operator }) });
    const call = async (method: string, path: string, body?: unknown) =>
      other.fetch(`/operator/v1${path}`, {
        method,
        key: ADMIN_TOKEN,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
    prices.push({
      model: 'kling-2-6',
      account: null,
      durationSeconds: 10,
      sound: null,
      resolution: null,
      price: 110,
    });
    const [rule] = (await json(await call('GET', '/prices'))).data;
    assert.deepEqual([rule.duration_seconds, rule.price], [10, 110]);
    const { price: _, ...row } = rule;
    assert.deepEqual(await json(await call('POST', '/prices/remove', row)), row);
    assert.equal((await call('POST', '/prices/remove', { model: 'kling-2-6' })).status, 404);
    assert.equal((await call('POST', '/deliveries/evt_1/replay')).status, 200);
    assert.equal((await call('POST', '/deliveries/evt_2/replay')).status, 404);
    assert.deepEqual(sent, ['evt_1']);
    assert.equal((await get('/prices')).status, 503);
  });

  it('lists providers without a word of their credentials', async () => {
    const named = async () =>
      (await json(await get('/providers'))).data.map((one: { name: string }) => one.name);
    assert.deepEqual(await named(), ['studio']);
    const secret = 'kling-secret-of-tests';
    const credential = { api_key: secret, base_url: 'https://kling.test' };
    const made = await post('/providers', { name: 'main', provider: 'kling', credential, weight: 2 });
    const one = await json(made);
    assert.deepEqual([one.tier, one.health, one.enabled, one.limit], ['official', 'well', true, 20]);
    assert.deepEqual(one.credential, { api_key: '…', base_url: 'https://kling.test' });
    assert.equal((await post('/providers', { name: 'main', provider: 'kling', credential })).status, 400);
    assert.equal((await post('/providers', { name: 'x', provider: 'nobody', credential })).status, 400);
    assert.equal((await post('/providers', { name: 'fal', credential: {} })).status, 400);
    assert.equal((await post('/providers', { name: 'fal', credential: { apikey: 'x' } })).status, 400);
    const put = (change: object) =>
      world.fetch('/operator/v1/providers/main', {
        method: 'PUT',
        key: ADMIN_TOKEN,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(change),
      });
    const price = { silent_usd: 0.05, sound_usd: 0.1 };
    const changed = await json(await put({ enabled: false, concurrency: 3, price }));
    assert.deepEqual([changed.enabled, changed.limit, changed.price, changed.weight], [false, 3, price, 2]);
    assert.equal((await put({ credential: { nonsense: 'x' } })).status, 400);
    assert.ok(!(await (await get('/providers')).text()).includes(secret));
    assert.deepEqual(await json(await post('/providers/main/remove')), { name: 'main' });
    assert.equal((await post('/providers/main/remove')).status, 404);
    assert.equal((await post('/providers/nobody/test')).status, 404);
    assert.deepEqual(await named(), ['studio']);
  });

  it('pages through accounts', async () => {
    const names: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await json(await get(`/accounts?limit=2${cursor ? `&cursor=${cursor}` : ''}`));
      names.push(...page.data.map((account: { name: string }) => account.name));
      cursor = page.next_cursor;
    }
    assert.deepEqual(
      names,
      (await world.store.accounts()).map((account) => account.name),
    );
  });

  it('refuses what is wrong, naming the field, as a problem', async () => {
    const wrong: readonly [Response, number, string | undefined][] = [
      [await post('/keys', { account: '' }), 400, 'account'],
      [await post('/keys', { account: 'x', scopes: ['root'] }), 400, 'scopes.0'],
      [await post('/keys', { account: 'director', sandbox: false }), 400, 'account'],
      [await post('/accounts/director/credits', { amount: 1.5, reason: 'x', reference: 'y' }), 400, 'amount'],
      [await post('/accounts/director/credits', { amount: 0, reason: 'x', reference: 'z' }), 400, 'amount'],
      [await get('/tasks?limit=101'), 400, 'limit'],
      [await get('/tasks?state=lost'), 400, 'state.0'],
      [await get('/tasks?account=nobody'), 404, undefined],
      [await get('/tasks/task_none'), 404, undefined],
      [await get('/tasks/nonsense/timeline'), 404, undefined],
      [await post('/keys/key_none/revoke'), 404, undefined],
      [await post('/tasks/task_none/cancel'), 404, undefined],
      [await get('/nowhere'), 404, undefined],
    ];
    for (const [answer, status, field] of wrong) {
      const body = await json(answer);
      assert.equal(answer.status, status, body.detail);
      assert.equal(body.status, status);
      assert.equal(body.errors?.[0].field, field, body.detail);
      assert.equal(body.request_id, answer.headers.get('x-request-id'));
    }
  });
});
