import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { MediaFault, type MediaProblem } from '../../src/core/ports/net.ts';
import { bytesOf, openCanary, openPeer, openRawPeer, type Peer, testNet, thrownBy } from './canary.ts';

const limits = { maxBytes: 10_000, totalMs: 20_000 };

/** Downloads one path of a peer the operator vouched for; the bytes, or the problem and its detail. */
async function outcome(
  peer: Peer,
  path = '/',
  bounds = limits,
): Promise<string | readonly [MediaProblem, string]> {
  const net = testNet({ allowHosts: [peer.pair] });
  try {
    return (await bytesOf(await net.download(peer.url + path, bounds))).toString();
  } catch (error) {
    if (!(error instanceof MediaFault)) throw error;
    return [error.problem, error.message];
  } finally {
    await net.close();
    await peer.close();
  }
}

const served = (listener: (request: IncomingMessage, response: ServerResponse) => void) => openPeer(listener);
const spoken = (text: string | Uint8Array) => openRawPeer((socket) => socket.end(text));
/** A server that never ends what it says. */
const endless = (first: string, again: string) =>
  openRawPeer((socket: Socket) => {
    socket.write(first);
    const timer = setInterval(() => socket.write(again), 5);
    socket.on('close', () => clearInterval(timer));
  });

test('bytes arrive as they were sent, and nothing of ours goes along', async () => {
  let asked: IncomingMessage['headers'] = {};
  const peer = await served((request, response) => {
    asked = request.headers;
    response.end('picture');
  });
  assert.equal(await outcome(peer, '/a.png?x=1'), 'picture');
  assert.deepEqual(Object.keys(asked).sort(), [
    'accept',
    'accept-encoding',
    'connection',
    'host',
    'user-agent',
  ]);
  assert.equal(asked['accept-encoding'], 'identity');
});

test('five redirects are followed, a sixth and a loop are not', async () => {
  const chain = () =>
    served((request, response) => {
      const left = Number(request.url?.slice(1));
      const code = [301, 302, 303, 307, 308][left % 5] ?? 302;
      if (left === 0) response.end('arrived');
      else response.writeHead(code, { location: `./${left - 1}`, 'set-cookie': 'canary=1' }).end('moved');
    });
  assert.equal(await outcome(await chain(), '/5'), 'arrived');
  assert.deepEqual(await outcome(await chain(), '/6'), ['unreachable', 'bad_redirect: too many']);
  const loop = await served((_, response) => response.writeHead(302, { location: '/' }).end());
  assert.deepEqual(await outcome(loop), ['unreachable', 'bad_redirect: too many']);
  assert.equal(loop.requests(), 6);
});

test('no redirect leads inward, and every hop is judged like the first', async () => {
  const canary = await openCanary();
  const inward = [
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    'localhost',
    '0',
    '10.0.0.1',
    '169.254.169.254',
  ];
  const targets = [
    ...inward.flatMap((host) => [
      `http://${host}:${canary.port}/`,
      `https://${host}:${canary.port}/`,
      `//${host}:${canary.port}/`,
    ]),
    `https://public-name.example:${canary.port}/`,
    'file:///etc/passwd',
    'data:text/plain,x',
    'gopher://127.0.0.1/',
    `http://user@127.0.0.1:${canary.port}/`,
    'http://cdn.example/',
    'https://cdn.example:25/',
  ];
  for (const [index, target] of targets.entries()) {
    const code = [301, 302, 303, 307, 308][index % 5] ?? 302;
    const peer = await served((_, response) => response.writeHead(code, { location: target }).end());
    const net = testNet({ allowHosts: [peer.pair], resolve: async () => ['127.0.0.1'] });
    const thrown = await thrownBy(net.download(peer.url, limits));
    assert.ok(thrown instanceof MediaFault && thrown.problem === 'forbidden', `${target}: ${String(thrown)}`);
    await net.close();
    await peer.close();
  }
  assert.equal(canary.accepted(), 0);
  await canary.close();
});

