import assert from 'node:assert/strict';
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
const FAL_KEY = { authorization: 'Key id:secret' };

function frozen(): TestNamespace {
  const namespace = simulator.namespace();
  namespace.freeze();
  return namespace;
}

describe('fal', () => {
  const fal = client('fal');

  it('says COMPLETED of what failed; only the result tells', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('fal');
    const made = await fal.submit(base, { prompt: '[sim:fail content]' });
    const early = await request(text(made.json, 'response_url'), { headers: FAL_KEY });
    assert.deepEqual([early.status, text(early.json, 'detail')], [400, 'Request is still in progress']);
    await namespace.advance(3000);
    const status = await request(text(made.json, 'status_url'), { headers: FAL_KEY });
    assert.deepEqual([status.status, text(status.json, 'status')], [200, 'COMPLETED']);
    const result = await request(text(made.json, 'response_url'), { headers: FAL_KEY });
    assert.deepEqual(
      [result.status, text(result.json, 'detail', 0, 'type')],
      [422, 'content_policy_violation'],
    );
  });

  it('has sound unless told otherwise, and start_image_url for pictures', async () => {
    const namespace = frozen();
    const base = `${namespace.baseUrl('fal')}/fal-ai/kling-video/v2.6/pro`;
    await post(`${base}/text-to-video`, { prompt: 'p' }, FAL_KEY);
    assert.equal(namespace.jobs()[0]?.sound, true);
    const wrong = await post(
      `${base}/image-to-video`,
      { prompt: 'p', image_url: 'https://a.example/b.png' },
      FAL_KEY,
    );
    assert.deepEqual([wrong.status, text(wrong.json, 'detail', 0, 'type')], [422, 'missing']);
    const standard = await post(
      `${namespace.baseUrl('fal')}/fal-ai/kling-video/v2.6/standard/text-to-video`,
      { prompt: 'p' },
      FAL_KEY,
    );
    assert.equal(standard.status, 404);
  });

  it('lets work wait above the limit, and cancels', async () => {
    const namespace = frozen();
    namespace.settings({ concurrency: 1 });
    const base = namespace.baseUrl('fal');
    const [one, two] = [await fal.submit(base, { prompt: 'a' }), await fal.submit(base, { prompt: 'b' })];
    await namespace.advance(1500);
    assert.equal((await fal.look(base, fal.id(one.json))).state, 'processing');
    assert.equal((await fal.look(base, fal.id(two.json))).state, 'pending');
    const cancel = (answer: typeof one) =>
      request(text(answer.json, 'cancel_url'), { method: 'PUT', headers: FAL_KEY });
    assert.equal((await cancel(one)).status, 202);
    await namespace.advance(0);
    assert.equal((await fal.look(base, fal.id(two.json))).state, 'processing');
    assert.equal(text((await cancel(one)).json, 'status'), 'ALREADY_COMPLETED');
    assert.equal(namespace.ledger().total.released, 1);
  });

  it('says of an exhausted balance 403, also on status polls', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('fal');
    namespace.settings({ balanceUsd: 0.5 });
    assert.equal((await fal.submit(base, { prompt: 'a' })).status, 200);
    const broke = await fal.submit(base, { prompt: 'b' });
    assert.equal(broke.status, 403);
    assert.match(text(broke.json, 'detail'), /Exhausted balance/);
    namespace.script('error exhausted_balance on=status');
    const poll = await request(`${base}/fal-ai/kling-video/requests/${namespace.jobs()[0]?.id}/status`, {
      headers: FAL_KEY,
    });
    assert.equal(poll.status, 403);
  });

  it('takes uploads, whose address then works as a picture', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('fal');
    const begun = await post(
      `${base}/storage/upload/initiate?storage_type=fal-cdn-v3`,
      { content_type: 'image/png', file_name: 'a.png' },
      FAL_KEY,
    );
    const put = await fetch(text(begun.json, 'upload_url'), {
      method: 'PUT',
      body: new Uint8Array(png(400, 300)),
    });
    assert.equal(put.status, 200);
    const image = text(begun.json, 'file_url');
    assert.deepEqual(Buffer.from(await download(image)), png(400, 300));
    const made = await fal.submit(base, { prompt: 'a', image });
    await namespace.advance(3000);
    const look = await fal.look(base, fal.id(made.json));
    const film = await filmFacts(await download(look.url));
    assert.ok(Math.abs((film?.ratio ?? 0) - 4 / 3) < 0.02);
  });
});

