import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { SURFACES } from '../../src/surfaces/catalogue.ts';
import { blackPng, movingPng } from '../net/pictures.ts';
import { wav } from '../net/sounds.ts';
import { openShelf } from './shelves.ts';
import { World } from './world.ts';

const FILES = '/api/v1/files';
const FILM = new URL('../../../simulator/fixtures/films/720p-16x9-5s-mute.mp4', import.meta.url);

async function openWorld() {
  const shelf = await openShelf();
  const world = await World.open(SURFACES, {
    change: () => ({ files: shelf.files, uploads: shelf.uploads }),
  });
  const key = await world.key();
  return {
    world,
    key,
    shelf,
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await shelf[Symbol.asyncDispose]();
    },
  };
}

function form(
  file: Uint8Array | string | null,
  fields: Record<string, string> = { kind: 'image' },
  name = 'a.png',
) {
  const body = new FormData();
  for (const [key, value] of Object.entries(fields)) body.append(key, value);
  if (file !== null) body.append('file', new Blob([Buffer.from(file)]), name);
  return body;
}

async function json(answer: Response) {
  return Object(await answer.json());
}

/** Files that lie on the shelf, finished or not. */
async function lying(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

const jpeg = () =>
  sharp({ create: { width: 320, height: 320, channels: 3, background: 'teal' } })
    .jpeg()
    .toBuffer();

describe('POST /files', () => {
  it('keeps a picture, tells it to its owner, and serves it at its link', async () => {
    await using opened = await openWorld();
    const { world, key, shelf } = opened;
    const picture = await jpeg();
    const fields = { kind: 'image', model: 'kling-2-6', client_request_id: 'f-1' };
    const answer = await world.fetch(FILES, {
      method: 'POST',
      key,
      body: form(picture, fields, '../../etc/kettle\u202e.png'),
    });
    const file = await json(answer);
    assert.equal(answer.status, 200, JSON.stringify(file));
    assert.deepEqual(
      [
        file.object,
        file.kind,
        file.name,
        file.mime_type,
        file.size_bytes,
        file.duration_seconds,
        file.duration_token,
      ],
      ['file', 'image', 'kettle.png', 'image/jpeg', picture.length, null, null],
    );
    assert.deepEqual(await json(await world.fetch(`${FILES}/${file.id}`, { key })), file);
    const { pathname, search } = new URL(file.url);
    assert.deepEqual(Buffer.from(await (await world.fetch(pathname + search)).arrayBuffer()), picture);
    assert.equal(shelf.uploads.store.rows.get(file.id)?.clientRequestId, 'f-1');
    const stranger = await world.fetch(`${FILES}/${file.id}`, { key: await world.key() });
    assert.deepEqual([stranger.status, (await json(stranger)).error.code], [404, 'not_found']);
  });

  it('takes the fields after the file too', async () => {
    await using opened = await openWorld();
    const { world, key } = opened;
    const body = form(await jpeg(), {});
    body.append('kind', 'image');
    assert.equal((await world.fetch(FILES, { method: 'POST', key, body })).status, 200);
  });

  it('measures a film and gives it a duration token', async () => {
    await using opened = await openWorld();
    const { world, key } = opened;
    const body = form(await readFile(FILM), { kind: 'video' }, 'film.mp4');
    const file = await json(await world.fetch(FILES, { method: 'POST', key, body }));
    assert.deepEqual([file.kind, file.mime_type, file.duration_seconds], ['video', 'video/mp4', 5]);
    assert.match(file.duration_token, /^[\w-]+\.[\w-]{43}$/);
  });

  it('measures a sound and gives it a duration token of its own', async () => {
    await using opened = await openWorld();
    const { world, key } = opened;
    const upload = async () => {
      const body = form(wav(1.5), { kind: 'audio' }, 'birds.png');
      const answer = await world.fetch(FILES, { method: 'POST', key, body });
      const file = await json(answer);
      assert.equal(answer.status, 200, JSON.stringify(file));
      return file;
    };
    const file = await upload();
    assert.deepEqual([file.kind, file.mime_type, file.duration_seconds], ['audio', 'audio/wav', 1.5]);
    assert.match(file.duration_token, /^[\w-]+\.[\w-]{43}$/);
    const [claims] = file.duration_token.split('.');
    assert.deepEqual(JSON.parse(Buffer.from(claims, 'base64url').toString()), [
      file.id,
      1_500,
      Date.parse(file.expires_at),
    ]);
    assert.deepEqual(await json(await world.fetch(`${FILES}/${file.id}`, { key })), file);
    assert.notEqual((await upload()).duration_token, file.duration_token);
  });

  it('refuses what is none, naming the field, and keeps nothing of it', async () => {
    await using opened = await openWorld();
    const { world, key, shelf } = opened;
    const picture = await jpeg();
    const cases: readonly [string, FormData, string | undefined, RegExp][] = [
      ['no file', form(null), 'file', /^file is required$/],
      ['no kind', form(picture, {}), 'kind', /^kind is required$/],
      ['a kind that is none', form(picture, { kind: 'text' }), 'kind', /must be one of image, video, audio/],
      [
        'an unknown model',
        form(picture, { kind: 'image', model: 'kling-9' }),
        'model',
        /must be one of kling-2-6/,
      ],
      [
        'a film for a model of pictures',
        form(picture, { kind: 'video', model: 'kling-2-6' }),
        'kind',
        /takes images only/,
      ],
      ['an unknown field', form(picture, { kind: 'image', scope: 'all' }), 'scope', /is not allowed/],
      ['text', form('not a picture'), 'file', /cannot be used/],
      ['an empty file', form(''), 'file', /cannot be used/],
      ['a cut picture', form(picture.subarray(0, picture.length / 2)), 'file', /cannot be used/],
      [
        'SVG',
        form('<svg xmlns="http://www.w3.org/2000/svg"/>', { kind: 'image' }, 'a.png'),
        'file',
        /cannot be used/,
      ],
      ['a moving picture', form(movingPng()), 'file', /cannot be used/],
      ['a picture of 65,000²', form(blackPng(65_000, 65_000, 1)), 'file', /cannot be used/],
      ['a picture as a film', form(picture, { kind: 'video' }), 'file', /none of video\/mp4/],
      ['a picture as a sound', form(picture, { kind: 'audio' }), 'file', /cannot be used/],
      ['a film as a sound', form(await readFile(FILM), { kind: 'audio' }), 'file', /has no sound/],
      ['a sound as a film', form(wav(1), { kind: 'video' }), 'file', /none of video\/mp4/],
      [
        'a sound for a model of pictures',
        form(wav(1), { kind: 'audio', model: 'kling-2-6' }),
        'kind',
        /takes images only/,
      ],
      ['a sound over 10 MB', form(wav(1_311, 4_000), { kind: 'audio' }), 'file', /at most 10 MB/],
      ['over 10 MB', form(Buffer.alloc(10 * 1024 * 1024 + 1)), 'file', /at most 10 MB/],
      ['over 50 MB', form(Buffer.alloc(50 * 1024 * 1024 + 1), { kind: 'video' }), 'file', /at most 50 MB/],
      [
        'a long field',
        form(picture, { kind: 'image', client_request_id: 'a'.repeat(129) }),
        'client_request_id',
        /at most 128/,
      ],
    ];
    for (const [name, body, field, says] of cases) {
      const answer = await world.fetch(FILES, { method: 'POST', key, body });
      const { error } = await json(answer);
      assert.equal(answer.status, 400, name);
      assert.equal(error.code, 'validation_failed', name);
      assert.equal(error.details?.[0].field, field, `${name}: ${error.message}`);
      assert.match(error.message, says, name);
    }
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    for (const body of [
      '',
      '--x\r\n',
      '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc',
      '--y--',
    ]) {
      const answer = await world.fetch(FILES, { method: 'POST', key, headers, body });
      assert.equal(answer.status, 400, JSON.stringify(body));
    }
    for (const type of ['multipart/form-data', 'application/json', 'text/plain']) {
      const answer = await world.fetch(FILES, {
        method: 'POST',
        key,
        headers: { 'content-type': type },
        body: '{}',
      });
      assert.equal(answer.status, 400, type);
    }
    assert.deepEqual(await lying(shelf.folder), []);
  });

  it('keeps no more of an account than its quota', async () => {
    await using opened = await openWorld();
    const { world, key, shelf } = opened;
    shelf.uploads.store.quotaBytes = 10;
    const answer = await world.fetch(FILES, { method: 'POST', key, body: form(await jpeg()) });
    assert.match((await json(answer)).error.message, /as many files as it may/);
    assert.deepEqual(await lying(shelf.folder), []);
  });

  it('leaves nothing behind of an upload that is cut off', async () => {
    await using opened = await openWorld();
    const { world, key, shelf } = opened;
    const { hostname, port } = new URL(world.url);
    const socket = connect(Number(port), hostname);
    const head = [
      `POST ${FILES} HTTP/1.1`,
      'Host: a',
      `Authorization: Bearer ${key}`,
      'Content-Type: multipart/form-data; boundary=x',
      'Content-Length: 1000000',
      '',
      '--x',
      'Content-Disposition: form-data; name="file"; filename="a.png"',
      '',
      '',
    ].join('\r\n');
    socket.write(head + 'a'.repeat(100_000));
    while ((await lying(shelf.folder)).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
    while ((await lying(shelf.folder)).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(shelf.uploads.store.rows.size, 0);
    assert.equal((await world.fetch('/healthz')).status, 200);
  });

  it('is not there where it is not set up', async () => {
    await using world = await World.open(SURFACES);
    const answer = await world.fetch(FILES, {
      method: 'POST',
      key: await world.key(),
      body: form(await jpeg()),
    });
    assert.deepEqual([answer.status, (await json(answer)).error.code], [503, 'unavailable']);
  });
});
