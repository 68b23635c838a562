import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startSimulator, type TestNamespace, type TestSimulator } from '../src/testing.ts';
import { client } from './clients.ts';
import { workflow } from './clients-engines.ts';

import { at, download, filmFacts, png, post, request, text } from './tools.ts';

let simulator: TestSimulator;
before(async () => {
  simulator = await startSimulator({ settings: { queueMs: 1000, runMs: 1000 } });
});
after(() => simulator.dispose());

function frozen(): TestNamespace {
  const namespace = simulator.namespace();
  namespace.freeze();
  return namespace;
}

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
