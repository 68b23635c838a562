import { mux } from './encode/mux.ts';
import { filmTags, writeResults } from './encode/results.ts';
import { packagedEncoder } from './encode/video.ts';
import type { FilmFiles, FilmOrder } from './film.ts';
import { hash32 } from './random.ts';
import { filmSize } from './size.ts';

const FRAMES_PER_SECOND = 24;

// A grey JPEG of one pixel: the poster of a film that nobody looks at.
const POSTER =
  '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8QEBD/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AVN//2Q==';

/** The sides of a tiny film of the asked ratio: a ninth of the real one's. */
function tinySize(aspectRatio: string): { readonly width: number; readonly height: number } {
  const { width, height } = filmSize(aspectRatio);
  const small = (n: number): number => Math.max(16, Math.round(n / 8 / 2) * 2);
  return { width: small(width), height: small(height) };
}

/**
 * A tiny film that is valid in every formal respect (duration, ratio, tracks, metadata), in one plain colour of
 * the prompt's own, and silent where it has sound: for test suites that only need a result.
 */
export async function renderInstant(order: FilmOrder): Promise<FilmFiles> {
  const { width, height } = tinySize(order.aspectRatio);
  const encoder = await packagedEncoder({ width, height, framesPerSecond: FRAMES_PER_SECOND, quantiser: 40 });
  const luma = width * height;
  const picture = new Uint8Array(luma * 1.5);
  const hash = hash32(`${order.seed}\n${order.prompt}`);
  picture.fill(60 + (hash % 120), 0, luma);
  picture.fill(96 + ((hash >> 8) % 64), luma, luma * 1.25);
  picture.fill(96 + ((hash >> 16) % 64), luma * 1.25);
  for (let i = 0; i < order.seconds * FRAMES_PER_SECOND; i++) await encoder.add(picture);
  const video = await encoder.finish();
  const silence = order.sound ? { silentSeconds: order.seconds } : null;
  const film = await mux(video, FRAMES_PER_SECOND, silence, filmTags(order));
  const preview = order.sound ? await mux(video, FRAMES_PER_SECOND, null, filmTags(order)) : film;
  return await writeResults(order.folder, film, Buffer.from(POSTER, 'base64'), preview);
}
