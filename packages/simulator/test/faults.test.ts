import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { startSimulator, type TestNamespace, type TestSimulator } from '../src/testing.ts';
import { CLIENTS, client } from './clients.ts';
import { at, post, request, text } from './tools.ts';

let simulator: TestSimulator;
before(async () => {
  simulator = await startSimulator({ settings: { queueMs: 1000, runMs: 1000 } });
});
after(() => simulator.dispose());

const kling = client('kling, new generation');

function frozen(): TestNamespace {
  const namespace = simulator.namespace();
  namespace.freeze();
  return namespace;
}

/** Everything that comes back on a bare socket before it closes. */
async function bare(
  namespace: TestNamespace,
  prompt: string,
): Promise<{ received: string; error: string | null }> {
  const { hostname, port } = new URL(simulator.url);
  const path = `${new URL(namespace.baseUrl('kling')).pathname}/text-to-video/kling-2.6`;
  const body = JSON.stringify({ prompt });
  const head = `POST ${path} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer k\r\nconnection: close\r\n`;
  return await new Promise((resolve) => {
    let received = '';
    let error: string | null = null;
    const socket = connect(Number(port), hostname, () =>
      socket.write(`${head}content-length: ${body.length}\r\n\r\n${body}`),
    );
    socket.setEncoding('utf8').on('data', (chunk) => {
      received += chunk;
    });
    socket.on('error', (problem: NodeJS.ErrnoException) => {
      error = problem.code ?? 'error';
    });
    socket.on('close', () => resolve({ received, error }));
  });
}

describe('faults of the wire', () => {
  it('reset before the headers sends nothing, after them the head only, within the body a part', async () => {
    const namespace = frozen();
    assert.deepEqual(await bare(namespace, '[sim:reset before]'), { received: '', error: 'ECONNRESET' });
    const { received: head } = await bare(namespace, '[sim:reset headers]');
    assert.match(head, /^HTTP\/1\.1 200 OK[\s\S]*\r\n\r\n$/);
    const { received: part } = await bare(namespace, '[sim:reset body]');
    const [, body = ''] = part.split('\r\n\r\n');
    assert.match(part, /content-length: (\d+)/i);
    assert.ok(body.length > 0 && body.length < Number(/content-length: (\d+)/i.exec(part)?.[1]));
    assert.equal(namespace.ledger().total.accepted, 3);
  });

  it('never answers, and the job exists all the same', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('kling');
    const body = JSON.stringify({ prompt: '[sim:timeout]', options: { external_task_id: 'lost' } });
    const headers = { authorization: 'Bearer k' };
    const call = fetch(`${base}/text-to-video/kling-2.6`, {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.timeout(150),
    });
    await assert.rejects(call);
    const found = await request(`${base}/tasks?external_task_ids=lost`, { headers });
    assert.equal(text(found.json, 'data', 0, 'external_id'), 'lost');
  });

  it('throttles, with and without Retry-After, so many times', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('kling');
    namespace.script('throttle retry-after=7 times=1');
    const first = await kling.submit(base, { prompt: 'a' });
    assert.deepEqual(
      [first.status, first.headers.get('retry-after'), at(first.json, 'code')],
      [429, '7', 1302],
    );
    assert.equal((await kling.submit(base, { prompt: 'a' })).status, 200);
    const bare = await kling.submit(base, { prompt: 'b [sim:throttle]' });
    assert.deepEqual([bare.status, bare.headers.get('retry-after')], [429, null]);
  });

  it('redirects, compresses, floods, nests and drips', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('kling');
    const moved = await kling.submit(base, { prompt: '[sim:redirect to=http://127.0.0.1:1/]' });
    assert.deepEqual([moved.status, moved.headers.get('location')], [307, 'http://127.0.0.1:1/']);
    const { received } = await bare(namespace, '[sim:encoded]');
    assert.match(received, /content-encoding: gzip/i);
    assert.equal(
      (await kling.submit(base, { prompt: '[sim:huge bytes=3000000]' })).text.length > 3_000_000,
      true,
    );
    assert.match((await kling.submit(base, { prompt: '[sim:deep levels=500]' })).text, /^\[{500}\]{500}$/);
    const dripped = await kling.submit(base, { prompt: '[sim:drip ms=0]' });
    assert.equal(at(dripped.json, 'code'), 0);
  });

  it('says nonsense: other types, a progress of 150, an id of nobody', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('kling');
    const made = await kling.submit(base, { prompt: '[sim:wrong-types on=status]' });
    const odd = await kling.look(base, kling.id(made.json));
    assert.deepEqual(at(odd.answer.json, 'data', 0, 'status'), { was: 'a string' });
    const vllm = client('vllm');
    const job = await vllm.submit(namespace.baseUrl('vllm'), { prompt: '[sim:progress 150 on=status]' });
    const look = await vllm.look(namespace.baseUrl('vllm'), vllm.id(job.json));
    assert.equal(at(look.answer.json, 'progress'), 150);
    const foreign = await kling.submit(base, { prompt: '[sim:foreign-id]' });
    assert.equal((await kling.look(base, kling.id(foreign.json))).state, 'missing');
  });

  it('can act on looks, cancels, films and look-ups as well', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('fal');
    const fal = client('fal');
    const prompt =
      '[sim:http 502 on=status times=2] [sim:http 500 on=cancel] [sim:reset body on=film times=1]';
    const id = fal.id((await fal.submit(base, { prompt })).json);
    assert.equal((await fal.look(base, id)).answer.status, 502);
    assert.equal((await fal.look(base, id)).answer.status, 502);
    assert.equal((await fal.look(base, id)).state, 'pending');
    const cancel = `${base}/fal-ai/kling-video/requests/${id}/cancel`;
    assert.equal((await request(cancel, { method: 'PUT', headers: fal.headers })).status, 500);
    await namespace.advance(3000);
    const { url } = await fal.look(base, id);
    await assert.rejects(request(url));
    assert.equal((await request(url)).status, 200);
  });
});