test('a redirect without a usable address is none', async () => {
  const bare = await served((_, response) => response.writeHead(302).end());
  assert.deepEqual(await outcome(bare), ['unreachable', 'bad_redirect: location']);
  const broken = await served((_, response) => response.writeHead(302, { location: 'https://[' }).end());
  assert.deepEqual(await outcome(broken), ['unreachable', 'bad_redirect: location']);
});

test('only a whole answer is one', async () => {
  for (const status of [201, 204, 206, 304, 400, 401, 403, 404, 410, 429, 500, 503]) {
    const peer = await served((_, response) => response.writeHead(status).end());
    assert.deepEqual(await outcome(peer), ['unreachable', `bad_status: ${status}`]);
  }
});

test('a size over the bound is refused, told or not', async () => {
  const bounds = { maxBytes: 100, totalMs: 20_000 };
  const told = await served((_, response) => response.end(Buffer.alloc(101)));
  assert.deepEqual(await outcome(told, '/', bounds), ['too_large', 'too_large: content-length']);
  const chunked = await served((_, response) => {
    response.write(Buffer.alloc(60));
    response.end(Buffer.alloc(60));
  });
  assert.deepEqual(await outcome(chunked, '/', bounds), ['too_large', 'too_large: counted']);
  const exact = await served((_, response) => response.end(Buffer.alloc(100, 'x')));
  assert.equal(await outcome(exact, '/', bounds), 'x'.repeat(100));
  const unending = await endless(
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
    `40\r\n${'x'.repeat(64)}\r\n`,
  );
  assert.deepEqual(await outcome(unending, '/', bounds), ['too_large', 'too_large: counted']);
});

