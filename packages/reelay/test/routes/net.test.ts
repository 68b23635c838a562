import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { systemClock } from '../../src/clock.ts';
import { Bug } from '../../src/core/values.ts';
import { openInspector } from '../../src/net/inspector.ts';
import { openNet } from '../../src/net/open.ts';

async function openPeer() {
  const got: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    got.push(request.headers.authorization);
    response.end('{}');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    got,
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise<void>((done) => server.close(() => done())),
  };
}

test('another address of the same upstream is as good as its base, secrets and all; a third is not', async () => {
  const [base, uploads, stranger] = await Promise.all([openPeer(), openPeer(), openPeer()]);
  const net = openNet({ clock: systemClock, allowHosts: [], allowPrivateNetwork: false, publicUrl: null });
  try {
    const upstream = net.upstream({
      baseUrl: base.url,
      addresses: [uploads.url],
      credential: {},
      secrets: ['the-secret'],
      callbackUrl: () => null,
    });
    const headers = { authorization: 'Bearer the-secret' };
    const call = (path: string) => upstream.call({ method: 'GET', path, headers });
    assert.equal((await call('/x')).status, 200);
    assert.equal((await call(`${uploads.url}/x`)).status, 200);
    await assert.rejects(call(`${stranger.url}/x`), Bug);
    assert.deepEqual(
      [base.got, uploads.got, stranger.got].map((one) => one.length),
      [1, 1, 0],
    );
  } finally {
    await net.close();
    await Promise.all([base.close(), uploads.close(), stranger.close()]);
  }
});

test('a copy of a picture as JPEG: upright, on white, and gone once it is disposed of', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'reelay-jpeg-'));
  const inspector = openInspector();
  try {
    const path = join(folder, 'picture');
    const canvas = sharp({ create: { width: 64, height: 32, channels: 4, background: '#00000000' } });
    await writeFile(path, await canvas.webp().toBuffer());
    const copy = await inspector.jpeg(path);
    assert.deepEqual(await inspector.picture(copy.path, ['image/jpeg']), {
      mimeType: 'image/jpeg',
      width: 64,
      height: 32,
    });
    assert.equal((await stat(copy.path)).size, copy.bytes);
    const { data } = await sharp(copy.path).raw().toBuffer({ resolveWithObject: true });
    assert.ok((data[0] ?? 0) > 250, 'what was transparent is white');
    await copy.dispose();
    await assert.rejects(stat(copy.path));
    await writeFile(path, 'no picture');
    await assert.rejects(inspector.jpeg(path));
  } finally {
    inspector.close();
    await rm(folder, { recursive: true });
  }
});