describe('jobs that misbehave', () => {
  it('lie about their state', async () => {
    for (const [name, one] of CLIENTS) {
      const namespace = frozen();
      const base = namespace.baseUrl(one.format);
      const id = async (prompt: string) => one.id((await one.submit(base, { prompt })).json);
      const [empty, flip] = [await id('[sim:lie empty]'), await id('[sim:lie flip]')];
      await namespace.advance(3000);
      const look = await one.look(base, empty);
      assert.equal(look.state, 'success', name);
      const film = look.url.startsWith('http')
        ? await request(look.url, { headers: one.headers })
        : { status: 404 };
      assert.equal(film.status, 404, name);
      const seen = new Set<string>();
      for (let times = 0; times < 4; times++) seen.add((await one.look(base, flip)).state);
      assert.ok(seen.size > 1, name);
    }
  });

  it('are billed although they failed, and at another price', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('kling');
    await kling.submit(base, { prompt: '[sim:fail internal] [sim:bill always usd=3]' });
    await namespace.advance(3000);
    const { total } = namespace.ledger();
    assert.deepEqual([total.billed, total.billedUsd], [1, 3]);
  });

  it('can be ended by hand', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('kling');
    const id = kling.id((await kling.submit(base, { prompt: '[sim:hang]' })).json);
    assert.equal(namespace.finish(id, 'content'), true);
    assert.equal((await kling.look(base, id)).state, 'failed');
    assert.equal(namespace.finish(id, null), false);
    assert.equal(namespace.cancel(id), false);
  });
});

describe('scripts', () => {
  it('come by header, for one request', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('kling');
    const scripted = await kling.submit(base, { prompt: 'a' }, { 'x-sim-script': 'fail content; slow ms=1' });
    await namespace.advance(3000);
    assert.equal((await kling.look(base, kling.id(scripted.json))).state, 'failed');
  });

  it('hold for one format, one prompt, so many times', async () => {
    const namespace = frozen();
    namespace.script('error balance format=fal,kie');
    namespace.script('error internal skip=1 times=1', 'storm');
    const submit = async (name: string, prompt: string) => {
      const one = client(name);
      const answer = await one.submit(namespace.baseUrl(one.format), { prompt });
      return one.format === 'kie' ? at(answer.json, 'code') : answer.status;
    };
    assert.equal(await submit('fal', 'a'), 403);
    assert.equal(await submit('kie', 'a'), 402);
    assert.equal(await submit('apixo', 'a'), 200);
    assert.deepEqual(
      [await submit('apixo', 'a storm'), await submit('apixo', 'a storm'), await submit('apixo', 'a storm')],
      [200, 500, 200],
    );
    namespace.clearScript();
    assert.equal(await submit('fal', 'a'), 200);
  });

  it('that cannot be understood are refused aloud', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('kling');
    for (const prompt of [
      '[sim:explode]',
      '[sim:film purple]',
      '[sim:run ms=soon]',
      '[sim:fail hunger]',
      '[sim:error 42]',
    ]) {
      const answer = await kling.submit(base, { prompt });
      assert.equal(answer.status, 400, prompt);
      assert.match(text(answer.json, 'error'), /^simulator: /);
    }
    assert.equal(namespace.ledger().total.accepted, 0);
    assert.throws(() => namespace.script('explode'), /no fault/);
    assert.throws(() => namespace.script('film purple'), /knows/);
    const rule = await post(`${namespace.adminUrl}/script`, { do: 'explode' });
    assert.equal(rule.status, 400);
  });
});

describe('limits', () => {
  it('of creates in a window, and of concurrent jobs', async () => {
    const namespace = frozen();
    namespace.settings({ creates: { count: 2, windowMs: 10_000 } });
    const base = namespace.baseUrl('kie');
    const kie = client('kie');
    const code = async () => at((await kie.submit(base, { prompt: 'a' })).json, 'code');
    assert.deepEqual([await code(), await code(), await code()], [200, 200, 429]);
    await namespace.advance(10_000);
    assert.equal(await code(), 200);
  });

  it('of credentials', async () => {
    const namespace = simulator.namespace({ credentials: ['right'] });
    const base = namespace.baseUrl('kling');
    const wrong = await kling.submit(base, { prompt: 'a' }, { authorization: 'Bearer wrong' });
    const right = await kling.submit(base, { prompt: 'a' }, { authorization: 'Bearer right' });
    assert.deepEqual([wrong.status, right.status], [401, 200]);
  });
});
