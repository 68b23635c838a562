import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { startSimulator, type TestNamespace, type TestSimulator } from '../src/testing.ts';
import { client, workflow } from './clients.ts';
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

describe('engines of one’s own', () => {
  it('vllm makes one frame unless a length is asked for, wants multipart, and DELETE stops it', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('vllm');
    const form = new FormData();
    form.set('prompt', 'a');
    const made = await request(`${base}/v1/videos`, { method: 'POST', body: form });
    await namespace.advance(3000);
    const film = await filmFacts(await download(`${base}/v1/videos/${text(made.json, 'id')}/content`));
    assert.ok((film?.seconds ?? 1) < 0.1);
    assert.equal((await post(`${base}/v1/videos`, { prompt: 'a' })).status, 422);
    const vllm = client('vllm');
    const id = vllm.id((await vllm.submit(base, { prompt: 'b' })).json);
    const content = await request(`${base}/v1/videos/${id}/content`);
    assert.equal(content.status, 404);
    const gone = await request(`${base}/v1/videos/${id}`, { method: 'DELETE' });
    assert.equal(at(gone.json, 'deleted'), true);
    assert.equal((await vllm.look(base, id)).state, 'missing');
    assert.equal(namespace.ledger().total.released, 1);
  });

  it('vllm takes a picture as a file, and forgets all jobs when it restarts', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('vllm');
    const form = new FormData();
    form.set('prompt', 'a');
    form.set('seconds', '5');
    form.set('input_reference', new File([new Uint8Array(png(300, 300))], 'a.png', { type: 'image/png' }));
    const made = await request(`${base}/v1/videos`, { method: 'POST', body: form });
    assert.equal(made.status, 200);
    assert.equal(namespace.restart('vllm'), 1);
    assert.equal((await client('vllm').look(base, text(made.json, 'id'))).state, 'missing');
  });

  it('sglang repeats its seed, has no DELETE that stops, and an old one wants a picture in multipart', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('sglang');
    const made = await post(`${base}/v1/videos`, { prompt: 'a', seconds: 5 });
    assert.equal(at(made.json, 'seed'), 1024);
    const id = text(made.json, 'id');
    const gone = await request(`${base}/v1/videos/${id}`, { method: 'DELETE' });
    assert.equal(text(gone.json, 'status'), 'deleted');
    await namespace.advance(3000);
    assert.equal(namespace.jobs()[0]?.state, 'succeeded');
    namespace.settings({ sglangOld: true });
    const form = new FormData();
    form.set('prompt', 'a');
    const old = await request(`${base}/v1/videos`, { method: 'POST', body: form });
    assert.equal(old.status, 400);
    assert.notEqual(text(old.json, 'detail'), '');
    const local = await post(`${base}/v1/videos`, { prompt: 'a', input_reference: '/tmp/a.png' });
    assert.equal(local.status, 400);
  });

  it('sglang keeps some films in the cloud: content refuses, the url works', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('sglang');
    const made = await post(`${base}/v1/videos`, { prompt: 'a (cloud)', seconds: 5 });
    await namespace.advance(3000);
    const id = text(made.json, 'id');
    assert.equal((await request(`${base}/v1/videos/${id}/content`)).status, 400);
    const done = await request(`${base}/v1/videos/${id}`);
    assert.equal((await request(text(done.json, 'url'))).status, 200);
  });
});

describe('comfyui', () => {
  const comfyui = client('comfyui');

  it('takes the caller’s own prompt_id, also below /api, and does not refuse a used one', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('comfyui');
    const id = '11111111-2222-4333-8444-555555555555';
    const made = await comfyui.submit(`${base}/api`, { prompt: 'a', reference: id });
    assert.equal(comfyui.id(made.json), id);
    assert.equal((await comfyui.look(`${base}/api`, id)).state, 'pending');
    await comfyui.submit(base, { prompt: 'a', reference: id });
    assert.deepEqual(namespace.ledger().duplicates, [id]);
  });

  it('takes pending work off the queue, and interrupts what runs', async () => {
    const namespace = frozen();
    namespace.settings({ concurrency: 1 });
    const base = namespace.baseUrl('comfyui');
    const runs = comfyui.id((await comfyui.submit(base, { prompt: 'a' })).json);
    const waits = comfyui.id((await comfyui.submit(base, { prompt: 'b' })).json);
    await namespace.advance(1500);
    await post(`${base}/queue`, { delete: [waits] });
    assert.equal((await comfyui.look(base, waits)).state, 'missing');
    await post(`${base}/interrupt`, { prompt_id: runs });
    const look = await comfyui.look(base, runs);
    assert.equal(look.state, 'failed');
    assert.equal(text(look.answer.json, runs, 'status', 'messages', 0, 0), 'execution_interrupted');
  });

  it('refuses a workflow without an output, and one whose picture was not uploaded', async () => {
    const base = frozen().baseUrl('comfyui');
    const graph = { '1': { class_type: 'CLIPTextEncode', inputs: { text: 'a' } } };
    const empty = await post(`${base}/prompt`, { prompt: graph });
    assert.deepEqual([empty.status, text(empty.json, 'error', 'type')], [400, 'prompt_no_outputs']);
    const body = { prompt: workflow('a', 1280, 720, 81, 'nothing.png') };
    assert.equal((await post(`${base}/prompt`, body)).status, 400);
    const form = new FormData();
    form.set('image', new File([new Uint8Array(png(300, 300))], 'mine.png', { type: 'image/png' }));
    const sent = await request(`${base}/upload/image`, { method: 'POST', body: form });
    const good = { prompt: workflow('a', 1280, 720, 81, text(sent.json, 'name')) };
    assert.equal((await post(`${base}/prompt`, good)).status, 200);
  });

  it('tells of progress over a websocket', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('comfyui');
    const socket = new WebSocket(`${base.replace('http', 'ws')}/ws?clientId=c1`);
    const types: string[] = [];
    const steps: number[] = [];
    const done = new Promise<void>((resolve) => {
      socket.onmessage = (event) => {
        const message = JSON.parse(String(event.data));
        types.push(message.type);
        if (message.type === 'progress') steps.push(message.data.value);
        if (message.type === 'execution_success') resolve();
      };
    });
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    await comfyui.submit(base, { prompt: 'a' });
    await namespace.advance(3000);
    await done;
    socket.close();
    await new Promise((resolve) => socket.addEventListener('close', resolve));
    assert.deepEqual(
      steps,
      Array.from({ length: 20 }, (_, step) => step + 1),
    );
    assert.deepEqual([types[0], types[1], types.at(-1)], ['status', 'execution_start', 'execution_success']);
  });
});
