import assert from 'node:assert/strict';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { growFilm } from '../../src/providers/studio/render/encode/grow.ts';
import { renderFilm } from '../../src/providers/studio/render/film.ts';
import { renderInstant } from '../../src/providers/studio/render/instant.ts';
import { filmOrder, inspect, scratch, writePicture } from './helpers.ts';

test('a film from text has the asked duration to the frame, its ratio, sound and metadata', async (t) => {
  const folder = await scratch(t);
  const seen: number[] = [];
  const files = await renderFilm(filmOrder(folder, { sound: true, seed: 42 }), (percent) =>
    seen.push(percent),
  );
  const film = await inspect(files.film);
  assert.equal(film.frames, 120);
  assert.equal(film.videoSeconds, 5);
  assert.deepEqual([film.width, film.height], [1280, 720]);
  assert.match(film.codec, /^avc1\./);
  assert.equal(film.audio?.codec, 'mp4a.40.2');
  assert.equal(film.audio?.channels, 2);
  assert.ok(film.audio.seconds <= 5 && film.audio.seconds > 4.97, `sound of ${film.audio.seconds} s`);
  assert.equal(film.tags.title, 'a calm sea');
  assert.match(film.tags.comment ?? '', /Animatic .* Reelay.* Seed 42\. Prompt: a calm sea/);
  assert.ok((await stat(files.film)).size <= 3_000_000);
  assert.equal(seen.at(-1), 100);
  assert.deepEqual(
    seen,
    [...seen].sort((a, b) => a - b),
  );

  const poster = await sharp(files.poster).metadata();
  assert.deepEqual([poster.format, poster.width, poster.height], ['jpeg', 1280, 720]);
  const preview = await inspect(files.preview);
  assert.deepEqual([preview.width, preview.height, preview.frames], [320, 180, 120]);
  await assertFaststart(files.film);
});

async function assertFaststart(path: string): Promise<void> {
  const file = await open(path);
  const head = Buffer.alloc(4096);
  await file.read(head, 0, head.length, 0);
  await file.close();
  const second = head.readUInt32BE(0) + 4;
  assert.equal(head.toString('latin1', second, second + 4), 'moov');
}

test('a film from a picture follows its ratio as it is meant to be seen, whatever its type', async (t) => {
  const folder = await scratch(t);
  const turned = await writePicture(join(folder, 'turned.jpg'), 300, 480, (image) =>
    image.withMetadata({ orientation: 6 }),
  );
  const files = await renderFilm(
    filmOrder(folder, { pictures: [turned], prompt: 'slow zoom in' }),
    () => undefined,
  );
  const film = await inspect(files.film);
  assert.equal(film.frames, 120);
  assert.equal(film.audio, null);
  assert.ok(Math.abs(film.width / film.height - 480 / 300) < 0.02, `${film.width} × ${film.height}`);
});

test('a file that is no picture is said to be one', async (t) => {
  const folder = await scratch(t);
  const broken = join(folder, 'film.test');
  await (await open(broken, 'w')).close();
  await assert.rejects(
    renderFilm(filmOrder(folder, { pictures: [broken] }), () => undefined),
    {
      name: 'UnreadablePicture',
    },
  );
});

test('an instant film is tiny and valid', async (t) => {
  const folder = await scratch(t);
  const files = await renderInstant(filmOrder(folder, { seconds: 10, sound: true, aspectRatio: '9:16' }));
  const film = await inspect(files.film);
  assert.deepEqual([film.frames, film.videoSeconds], [240, 10]);
  assert.deepEqual([film.width, film.height], [90, 160]);
  assert.ok(film.audio && film.audio.seconds > 9.97 && film.audio.seconds <= 10);
  assert.equal((await sharp(files.poster).metadata()).format, 'jpeg');
});

test('a film can be filled up to a size and stays valid', async (t) => {
  const folder = await scratch(t);
  const files = await renderInstant(filmOrder(folder));
  await growFilm(files.film, 2_500_000);
  assert.equal((await stat(files.film)).size, 2_500_000);
  assert.equal((await inspect(files.film)).frames, 120);
});
