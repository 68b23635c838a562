import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { Trouble } from '../../src/core/failure.ts';
import type { Upstream } from '../../src/core/ports/provider.ts';
import { Bug, type Json } from '../../src/core/values.ts';
import type { OpenNet } from '../../src/net/open.ts';
import { openCanary, openPeer, openRawPeer, type Peer, testNet, thrownBy } from './canary.ts';

const LATER = 4_000_000_000_000;
const SECRET = 'sk-canary-0123456789';

/** Runs with the transport of a provider whose base address is this peer's, private as it is. */
async function withUpstream(
  peer: Peer,
  run: (upstream: Upstream, net: OpenNet) => Promise<void>,
): Promise<void> {
  const net = testNet({ resolve: async () => ['127.0.0.1'] });
  const baseUrl = `${peer.url}/v1/`;
  const setup = { baseUrl, credential: { api_key: SECRET }, secrets: [SECRET], callbackUrl: () => null };
  try {
    await run(net.upstream(setup), net);
  } finally {
    await net.close();
    await peer.close();
  }
}

async function troubleOf(call: Promise<unknown>): Promise<string> {
  const thrown = await thrownBy(call);
  assert.ok(thrown instanceof Trouble, String(thrown));
  return thrown.kind;
}

/** Answers with what it was asked. */
const echo = () =>
  openPeer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString('latin1') }));
    });
  });

interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
const echoed = (json: Json | undefined) => json as unknown as Echo;

test('requests are below the base address, in the body type they were given', async () => {
  await withUpstream(await echo(), async (upstream) => {
    const read = await upstream.call({
      method: 'GET',
      path: '/videos?a=b%20c',
      headers: { authorization: SECRET },
    });
    const got = echoed(read.json);
    assert.deepEqual([read.status, got.method, got.url, got.body], [200, 'GET', '/v1/videos?a=b%20c', '']);
    assert.equal(got.headers.authorization, SECRET);
    assert.equal(read.headers['set-cookie'], 'a=1, b=2');
    const json = echoed((await upstream.call({ method: 'POST', path: '/x', body: { prompt: 'é' } })).json);
    assert.deepEqual([json.headers['content-type'], json.body], ['application/json', '{"prompt":"Ã©"}']);
    const bytes = echoed(
      (await upstream.call({ method: 'PUT', path: '/x', body: new Uint8Array([1, 2, 255]) })).json,
    );
    assert.deepEqual([bytes.headers['content-length'], bytes.body], ['3', '\u0001\u0002\u00ff']);
    const form = new FormData();
    form.append('model', 'kling');
    form.append('image', new Blob(['pixels'], { type: 'image/png' }), 'a.png');
    const multi = echoed((await upstream.callOnce({ method: 'POST', path: '/x', body: form }, LATER)).json);
    assert.match(String(multi.headers['content-type']), /^multipart\/form-data; boundary=/);
    assert.match(multi.body, /name="image"; filename="a\.png"\r\nContent-Type: image\/png\r\n\r\npixels/i);
    await assert.rejects(upstream.call({ method: 'GET', path: 'videos' }), Bug);
  });
});

test('a reply is given whole: any status, JSON or not', async () => {
  for (const [status, body, json] of [
    [200, '{"a":1}', { a: 1 }],
    [400, '[]', []],
    [500, '<html>', undefined],
    [204, '', undefined],
    [302, 'x', undefined],
  ] as const) {
    const peer = await openPeer((_, response) =>
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(body),
    );
    await withUpstream(peer, async (upstream) => {
      const reply = await upstream.callOnce({ method: 'POST', path: '/x', body: {} }, LATER);
      assert.deepEqual([reply.status, reply.text, reply.json], [status, body, json]);
      assert.equal(peer.requests(), 1);
    });
  }
});

test('the billable call has a connection of its own each time, the others share', async () => {
  const peer = await echo();
  await withUpstream(peer, async (upstream) => {
    for (let round = 0; round < 8; round++) await upstream.call({ method: 'GET', path: '/x' });
    const shared = peer.connections();
    assert.ok(shared < 8, `${shared} connections`);
    for (let round = 0; round < 3; round++) {
      const reply = await upstream.callOnce({ method: 'POST', path: '/x', body: {} }, LATER);
      assert.equal(echoed(reply.json).headers.connection, 'close');
    }
    assert.equal(peer.connections() - shared, 3);
  });
});

test('a billable request is proven unsent, or in doubt, and never sent twice', async () => {
  const gone = await echo();
  await gone.close();
  const net = testNet();
  const dead = net.upstream({ baseUrl: gone.url, credential: {}, secrets: [], callbackUrl: () => null });
  assert.equal(await troubleOf(dead.callOnce({ method: 'POST', path: '/x', body: {} }, LATER)), 'not_sent');
  await net.close();
  const doubtful: readonly ((socket: Parameters<Parameters<typeof openRawPeer>[0]>[0]) => void)[] = [
    (socket) => socket.resetAndDestroy(),
    (socket) => socket.end(),
    (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"id'),
    (socket) => socket.end('not http'),
    (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx'),
    (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2000001\r\n\r\nx'),
  ];
  for (const speak of doubtful) {
    const peer = await openRawPeer(speak);
    await withUpstream(peer, async (upstream) => {
      assert.equal(
        await troubleOf(upstream.callOnce({ method: 'POST', path: '/x', body: {} }, LATER)),
        'doubtful',
      );
      assert.equal(peer.connections(), 1);
    });
  }
});

test('nothing is sent once its time has passed', async () => {
  const peer = await echo();
  await withUpstream(peer, async (upstream) => {
    assert.equal(
      await troubleOf(upstream.callOnce({ method: 'POST', path: '/x', body: {} }, upstream.now() - 1)),
      'not_sent',
    );
    assert.equal(peer.requests(), 0);
  });
});

test('an upstream cannot fill the memory with an answer', async () => {
  const peer = await openPeer((_, response) => {
    response.writeHead(200);
    const more = () => {
      while (response.write(Buffer.alloc(65_536, 'x')));
    };
    response.on('drain', more);
    more();
  });
  await withUpstream(peer, async (upstream) => {
    assert.equal(await troubleOf(upstream.call({ method: 'GET', path: '/x' })), 'doubtful');
  });
});

test('an address that the upstream named is judged like a stranger, and gets no secret', async () => {
  const canary = await openCanary();
  await withUpstream(await echo(), async (upstream) => {
    for (const path of [
      `http://127.0.0.1:${canary.port}/`,
      `https://storage.example:${canary.port}/`,
      'https://169.254.169.254/',
    ]) {
      assert.equal(
        await troubleOf(upstream.call({ method: 'PUT', path, body: new Uint8Array(1) })),
        'not_sent',
      );
    }
    const headers = { authorization: `Bearer ${SECRET}` };
    await assert.rejects(upstream.call({ method: 'PUT', path: 'https://storage.example/', headers }), Bug);
    await assert.rejects(
      upstream.callOnce({ method: 'PUT', path: `http://127.0.0.1:${canary.port}/`, headers }, LATER),
      Bug,
    );
  });
  assert.equal(canary.accepted(), 0);
  await canary.close();
});
