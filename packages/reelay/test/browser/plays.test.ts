import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderFilm } from '../../src/providers/studio/render/film.ts';
import { openBrowser, serveFilm } from './browser.ts';

/** A browser that says nothing for so long has no answer. */
const PATIENCE_MS = 60_000;

test('a film of the studio plays in Chromium, with sound, and can be sought in', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'reelay-plays-'));
  const files = await renderFilm(
    {
      prompt: 'a calm sea at sunset',
      seed: 7,
      seconds: 5,
      sound: true,
      aspectRatio: '16:9',
      pictures: [],
      folder,
      encoder: 'packaged',
    },
    () => {},
  );
  const served = await serveFilm(await readFile(files.film));
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(served.page);
    const seen = await page.evaluate<Seen>(WATCH);
    assert.deepEqual(seen.error, null);
    assert.equal(seen.seconds, 5);
    assert.deepEqual([seen.width, seen.height], [1280, 720]);
    assert.ok(seen.audioBytes > 0, 'sound was decoded');
    const sought = seen.soughtTo.map((at) => Math.round(at * 4) / 4);
    assert.deepEqual(sought, [4.5, 0.5, 2.75]);
    assert.ok(seen.playedTo > seen.playedFrom, 'it moves');
    assert.ok(seen.brightness > 5 && seen.brightness < 250, 'it shows a picture');
  } finally {
    await browser.close();
    served.close();
    await rm(folder, { recursive: true, force: true });
  }
});

interface Seen {
  readonly error: string | null;
  readonly seconds: number;
  readonly width: number;
  readonly height: number;
  readonly audioBytes: number;
  readonly soughtTo: readonly number[];
  readonly playedFrom: number;
  readonly playedTo: number;
  readonly brightness: number;
}

/** Runs in the page, and is text because the page's world is not ours: loads, seeks, plays, and looks at the picture. */
const WATCH = `(async () => {
  const video = document.querySelector('video');
  const happened = (name) => new Promise((resolve) => video.addEventListener(name, resolve, { once: true }));
  if (video.readyState < 2) await Promise.race([happened('loadeddata'), happened('error')]);
  const soughtTo = [];
  for (const at of [4.5, 0.5, 2.75]) {
    const sought = Promise.race([happened('seeked'), happened('error')]);
    video.currentTime = at;
    await sought;
    soughtTo.push(video.currentTime);
  }
  const playedFrom = video.currentTime;
  await video.play();
  while (video.currentTime < playedFrom + 0.2 && !video.error) await new Promise((resolve) => setTimeout(resolve, 50));
  const canvas = document.createElement('canvas');
  canvas.width = 64;
  canvas.height = 36;
  const drawing = canvas.getContext('2d');
  drawing.drawImage(video, 0, 0, 64, 36);
  const pixels = drawing.getImageData(0, 0, 64, 36).data;
  return {
    error: video.error ? video.error.message : null,
    seconds: video.duration,
    width: video.videoWidth,
    height: video.videoHeight,
    audioBytes: video.webkitAudioDecodedByteCount,
    soughtTo,
    playedFrom,
    playedTo: video.currentTime,
    brightness: pixels.reduce((sum, value) => sum + value, 0) / pixels.length,
  };
})()`;
