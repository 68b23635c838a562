import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { startSimulator, type TestNamespace, type TestSimulator } from '../src/testing.ts';
import { client } from './clients.ts';

import { at, download, filmFacts, png, post, request, text } from './tools.ts';

let simulator: TestSimulator;
before(async () => {
  simulator = await startSimulator({ settings: { queueMs: 1000, runMs: 1000 } });
});
after(() => simulator.dispose());

const BEARER = { authorization: 'Bearer key' };

function frozen(): TestNamespace {
  const namespace = simulator.namespace();
  namespace.freeze();
  return namespace;
}

function jwt(claims: object, secret = 'sk', algorithm = 'HS256'): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = `${part({ alg: algorithm, typ: 'JWT' })}.${part(claims)}`;
  return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
}

describe('kling', () => {
  const kling = client('kling, new generation');

  it('has ids beyond 2^53, and finds tasks by the caller’s own id, batched', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('kling');
    const first = kling.id((await kling.submit(base, { prompt: 'a', reference: 'job-1' })).json);
    const second = kling.id((await kling.submit(base, { prompt: 'b', reference: 'job-2' })).json);
    assert.ok(BigInt(first) > 2n ** 53n);
    const found = await request(`${base}/tasks?external_task_ids=job-1,job-2,job-3`, { headers: BEARER });
    assert.deepEqual([text(found.json, 'data', 0, 'id'), text(found.json, 'data', 1, 'id')], [first, second]);
    assert.equal(at(found.json, 'data', 2), undefined);
    const none = await request(`${base}/tasks?external_task_ids=job-3`, { headers: BEARER });
    assert.deepEqual(at(none.json, 'data'), []);
    const neither = await request(`${base}/tasks`, { headers: BEARER });
    assert.deepEqual([neither.status, at(neither.json, 'code')], [400, 1201]);
  });

  it('refuses a used external_task_id, or takes it, as it is set', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('kling');
    assert.equal((await kling.submit(base, { prompt: 'a', reference: 'same' })).status, 200);
    const again = await kling.submit(base, { prompt: 'a', reference: 'same' });
    assert.deepEqual([again.status, at(again.json, 'code')], [400, 1201]);
    assert.deepEqual(namespace.ledger().duplicates, []);
    namespace.settings({ klingRefusesDuplicates: false });
    assert.equal((await kling.submit(base, { prompt: 'a', reference: 'same' })).status, 200);
    assert.deepEqual(namespace.ledger().duplicates, ['same']);
  });

  it('has sound at 1080p only, in both generations', async () => {
    const base = frozen().baseUrl('kling');
    const loud = { prompt: 'p', settings: { audio: 'native', resolution: '720p' } };
    assert.equal(at((await post(`${base}/text-to-video/kling-2.6`, loud, BEARER)).json, 'code'), 1201);
    const old = { model_name: 'kling-v2-6', prompt: 'p', sound: 'on', mode: 'std' };
    assert.equal(at((await post(`${base}/v1/videos/text2video`, old, BEARER)).json, 'code'), 1201);
    const number = { model_name: 'kling-v2-6', prompt: 'p', duration: 5 };
    assert.equal(at((await post(`${base}/v1/videos/text2video`, number, BEARER)).json, 'code'), 1201);
    const nameless = await post(`${base}/v1/videos/text2video`, { prompt: 'p' }, BEARER);
    assert.deepEqual([nameless.status, at(nameless.json, 'code')], [404, 1203]);
  });

  it('takes a JWT for the old generation only, and knows early, expired and forged ones', async () => {
    const namespace = simulator.namespace({ klingSecretKey: 'sk' });
    const base = namespace.baseUrl('kling');
    const now = Math.floor(Date.now() / 1000);
    const good = { iss: 'access', exp: now + 1800, nbf: now - 5 };
    const old = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      const body = { model_name: 'kling-v2-6', prompt: 'p' };
      return at((await post(`${base}/v1/videos/text2video`, body, headers)).json, 'code');
    };
    assert.equal(await old(jwt(good)), 0);
    assert.equal(await old(jwt({ ...good, nbf: now + 60 })), 1003);
    assert.equal(await old(jwt({ ...good, exp: now - 1 })), 1004);
    assert.equal(await old(jwt(good, 'other')), 1002);
    assert.equal(await old(jwt(good, 'sk', 'none')), 1002);
    const body = { prompt: 'p' };
    const headers = { authorization: `Bearer ${jwt(good)}` };
    assert.equal(at((await post(`${base}/text-to-video/kling-2.6`, body, headers)).json, 'code'), 1002);
    assert.equal(at((await post(`${base}/text-to-video/kling-2.6`, body)).json, 'code'), 1001);
  });

  it('keeps the kind of an old task in its address, and answers an unknown id with 400', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('kling');
    const old = client('kling, old generation');
    const id = old.id((await old.submit(base, { prompt: 'a', reference: 'mine' })).json);
    assert.equal((await old.look(base, 'mine')).state, 'pending');
    const other = await request(`${base}/v1/videos/image2video/${id}`, { headers: BEARER });
    assert.deepEqual([other.status, at(other.json, 'code')], [400, 1201]);
    await namespace.advance(3000);
    const done = await old.look(base, id);
    assert.equal(text(done.answer.json, 'data', 'task_status'), 'succeed');
    assert.equal(text(done.answer.json, 'data', 'final_unit_deduction'), '1.5');
    const list = await request(`${base}/v1/videos/text2video?pageNum=1&pageSize=30`, { headers: BEARER });
    assert.equal(text(list.json, 'data', 0, 'task_id'), id);
  });

  it('reads pictures in base64, without a data: prefix in the old generation', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('kling');
    const old = client('kling, old generation');
    const picture = png(600, 300).toString('base64');
    const taken = await old.submit(base, { prompt: 'a', image: picture });
    assert.equal(taken.status, 200);
    await namespace.advance(3000);
    const url = namespace.jobs()[0];
    const film = await filmFacts(await download(`${url?.root}/films/kling/${url?.id}.mp4`));
    assert.ok(Math.abs((film?.ratio ?? 0) - 2) < 0.02);
    const prefixed = await old.submit(base, { prompt: 'a', image: `data:image/png;base64,${picture}` });
    assert.equal(at(prefixed.json, 'code'), 1201);
    const small = await old.submit(base, { prompt: 'a', image: png(299, 300).toString('base64') });
    assert.equal(at(small.json, 'code'), 1201);
    const narrow = await old.submit(base, { prompt: 'a', image: png(900, 300).toString('base64') });
    assert.equal(at(narrow.json, 'code'), 1201);
  });

  it('lists tasks by page, and its limit of parallel tasks is 429 with 1303', async () => {
    const namespace = frozen();
    namespace.settings({ concurrency: 2 });
    const base = namespace.baseUrl('kling');
    await kling.submit(base, { prompt: 'a' });
    await kling.submit(base, { prompt: 'b' });
    const third = await kling.submit(base, { prompt: 'c' });
    assert.deepEqual([third.status, at(third.json, 'code')], [429, 1303]);
    const page = await post(`${base}/tasks`, { limit: 1, cursor: '' }, BEARER);
    assert.deepEqual([at(page.json, 'data', 'count'), at(page.json, 'data', 'has_more')], [1, true]);
    const next = await post(
      `${base}/tasks`,
      { limit: 1, cursor: text(page.json, 'data', 'next_cursor') },
      BEARER,
    );
    assert.deepEqual([at(next.json, 'data', 'count'), at(next.json, 'data', 'has_more')], [1, false]);
  });
});