describe('replicate', () => {
  const replicate = client('replicate');

  it('removes data and files after an hour, and tells of an abort', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('replicate');
    const id = replicate.id((await replicate.submit(base, { prompt: 'a' })).json);
    const late = replicate.id((await replicate.submit(base, { prompt: '[sim:fail timeout]' })).json);
    await namespace.advance(3000);
    const { url } = await replicate.look(base, id);
    assert.equal((await request(url)).status, 200);
    assert.equal(text((await replicate.look(base, late)).answer.json, 'status'), 'aborted');
    await namespace.advance(3_600_000);
    assert.equal((await request(url)).status, 404);
    const { answer } = await replicate.look(base, id);
    assert.deepEqual([at(answer.json, 'data_removed'), at(answer.json, 'output')], [true, null]);
  });

  it('fetches pictures by their address; the film takes their shape', async () => {
    const elsewhere = frozen();
    const form = new FormData();
    form.set('content', new File([new Uint8Array(png(600, 400))], 'a.png', { type: 'image/png' }));
    const address = `${elsewhere.baseUrl('replicate')}/v1/files`;
    const file = await request(address, { method: 'POST', body: form, headers: BEARER });
    const namespace = frozen();
    const base = namespace.baseUrl('replicate');
    const made = await replicate.submit(base, { prompt: 'a', image: text(file.json, 'urls', 'get') });
    await namespace.advance(3000);
    const { url } = await replicate.look(base, replicate.id(made.json));
    const film = await filmFacts(await download(url));
    assert.ok(Math.abs((film?.ratio ?? 0) - 1.5) < 0.01);
  });

  it('has files, a list and a webhook secret', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('replicate');
    const form = new FormData();
    form.set('content', new File([new Uint8Array(png(300, 300))], 'a.png', { type: 'image/png' }));
    const file = await request(`${base}/v1/files`, { method: 'POST', body: form, headers: BEARER });
    assert.equal(file.status, 201);
    const image = text(file.json, 'urls', 'get');
    await replicate.submit(base, { prompt: 'a', image });
    const list = await request(`${base}/v1/predictions`, { headers: BEARER });
    assert.equal(text(list.json, 'results', 0, 'id'), namespace.jobs()[0]?.id);
    const secret = await request(`${base}/v1/webhooks/default/secret`, { headers: BEARER });
    assert.equal(text(secret.json, 'key'), namespace.secrets().replicate);
    const gone = await request(`${base}/v1/files/${text(file.json, 'id')}`, {
      method: 'DELETE',
      headers: BEARER,
    });
    assert.equal(gone.status, 204);
  });
});

describe('kie', () => {
  it('tells errors in the body of an HTTP 200, and wants public addresses and short prompts', async () => {
    const base = frozen().baseUrl('kie');
    const kie = client('kie');
    const long = await kie.submit(base, { prompt: 'x'.repeat(1001) });
    assert.deepEqual([long.status, at(long.json, 'code')], [200, 422]);
    const inline = await kie.submit(base, { prompt: 'x', image: 'data:image/png;base64,AAAA' });
    assert.deepEqual([inline.status, at(inline.json, 'code')], [200, 422]);
    const silent = { model: 'kling-2.6/text-to-video', input: { prompt: 'x', duration: '5' } };
    assert.equal(at((await post(`${base}/api/v1/jobs/createTask`, silent, BEARER)).json, 'code'), 422);
  });

  it('takes uploads in base64', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('kie');
    const kie = client('kie');
    const body = { base64Data: png(300, 600).toString('base64'), uploadPath: 'images', fileName: 'a.png' };
    const sent = await post(`${base}/api/file-base64-upload`, body, BEARER);
    const made = await kie.submit(base, { prompt: 'x', image: text(sent.json, 'data', 'downloadUrl') });
    await namespace.advance(3000);
    assert.equal((await kie.look(base, kie.id(made.json))).state, 'success');
  });
});

it('piapi puts results into four places', async () => {
  const namespace = frozen();
  const base = namespace.baseUrl('piapi');
  const piapi = client('piapi');
  const shapes = new Set<string>();
  const made = await Promise.all(Array.from({ length: 80 }, () => piapi.submit(base, { prompt: 'x' })));
  await namespace.advance(3000);
  for (const answer of made) {
    const look = await piapi.look(base, piapi.id(answer.json));
    assert.equal((await request(look.url, { method: 'HEAD' })).status, 200);
    shapes.add(JSON.stringify(at(look.answer.json, 'data', 'output')).replace(look.url, ''));
  }
  assert.equal(shapes.size, 4);
});

it('higgsfield repeats the answer to a used key, and refuses another body under it', async () => {
  const namespace = frozen();
  const base = namespace.baseUrl('higgsfield');
  const higgsfield = client('higgsfield');
  const first = await higgsfield.submit(base, { prompt: 'a', reference: 'key-1' });
  const again = await higgsfield.submit(base, { prompt: 'a', reference: 'key-1' });
  assert.equal(higgsfield.id(again.json), higgsfield.id(first.json));
  const other = await higgsfield.submit(base, { prompt: 'b', reference: 'key-1' });
  assert.equal(other.status, 422);
  const { total, duplicates } = namespace.ledger();
  assert.deepEqual([total.received, total.accepted, duplicates], [2, 1, []]);
});

it('rivya repeats the answer to a used key, refuses another body, and unknown params', async () => {
  const namespace = frozen();
  const base = namespace.baseUrl('rivya');
  const rivya = client('rivya');
  const first = await rivya.submit(base, { prompt: 'a', reference: 'key-1' });
  assert.equal(
    rivya.id((await rivya.submit(base, { prompt: 'a', reference: 'key-1' })).json),
    rivya.id(first.json),
  );
  assert.equal((await rivya.submit(base, { prompt: 'b', reference: 'key-1' })).status, 409);
  const odd = { model: 'kling-2-6', prompt: 'a', params: { seed: '1' } };
  const refused = await post(`${base}/api/v1/generations`, odd, BEARER);
  assert.deepEqual([refused.status, text(refused.json, 'error', 'code')], [400, 'validation_failed']);
  assert.equal(namespace.ledger().total.accepted, 1);
});