test('compressed answers are refused unread, bombs among them', async () => {
  const zeros = Buffer.alloc(8 * 1024 * 1024);
  const bodies: Record<string, Uint8Array> = {
    gzip: gzipSync(zeros),
    br: brotliCompressSync(zeros),
    deflate: Buffer.from('x'),
  };
  for (const [encoding, body] of Object.entries(bodies)) {
    const peer = await served((_, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(body),
    );
    assert.deepEqual(await outcome(peer), ['unsupported', 'encoded: content-encoding']);
  }
  const layers = await served((_, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip, br, gzip, br, gzip' }).end('x'),
  );
  assert.deepEqual(await outcome(layers), ['unsupported', 'encoded: content-encoding']);
  const plain = await served((_, response) =>
    response.writeHead(200, { 'content-encoding': 'identity' }).end('x'),
  );
  assert.equal(await outcome(plain), 'x');
});

test('an answer that breaks off, lies or is none is broken off', async () => {
  const answers: Record<string, string> = {
    'less than its length': 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort',
    'a chunk cut short': 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n40\r\nshort',
    'no last chunk': 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n',
    'a chunk size that overflows':
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nx\r\n0\r\n\r\n',
    'two lengths': 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
    'a length that is none': 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nab',
    'another protocol': 'SSH-2.0-OpenSSH_9.2\r\n',
    silence: '',
    'half a header': 'HTTP/1.1 200 OK\r\ncontent-le',
    'a header of 20 kB': `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(20_000)}\r\n\r\nab`,
  };
  for (const [what, answer] of Object.entries(answers)) {
    const [problem] = await outcome(await spoken(answer));
    assert.equal(problem, 'broken_off', what);
  }
});

test('what comes after the told length is not the body', async () => {
  const more = await outcome(
    await spoken('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nabcdef'),
  );
  assert.ok(more === 'ab' || more[0] === 'broken_off', String(more));
});

test('a slow sender is dropped when the time is up, before its answer and within it', async () => {
  const bounds = { maxBytes: 10_000, totalMs: 100 };
  const drip = await endless('HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n', 'x');
  assert.deepEqual(await outcome(drip, '/', bounds), ['broken_off', 'timeout: ETIMEDOUT']);
  const headers = await endless('HTTP/1.1 200 OK\r\n', 'x: y\r\n');
  assert.deepEqual(await outcome(headers, '/', bounds), ['broken_off', 'timeout: ETIMEDOUT']);
  const mute = await openRawPeer(() => {});
  assert.deepEqual(await outcome(mute, '/', bounds), ['broken_off', 'timeout: ETIMEDOUT']);
});

test('a reader that stops early drops the connection', async () => {
  const { promise: dropped, resolve } = Promise.withResolvers<void>();
  const peer = await openRawPeer((socket) => {
    socket.on('close', () => resolve());
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\nfirst`);
  });
  const net = testNet({ allowHosts: [peer.pair] });
  for await (const chunk of await net.download(peer.url, limits)) {
    assert.equal(Buffer.from(chunk).toString(), 'first');
    break;
  }
  await dropped;
  await net.close();
  await peer.close();
});

test('a download uses a connection of its own', async () => {
  const peer = await served((_, response) => response.end('x'));
  const net = testNet({ allowHosts: [peer.pair] });
  for (let round = 0; round < 3; round++) await bytesOf(await net.download(peer.url, limits));
  assert.equal(peer.connections(), 3);
  await net.close();
  await peer.close();
});

test('what an operator vouched for one provider is no door for others', async () => {
  const peer = await served((_, response) => response.end('film'));
  const net = testNet();
  const thrown = await thrownBy(net.download(peer.url, limits));
  assert.ok(thrown instanceof MediaFault && thrown.problem === 'forbidden');
  assert.equal(peer.connections(), 0);
  const results = net.resultsOf({ baseUrl: `${peer.url}/v1`, headers: {} });
  assert.equal((await bytesOf(await results.download(`${peer.url}/film.mp4`, limits))).toString(), 'film');
  await net.close();
  await peer.close();
});

test('the headers for a result go below the upstream’s own address only, and not any more once it was left', async () => {
  const seen: string[] = [];
  const note = (where: string, { url, headers }: IncomingMessage) => {
    seen.push(`${where}${url} ${headers.authorization ?? 'nothing'}`);
  };
  const elsewhere = await served((request, response) => {
    note('elsewhere', request);
    if (request.url === '/back') response.writeHead(302, { location: `${upstream.url}/v1/film` }).end();
    else response.end('film');
  });
  const upstream = await served((request, response) => {
    note('upstream', request);
    const location = {
      '/v1/near': '/v1/film',
      '/v1/far': elsewhere.url,
      '/v1/boomerang': `${elsewhere.url}/back`,
    }[request.url ?? ''];
    if (location) response.writeHead(302, { location }).end();
    else response.end('film');
  });
  const net = testNet({ allowHosts: [elsewhere.pair] });
  const { download } = net.resultsOf({
    baseUrl: `${upstream.url}/v1/`,
    headers: { authorization: 'secret' },
  });
  const paths = ['/v1/film', '/v1/near', '/v1/far', '/v1/boomerang', '/v10/film', '/film', '/v1/../film'];
  for (const path of paths) await bytesOf(await download(upstream.url + path, limits));
  assert.deepEqual(seen, [
    'upstream/v1/film secret',
    'upstream/v1/near secret',
    'upstream/v1/film secret',
    'upstream/v1/far secret',
    'elsewhere/ nothing',
    'upstream/v1/boomerang secret',
    'elsewhere/back nothing',
    'upstream/v1/film nothing',
    'upstream/v10/film nothing',
    'upstream/film nothing',
    'upstream/film nothing',
  ]);
  await net.close();
  await upstream.close();
  await elsewhere.close();
});

test('addresses of version 6 are spoken to like any other', async (context) => {
  const canary = await openCanary();
  const net = testNet({ allowHosts: [`[::1]:${canary.port}`] });
  const bytes = await net
    .download(`http://[::1]:${canary.port}/`, limits)
    .then(bytesOf, (error: unknown) => error);
  await net.close();
  await canary.close();
  if (bytes instanceof MediaFault && bytes.problem === 'unreachable') return context.skip('no IPv6 here');
  assert.equal(String(bytes), 'canary');
});
