import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { StoredFile } from '../../src/core/task.ts';
import { apixo } from '../../src/surfaces/apixo.ts';
import { aFile } from '../world.ts';
import { World } from './world.ts';

describe('results at signed links', () => {
  const film = randomBytes(5_000);
  let world: World;
  let path: string;
  let file: StoredFile;
  before(async () => {
    world = await World.open([apixo]);
    const key = await world.key();
    await world.post('/api/v1/generateTask/kling-2-6', key, {
      input: { mode: 'text-to-video', prompt: 'x' },
    });
    await world.start(world.task.id);
    file = aFile({ bytes: film.length, expiresAt: Date.now() + 3_600_000 });
    await world.finish(world.task.id, film, file);
    path = pathOf(world.links.url(file));
  });
  after(() => world[Symbol.asyncDispose]());

  it('the whole film, with what a browser must know of it', async () => {
    const answer = await world.fetch(path);
    assert.equal(answer.status, 200);
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), film);
    const told = Object.fromEntries(answer.headers);
    assert.equal(told['content-type'], 'video/mp4');
    assert.equal(told['content-length'], '5000');
    assert.equal(told.etag, `"${file.sha256}"`);
    assert.equal(told['accept-ranges'], 'bytes');
    assert.equal(told['content-disposition'], 'inline; filename="file_1.mp4"');
    assert.equal(told['x-content-type-options'], 'nosniff');
    assert.match(told['content-security-policy'] ?? '', /^sandbox/);
    assert.match(told['cache-control'] ?? '', /^private, max-age=3\d\d\d, immutable$/);
  });

  it('HEAD tells the same without the film', async () => {
    const answer = await world.fetch(path, { method: 'HEAD' });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-length'), '5000');
    assert.equal((await answer.arrayBuffer()).byteLength, 0);
  });

  it('?download has it saved', async () => {
    const answer = await world.fetch(`${path}&download`);
    assert.equal(answer.headers.get('content-disposition'), 'attachment; filename="file_1.mp4"');
    await answer.body?.cancel();
    const signed = await world.fetch(pathOf(world.links.url(file, 'attachment')));
    assert.equal(signed.headers.get('content-disposition'), 'attachment; filename="file_1.mp4"');
    await signed.body?.cancel();
  });

  it('one range of it', async () => {
    const etag = `"${file.sha256}"`;
    const cases: readonly [Record<string, string>, number, string | null, Buffer][] = [
      [{ range: 'bytes=0-0' }, 206, 'bytes 0-0/5000', film.subarray(0, 1)],
      [{ range: 'bytes=1500-' }, 206, 'bytes 1500-4999/5000', film.subarray(1_500)],
      [{ range: 'bytes=-10' }, 206, 'bytes 4990-4999/5000', film.subarray(-10)],
      [{ range: 'bytes=4000-99999' }, 206, 'bytes 4000-4999/5000', film.subarray(4_000)],
      [{ range: 'bytes=0-9', 'if-range': etag }, 206, 'bytes 0-9/5000', film.subarray(0, 10)],
      [{ range: 'bytes=0-9', 'if-range': '"other"' }, 200, null, film],
      [{ range: 'bytes=9-0' }, 200, null, film],
      [{ range: 'lines=0-9' }, 200, null, film],
      [{ range: 'bytes=5000-' }, 416, 'bytes */5000', Buffer.alloc(0)],
      [{ range: `bytes=${'0-0,'.repeat(1_000)}1-1` }, 416, 'bytes */5000', Buffer.alloc(0)],
      [{ 'if-none-match': etag }, 304, null, Buffer.alloc(0)],
      [{ 'if-none-match': `"a", W/${etag}` }, 304, null, Buffer.alloc(0)],
      [{ 'if-none-match': '"other"' }, 200, null, film],
    ];
    for (const [headers, status, range, bytes] of cases) {
      const answer = await world.fetch(path, { headers });
      assert.equal(answer.status, status, JSON.stringify(headers));
      assert.equal(answer.headers.get('content-range'), range);
      assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);
    }
  });

  it('a forged link learns nothing', async () => {
    const url = new URL(path, 'http://x');
    for (const [name, value] of [
      ['sig', 'AAAA'],
      ['exp', '99999999999'],
      ['kid', 'k2'],
    ] as const) {
      const forged = new URL(url);
      forged.searchParams.set(name, value);
      assert.equal((await world.fetch(pathOf(forged.href))).status, 403, name);
    }
    for (const other of ['/f/file_1', '/f/..%2f..%2fetc%2fpasswd', `/f/file_2${url.search}`]) {
      assert.equal((await world.fetch(other)).status, 403, other);
    }
    assert.equal((await world.fetch(path, { method: 'DELETE' })).status, 405);
  });

  it('past its time: 410, and it says so', async () => {
    const past = pathOf(world.links.url({ id: file.id, expiresAt: Date.now() - 1_000 }));
    const answer = await world.fetch(past);
    assert.equal(answer.status, 410);
    assert.match(Object(await answer.json()).detail, /expired.*15 days/);
    await world.store.filesRemoved([file.id]);
    const removed = await world.fetch(path, { headers: { range: 'bytes=0-1' } });
    assert.equal(removed.status, 410);
    assert.equal(removed.headers.get('etag'), null);
    assert.match(Object(await removed.json()).detail, /15 days after completion/);
  });
});

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}
