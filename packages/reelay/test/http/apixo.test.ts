import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure } from '../../src/core/failure.ts';
import { SCOPES } from '../../src/core/ports/accounts.ts';
import { apixo } from '../../src/surfaces/apixo.ts';
import { aFile } from '../world.ts';
import { World } from './world.ts';

const GENERATE = '/api/v1/generateTask/kling-2-6';
const ORDER = { input: { mode: 'text-to-video', prompt: 'a kettle boils', duration: 5 } };
const STATUS = '/api/v1/statusTask/kling-2-6?taskId=';

async function json(
  response: Response,
): Promise<{ code: number; message: string; data: Record<string, unknown> }> {
  return Object(await response.json());
}

async function created(world: World, key: string): Promise<string> {
  const { data } = await json(await world.post(GENERATE, key, ORDER));
  return String(data.taskId);
}

describe('apixo over HTTP', () => {
  it('takes an order, tells its states, and gives its film', async () => {
    await using world = await World.open([apixo]);
    const key = await world.key();
    const answer = await world.post(GENERATE, key, ORDER);
    assert.equal(answer.status, 200);
    const { data } = await json(answer);
    assert.match(String(data.taskId), /^task_[\w-]{16,}$/);
    const status = async () => (await json(await world.fetch(`${STATUS}${data.taskId}`, { key }))).data;
    assert.equal((await status()).state, 'pending');
    await world.start(world.task.id);
    assert.equal((await status()).state, 'processing');
    const film = Buffer.from('a film');
    await world.finish(world.task.id, film, aFile({ bytes: film.length, expiresAt: Date.now() + 60_000 }));
    const done = await status();
    assert.equal(done.state, 'success');
    assert.equal(Number(done.costTime), Number(done.completeTime) - Number(done.createTime));
    const [url] = JSON.parse(String(done.resultJson)).resultUrls;
    const { pathname, search } = new URL(url);
    assert.equal(await (await world.fetch(pathname + search)).text(), 'a film');
  });

  it('holds credits at once and refuses with the seed’s “Insufficient credits”', async () => {
    await using world = await World.open([apixo]);
    const key = await world.key({ credits: 60 });
    const balance = async () =>
      (await json(await world.fetch('/api/v1/apikeys/current-balance', { key }))).data;
    assert.equal(await balance(), 0.6);
    await created(world, key);
    assert.equal(await balance(), 0.05);
    const poor = await world.post(GENERATE, key, ORDER);
    assert.equal(poor.status, 400);
    assert.deepEqual(await json(poor), { code: 400, message: 'Insufficient credits', data: null });
  });

  it('answers a missing, foreign, malformed and other model’s task alike: 404 (decision 12)', async () => {
    await using world = await World.open([apixo]);
    const [key, other] = [await world.key(), await world.key()];
    const id = await created(world, key);
    const missing = { code: 404, message: 'Task not found', data: null };
    for (const [path, caller] of [
      [`${STATUS}${id}`, other],
      [`${STATUS}task_0197f3b2c5d47e8a9b1c`, key],
      [`${STATUS}nonsense`, key],
      [`/api/v1/statusTask/kling-9?taskId=${id}`, key],
    ] as const) {
      const answer = await world.fetch(path, { key: caller });
      assert.equal(answer.status, 404);
      assert.deepEqual(await json(answer), missing);
    }
  });

  it('is idempotent with a key, bare or quoted, and refuses another body (decision 16)', async () => {
    await using world = await World.open([apixo]);
    const key = await world.key();
    const first = await world.post(GENERATE, key, ORDER, { 'idempotency-key': 'order-1' });
    assert.equal(first.headers.get('idempotent-replayed'), null);
    const { data } = await json(first);
    const { input } = ORDER;
    const shuffled = { input: { duration: input.duration, prompt: input.prompt, mode: input.mode } };
    for (const [header, body] of [
      ['order-1', ORDER],
      ['"order-1"', shuffled],
    ] as const) {
      const again = await world.post(GENERATE, key, body, { 'idempotency-key': header });
      assert.equal(again.headers.get('idempotent-replayed'), 'true');
      assert.deepEqual((await json(again)).data, data);
    }
    const other = await world.post(
      GENERATE,
      key,
      { input: { ...input, duration: 10 } },
      { 'idempotency-key': 'order-1' },
    );
    assert.equal(other.status, 409);
    assert.equal(world.store.rows.size, 1);
    for (const bad of ['', 'a b', 'ä', 'a'.repeat(256), '"open', '""']) {
      const answer = await world.post(GENERATE, key, ORDER, { 'idempotency-key': bad });
      assert.equal(answer.status, 400, bad);
      assert.match((await json(answer)).message, /^Idempotency-Key must have 1 to 255 visible ASCII/);
    }
  });

  it('holds a status until the state changes (wait=, ours)', async () => {
    await using world = await World.open([apixo]);
    const key = await world.key();
    const id = await created(world, key);
    const held = () => world.waiting(() => world.fetch(`${STATUS}${id}&wait=60`, { key }));
    const first = await held();
    await world.start(world.task.id);
    assert.equal((await json(await first.answer)).data.state, 'processing');
    const second = await held();
    await world.move(world.task.id, { is: 'progressed', progress: 50, dueInMs: 1_000 });
    await world.move(world.task.id, { is: 'failed', failure: failure('content_violation') });
    assert.equal((await json(await second.answer)).data.failCode, 'CONTENT_VIOLATION');
    assert.equal((await json(await world.fetch(`${STATUS}${id}&wait=60`, { key }))).data.state, 'failed');
  });

  it('answers those who wait when the gateway shuts down', async () => {
    await using world = await World.open([apixo]);
    const key = await world.key();
    const id = await created(world, key);
    const { answer } = await world.waiting(() => world.fetch(`${STATUS}${id}&wait=60`, { key }));
    world.app.drain();
    assert.equal((await json(await answer)).data.state, 'pending');
    assert.equal((await world.fetch('/readyz')).status, 503);
    assert.equal((await world.fetch('/healthz')).status, 200);
  });

  it('tells keys apart: missing, junk, unknown, revoked, expired, without the scope', async () => {
    await using world = await World.open([apixo]);
    const good = await world.key();
    const expired = await world.key({ expiresAt: Date.now() - 1 });
    const revoked = await world.key({ revokedAt: Date.now() - 1 });
    const reader = await world.key({ scopes: SCOPES.filter((scope) => scope !== 'generations:create') });
    const cases: readonly [string | undefined, number, string][] = [
      [undefined, 401, 'Invalid or missing API Key'],
      ['Basic YWJj', 401, 'Invalid or missing API Key'],
      [`Bearer ${good}x`, 401, 'Invalid or missing API Key'],
      [`Bearer ${good.slice(0, -1)}${good.endsWith('0') ? '1' : '0'}`, 401, 'Invalid or missing API Key'],
      [`Bearer ${revoked}`, 401, 'Invalid or missing API Key: this key was revoked'],
      [`Bearer ${expired}`, 401, 'Invalid or missing API Key: this key has expired'],
      [`Bearer ${reader}`, 403, 'The API key lacks the permission generations:create'],
    ];
    for (const [authorization, status, message] of cases) {
      const headers = { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) };
      const answer = await world.fetch(GENERATE, { method: 'POST', body: JSON.stringify(ORDER), headers });
      assert.deepEqual(await json(answer), { code: status, message, data: null });
    }
    assert.equal(
      (
        await world.fetch(GENERATE, {
          method: 'POST',
          body: JSON.stringify(ORDER),
          headers: { 'content-type': 'application/json', authorization: `bearer ${good}` },
        })
      ).status,
      200,
    );
  });

  it('limits requests a minute and unfinished tasks a key, and says when to come back', async () => {
    await using world = await World.open([apixo]);
    const few = await world.key({ requestsPerMinute: 3 });
    const answers = [];
    for (let index = 0; index < 4; index += 1)
      answers.push(await world.fetch(`${STATUS}task_none`, { key: few }));
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [404, 404, 404, 429],
    );
    const refused = answers[3];
    assert.ok(refused && Number(refused.headers.get('retry-after')) >= 1);
    assert.equal(refused.headers.get('ratelimit-policy'), '"requests";q=3;w=60');
    assert.match(refused.headers.get('ratelimit') ?? '', /^"requests";r=0;t=\d+$/);
    assert.match((await json(refused)).message, /^Rate limit exceeded/);

    const busy = await world.key({ unfinishedTasks: 1 });
    await created(world, busy);
    const second = await world.post(GENERATE, busy, ORDER);
    assert.equal(second.status, 429);
    assert.ok(Number(second.headers.get('retry-after')) >= 1);
  });

  it('refuses a live key where no provider can serve it, and says how to add one', async () => {
    await using world = await World.open([apixo]);
    const live = await world.key({ sandbox: false });
    const answer = await world.post(GENERATE, live, ORDER);
    assert.equal(answer.status, 503);
    assert.match((await json(answer)).message, /reelay providers add/);
    assert.equal(world.store.rows.size, 0);
  });
});
