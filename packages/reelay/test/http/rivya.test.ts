import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure } from '../../src/core/failure.ts';
import { SURFACES } from '../../src/surfaces/catalogue.ts';
import { aFile, EVENTS } from '../world.ts';
import { LOST, World } from './world.ts';

const GENERATIONS = '/api/v1/generations';
const ORDER = { model: 'kling-2-6', prompt: 'a kettle boils', params: { duration: '5' } };

async function json(response: Response) {
  return Object(await response.json());
}

describe('rivya over HTTP', () => {
  it('takes an order, tells its states, and gives its film', async () => {
    await using world = await World.open(SURFACES);
    const key = await world.key();
    const answer = await world.post(GENERATIONS, key, ORDER);
    assert.equal(answer.status, 200);
    const created = await json(answer);
    assert.deepEqual([created.status, created.reserved_credits, created.final_credits], ['queued', 55, 0]);
    const read = async () => json(await world.fetch(`${GENERATIONS}/${created.id}`, { key }));
    assert.deepEqual(await read(), created);
    await world.start(created.id);
    assert.equal((await read()).status, 'processing');
    await world.finish(created.id, Buffer.from('film'), aFile({ bytes: 4, expiresAt: Date.now() + 60_000 }));
    const done = await read();
    assert.deepEqual([done.status, done.final_credits, done.result.urls.length], ['succeeded', 55, 1]);
    const { pathname, search } = new URL(done.result.primary_url);
    assert.equal(await (await world.fetch(pathname + search)).text(), 'film');
    assert.deepEqual(await json(await world.fetch('/api/v1/credits', { key })), { current_credits: 945 });
  });

  it('is one set of tasks and credits with the other dialect (decision 38)', async () => {
    await using world = await World.open(SURFACES);
    const key = await world.key({ credits: 110 });
    const ours = await json(await world.post(GENERATIONS, key, ORDER));
    const theirs = await json(
      await world.post('/api/v1/generateTask/kling-2-6', key, {
        input: { mode: 'text-to-video', prompt: 'x' },
      }),
    );
    const status = await json(await world.fetch(`/api/v1/statusTask/kling-2-6?taskId=${ours.id}`, { key }));
    assert.equal(status.data.state, 'pending');
    assert.equal(
      (await json(await world.fetch(`${GENERATIONS}/${theirs.data.taskId}`, { key }))).status,
      'queued',
    );
    const poor = await world.post(GENERATIONS, key, ORDER);
    assert.equal(poor.status, 402);
    assert.equal((await json(poor)).error.code, 'insufficient_credits');
  });

  it('answers unknown paths, methods, chat and bad JSON in its own envelope', async () => {
    await using world = await World.open(SURFACES);
    const key = await world.key();
    const cases: readonly [Response, number, string][] = [
      [await world.fetch('/api/v1/nowhere'), 404, 'not_found'],
      [await world.post('/api/v1/chat/completions', key, {}), 404, 'not_found'],
      [await world.fetch('/api/v1/chat/sessions', { key }), 404, 'not_found'],
      [await world.fetch(GENERATIONS, { method: 'DELETE', key }), 400, 'validation_failed'],
      [await world.post(GENERATIONS, key, '{'), 400, 'validation_failed'],
      [await world.post(GENERATIONS, key, ORDER, { 'content-type': 'text/plain' }), 400, 'validation_failed'],
      [await world.fetch(GENERATIONS), 401, 'api_key_missing'],
      [await world.fetch(GENERATIONS, { key: 'rly_live_x' }), 401, 'api_key_invalid'],
      [await world.fetch(`${GENERATIONS}/task_none`, { key }), 404, 'not_found'],
      [await world.fetch(`${GENERATIONS}/nonsense`, { key }), 404, 'not_found'],
    ];
    for (const [answer, status, code] of cases) {
      const { error } = await json(answer);
      assert.deepEqual([answer.status, error.code], [status, code], answer.url);
      assert.equal(error.requestId, answer.headers.get('x-request-id'));
    }
    world.fault = LOST;
    const lost = await world.post(GENERATIONS, key, ORDER);
    assert.deepEqual([lost.status, (await json(lost)).error.code], [503, 'unavailable']);
  });

  it('models are public', async () => {
    await using world = await World.open(SURFACES);
    const { data } = await json(await world.fetch('/api/v1/models'));
    assert.deepEqual(
      data.map((model: { id: string }) => model.id),
      ['kling-2-6'],
    );
    assert.deepEqual(await json(await world.fetch('/api/v1/openapi.json')), await world.api());
  });

  it('is idempotent, and the same key on the other dialect is another request', async () => {
    await using world = await World.open(SURFACES);
    const key = await world.key();
    const header = { 'idempotency-key': 'k-1' };
    const first = await json(await world.post(GENERATIONS, key, ORDER, header));
    const again = await world.post(GENERATIONS, key, ORDER, header);
    assert.equal(again.headers.get('idempotent-replayed'), 'true');
    assert.equal((await json(again)).id, first.id);
    const other = await world.post(GENERATIONS, key, { ...ORDER, prompt: 'other' }, header);
    assert.deepEqual([other.status, (await json(other)).error.code], [409, 'idempotency_conflict']);
    assert.equal(
      (
        await world.post(
          '/api/v1/generateTask/kling-2-6',
          key,
          { input: { mode: 'text-to-video', prompt: 'x' } },
          header,
        )
      ).status,
      200,
    );
    assert.equal(world.store.rows.size, 2);
  });

  it('quotes without creating anything', async () => {
    await using world = await World.open(SURFACES);
    const [key, poor] = [await world.key(), await world.key({ credits: 54 })];
    const live = await world.key({ sandbox: false });
    const quote = async (caller: string, body: unknown = ORDER) =>
      json(await world.post(`${GENERATIONS}/quote`, caller, body));
    assert.deepEqual(await quote(key), {
      credits: 55,
      expected_seconds: { min: 50, max: 70 },
      problem: null,
    });
    assert.equal((await quote(poor)).problem.code, 'insufficient_credits');
    assert.equal((await quote(live)).problem.code, 'no_provider');
    assert.equal((await quote(key, { ...ORDER, params: { duration: 7 } })).error.code, 'validation_failed');
    assert.equal(world.store.rows.size, 0);
  });

  it('lists the account’s own, by status and by client_request_id, in pages', async () => {
    await using world = await World.open(SURFACES);
    const [key, other] = [await world.key(), await world.key()];
    for (const id of ['a', 'b', 'c']) await world.post(GENERATIONS, key, { ...ORDER, client_request_id: id });
    await world.post(GENERATIONS, other, ORDER);
    await world.start(world.store.rows.keys().next().value ?? world.task.id);
    const list = async (query: string) => json(await world.fetch(`${GENERATIONS}?${query}`, { key }));
    const first = await list('limit=2');
    assert.deepEqual([first.data.length, first.has_more], [2, true]);
    const rest = await list(`limit=2&cursor=${first.next_cursor}`);
    assert.deepEqual([rest.data.length, rest.has_more, rest.next_cursor], [1, false, null]);
    assert.equal((await list('status=processing')).data.length, 1);
    assert.equal((await list('status=queued')).data.length, 2);
    assert.deepEqual(
      (await list('client_request_id=c')).data.map((one: { id: string }) => one.id),
      [first.data[0].id],
    );
    assert.equal((await list('status=lost')).error.details[0].field, 'status');
  });

  it('cancels with an honest outcome', async () => {
    await using world = await World.open(SURFACES);
    const [key, other] = [await world.key(), await world.key()];
    const order = async () => (await json(await world.post(GENERATIONS, key, ORDER))).id;
    const cancel = async (id: string, caller = key) =>
      json(await world.post(`${GENERATIONS}/${id}/cancel`, caller, {}));
    const early = await order();
    assert.equal((await cancel(early, other)).error.code, 'not_found');
    const canceled = await cancel(early);
    assert.deepEqual(
      [canceled.outcome, canceled.generation.status, canceled.generation.final_credits],
      ['before_start', 'failed', 0],
    );
    assert.equal((await cancel(early)).outcome, 'too_late');
    const running = await order();
    await world.start(world.task.id);
    const { answer } = await world.waiting(() => world.post(`${GENERATIONS}/${running}/cancel`, key, {}));
    await world.move(world.task.id, { is: 'canceled' });
    assert.equal((await json(await answer)).outcome, 'stopped');
    assert.deepEqual(await json(await world.fetch('/api/v1/credits', { key })), { current_credits: 1_000 });
  });

  it('holds a read until the status changes', async () => {
    await using world = await World.open(SURFACES);
    const key = await world.key();
    const { id } = await json(await world.post(GENERATIONS, key, ORDER));
    const { answer } = await world.waiting(() => world.fetch(`${GENERATIONS}/${id}?wait=60`, { key }));
    await world.start(id);
    assert.equal((await json(await answer)).status, 'processing');
  });

  it('streams a generation to its end', async () => {
    await using world = await World.open(SURFACES);
    const [key, other] = [await world.key(), await world.key()];
    const { id } = await json(await world.post(GENERATIONS, key, ORDER));
    assert.equal((await world.fetch(`${GENERATIONS}/${id}/events`, { key: other })).status, 404);
    const answer = await world.fetch(`${GENERATIONS}/${id}/events`, { key });
    assert.equal(answer.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    const events = eventsOf(answer);
    const next = async () => (await events.next()).value;
    assert.deepEqual(
      [(await next())?.status, (await json(await world.fetch(`${GENERATIONS}/${id}`, { key }))).status],
      ['queued', 'queued'],
    );
    await world.start(id);
    assert.equal((await next())?.status, 'processing');
    await world.move(id, { ...EVENTS.progressed, progress: 40 });
    let seen = await next();
    while (seen?.progress_percent === null) seen = await next();
    assert.equal(seen?.progress_percent, 40);
    await world.move(id, { is: 'failed', failure: failure('nsfw_detected') });
    const last = await next();
    assert.deepEqual([last?.status, last?.progress_percent, last?.expected_finish_at], ['failed', 100, null]);
    assert.equal((await events.next()).done, true);
  });

  it('ends its streams when the gateway shuts down', async () => {
    const world = await World.open(SURFACES);
    const key = await world.key();
    const { id } = await json(await world.post(GENERATIONS, key, ORDER));
    const events = eventsOf(await world.fetch(`${GENERATIONS}/${id}/events`, { key }));
    assert.equal((await events.next()).value?.status, 'queued');
    world.app.drain();
    assert.equal((await events.next()).done, true);
    await world[Symbol.asyncDispose]();
  });
});

interface Followed {
  readonly status: string;
  readonly progress_percent: number | null;
  readonly expected_finish_at: string | null;
}

async function* eventsOf(answer: Response): AsyncGenerator<Followed, undefined> {
  let text = '';
  for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, data] = /^data: (.*)$/m.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      if (data) yield JSON.parse(data);
    }
  }
}
