import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { PostReply } from '../../src/core/ports/net.ts';
import { retryAfterMs } from '../../src/net/retry-after.ts';
import { openCanary, openPeer, openRawPeer, type Peer, testNet } from './canary.ts';

async function posted(peer: Peer, timeoutMs = 20_000): Promise<PostReply> {
  const net = testNet({ allowHosts: [peer.pair] });
  const reply = await net.post(`${peer.url}/hook?x=1`, '{"ok":true}', { 'webhook-id': 'evt_1' }, timeoutMs);
  await net.close();
  await peer.close();
  return reply;
}

const answering = (listener: (request: IncomingMessage, response: ServerResponse) => void) =>
  openPeer(listener);

test('a message arrives as it was written, with its headers and no others of ours', async () => {
  let asked: { headers: IncomingMessage['headers']; url?: string; method?: string } = { headers: {} };
  let body = '';
  const peer = await answering((request, response) => {
    asked = { headers: request.headers, url: request.url ?? '', method: request.method ?? '' };
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => response.end('thanks'));
  });
  const reply = await posted(peer);
  assert.deepEqual(
    [reply.status, reply.excerpt, reply.error, reply.retryAfterMs],
    [200, 'thanks', null, null],
  );
  assert.ok(reply.durationMs > 0, 'the injected clock moves a millisecond a look');
  assert.deepEqual([asked.method, asked.url, body], ['POST', '/hook?x=1', '{"ok":true}']);
  const names = [
    'accept-encoding',
    'connection',
    'content-length',
    'content-type',
    'host',
    'user-agent',
    'webhook-id',
  ];
  assert.deepEqual(Object.keys(asked.headers).sort(), names);
});

test('every status is an answer, and a redirect is not followed', async () => {
  const canary = await openCanary();
  for (const status of [200, 201, 204, 301, 302, 303, 307, 308, 400, 410, 429, 500, 502, 504]) {
    const location = `http://127.0.0.1:${canary.port}/`;
    const peer = await answering((_, response) => response.writeHead(status, { location }).end());
    const reply = await posted(peer);
    assert.deepEqual([reply.status, reply.error], [status, null]);
    assert.equal(peer.requests(), 1, 'once');
  }
  assert.equal(canary.accepted(), 0);
  await canary.close();
});

test('no answer is told by what it was, and nothing is sent twice', async () => {
  const gone = await openPeer(() => {});
  await gone.close();
  assert.equal(
    (await posted(await openPeer((request) => request.socket.resetAndDestroy()))).error?.split(':')[0],
    'no_answer',
  );
  const net = testNet({ allowHosts: [gone.pair] });
  assert.equal((await net.post(gone.url, '{}', {}, 20_000)).error, 'not_sent: ECONNREFUSED');
  await net.close();
  const resetting = await openRawPeer((socket) => socket.resetAndDestroy());
  const reset = await posted(resetting);
  assert.deepEqual(
    [reset.status, reset.error?.split(':')[0], resetting.connections()],
    [null, 'no_answer', 1],
  );
  const halfway = await posted(await openRawPeer((socket) => socket.end('HTTP/1.1 200 O')));
  assert.equal(halfway.error?.split(':')[0], 'no_answer');
  const hanging = await openRawPeer(() => {});
  assert.equal((await posted(hanging, 100)).error, 'timeout: ETIMEDOUT');
  assert.equal(hanging.connections(), 1);
});

test('a body that hangs, breaks off or is compressed does not take the status away', async () => {
  const drip = await openRawPeer((socket) =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\nfirst'),
  );
  const reply = await posted(drip, 300);
  assert.deepEqual([reply.status, reply.excerpt], [200, 'first']);
  const cut = await posted(
    await openRawPeer((socket) => socket.end('HTTP/1.1 202 OK\r\ncontent-length: 900\r\n\r\ncut')),
  );
  assert.deepEqual([cut.status, cut.excerpt], [202, 'cut']);
  const packed = await posted(
    await answering((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x')),
    ),
  );
  assert.deepEqual([packed.status, packed.excerpt], [200, '']);
});

test('an excerpt is at most 1 kB of text that a database takes', async () => {
  const long = await posted(await answering((_, response) => response.end('x'.repeat(1_000_000))));
  assert.equal(long.excerpt, 'x'.repeat(1024));
  const odd = await posted(
    await answering((_, response) => response.end('a\u0000b\u001b[31mc\r\nd\u{10ffff}')),
  );
  assert.equal(odd.excerpt, 'a b [31mc d');
  const bytes = await posted(await answering((_, response) => response.end(Buffer.from([0xff, 0xfe, 0x41]))));
  assert.ok(bytes.excerpt.isWellFormed() && bytes.excerpt.endsWith('A'));
  const cut = await posted(await answering((_, response) => response.end(`${'x'.repeat(1023)}é`)));
  assert.equal(cut.excerpt, 'x'.repeat(1023), 'no half character');
});

test('Retry-After is read in both its forms, and never more than a day', async () => {
  const now = Date.UTC(2026, 0, 1);
  const table: readonly (readonly [string | undefined, number | null])[] = [
    [undefined, null],
    ['', null],
    ['0', 0],
    ['5', 5000],
    [' 120 ', 120_000],
    ['999999999', 86_400_000],
    ['9'.repeat(40), null],
    ['-1', null],
    ['1.5', null],
    ['soon', null],
    ['Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['Thursday, 01-Jan-26 00:00:10 GMT', 10_000],
    ['Thu, 01 Jan 2099 00:00:00 GMT', 86_400_000],
    ['2026-01-02', null],
  ];
  for (const [header, wanted] of table) assert.equal(retryAfterMs(header, now), wanted, header);
  const peer = await answering((_, response) => response.writeHead(429, { 'retry-after': '7' }).end());
  assert.equal((await posted(peer)).retryAfterMs, 7000);
});
