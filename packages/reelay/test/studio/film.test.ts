import assert from 'node:assert/strict';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { growFilm } from '../../src/providers/studio/render/encode/grow.ts';
import { renderFilm } from '../../src/providers/studio/render/film.ts';
import { renderInstant } from '../../src/providers/studio/render/instant.ts';
import { composePicture } from '../../src/providers/studio/render/picture.ts';
import { frame } from '../../src/providers/studio/render/planes.ts';
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
  assert.deepEqual([preview.width, preview.height, preview.frames, preview.videoSeconds], [320, 180, 60, 5]);
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

const HOLE =
  '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400"><rect width="120" height="120"/></svg>';

test('transparent pictures get a ground, and a last frame is reached', async (t) => {
  const folder = await scratch(t);
  const first = await writePicture(join(folder, 'first.png'), 400, 400, (image) =>
    image.composite([{ input: Buffer.from(HOLE), blend: 'dest-out' }]),
  );
  const last = await writePicture(join(folder, 'last.webp'), 640, 640, (image) =>
    image.negate({ alpha: false }),
  );
  const order = filmOrder(folder, { pictures: [first, last], prompt: 'static camera' });
  const drawn = await composePicture(order);
  const begin = frame(drawn.width, drawn.height);
  drawn.draw(begin, 0);
  const end = frame(drawn.width, drawn.height);
  drawn.draw(end, 4.9);
  assert.deepEqual([drawn.width, drawn.height], [960, 960]);
  const corner = 40 * 960 + 40;
  assert.ok((begin.y[corner] ?? 0) > 40, 'what is transparent is not black');
  assert.ok(
    Math.abs((begin.y[corner] ?? 0) - (end.y[corner] ?? 0)) > 10,
    'the last picture is seen at the end',
  );
});

test('the camera moves over a picture by parts of a pixel and never shows its edge', async (t) => {
  const folder = await scratch(t);
  const white = await writePicture(join(folder, 'white.png'), 320, 500, (image) => image.linear(0, 255));
  for (const prompt of [
    'pan left',
    'pan right',
    'tilt up',
    'zoom out',
    'orbit',
    'handheld',
    'water',
    'aerial shot',
  ]) {
    const drawn = await composePicture(filmOrder(folder, { pictures: [white], prompt }));
    const picture = frame(drawn.width, drawn.height);
    for (const seconds of [0, 1.3, 2.5, 4.1, 4.96]) {
      picture.y.fill(0);
      drawn.draw(picture, seconds);
      assert.ok(
        picture.y.every((luma) => luma > 225),
        `${prompt} at ${seconds} s`,
      );
    }
  }
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
