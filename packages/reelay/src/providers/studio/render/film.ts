import { setImmediate as turn } from 'node:timers/promises';
import { mux } from './encode/mux.ts';
import { filmTags, writeResults } from './encode/results.ts';
import { quarter, toJpeg } from './encode/still.ts';
import { threadedEncoder } from './encode/threaded.ts';
import {
  findFfmpeg,
  packagedEncoder,
  systemEncoder,
  type VideoEncoder,
  type VideoShape,
} from './encode/video.ts';
import { type Frame, frame } from './planes.ts';
import { composeScene, type Scene } from './scene.ts';
import { filmSize } from './size.ts';
import type { Score } from './sound/score.ts';
import { soundInThread } from './sound/threaded.ts';

/** Frames a second of every film. */
export const FRAMES_PER_SECOND = 24;
/** Of so many frames one is in the preview. */
const PREVIEW_STEP = 2;

/** A film to be rendered. */
export interface FilmOrder {
  readonly prompt: string;
  readonly seed: number;
  readonly seconds: number;
  readonly sound: boolean;
  /** Of the film made from text; a film made from a picture follows the picture. */
  readonly aspectRatio: string;
  /** Paths of checked pictures: the first frame, and perhaps the last one. None: a film from text. */
  readonly pictures: readonly string[];
  /** Where the results go; the folder is made. */
  readonly folder: string;
  /** `auto` takes the system's ffmpeg where there is one. */
  readonly encoder: 'auto' | 'packaged' | 'ffmpeg';
}

/** Where the results lie. */
export interface FilmFiles {
  readonly film: string;
  readonly poster: string;
  readonly preview: string;
}

interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly paintings: (() => void)[];
  draw(into: Frame, seconds: number): void;
  readonly sound: Score;
}

async function compose(order: FilmOrder): Promise<Drawing> {
  if (order.pictures.length > 0) {
    // Loaded as needed: the decoder of pictures is large, and most films have none.
    const { composePicture } = await import('./picture.ts');
    return { ...(await composePicture(order)), paintings: [] };
  }
  const { width, height } = filmSize(order.aspectRatio);
  const scene = composeScene(order.prompt, order.seed, width, height, order.seconds);
  return {
    width,
    height,
    paintings: scene.paintings,
    draw: scene.draw,
    sound: scoreOf(order, scene),
  };
}

function scoreOf(order: FilmOrder, scene: Scene): Score {
  const { prompt, seed, seconds } = order;
  return { prompt, seed, seconds, levels: scene.sounds, strikes: scene.strikes, brief: scene.brief };
}

/**
 * Paints what is to be painted, and lets go between what it was painted with: that memory lies outside the
 * collector's sight, and is given back only between turns of the loop. The collector can be called where the process
 * was started for it.
 */
async function paintAll(paintings: (() => void)[]): Promise<void> {
  for (let next = paintings.shift(); next; next = paintings.shift()) {
    next();
    globalThis.gc?.({ type: 'minor' });
    await turn();
  }
}

async function openEncoder(order: FilmOrder, shape: VideoShape): Promise<VideoEncoder> {
  if (order.encoder === 'ffmpeg') return systemEncoder(shape);
  if (order.encoder === 'auto' && (await findFfmpeg())) return systemEncoder(shape);
  return threadedEncoder(shape);
}

/**
 * Renders a film and writes it with its poster and preview. Calls `progress` with whole percents as it goes.
 * Throws where a picture cannot be decoded or an encoder fails.
 */
export async function renderFilm(order: FilmOrder, progress: (percent: number) => void): Promise<FilmFiles> {
  progress(0);
  const drawing = await compose(order);
  const { width, height } = drawing;
  // Composed while the scene is painted, and done before the encoder starts: together they would need too much memory.
  const composed = order.sound ? soundInThread(drawing.sound) : null;
  composed?.catch(() => undefined);
  await paintAll(drawing.paintings);
  const sound = await composed;
  const picture = frame(width, height);
  const thumb = quarter(width, height);
  const shape = { width, height, framesPerSecond: FRAMES_PER_SECOND, quantiser: 27 };
  const encoder = await openEncoder(order, shape);
  const { width: w, height: h } = thumb.small;
  const previewRate = FRAMES_PER_SECOND / PREVIEW_STEP;
  const small = { width: w, height: h, framesPerSecond: previewRate, quantiser: 30 };
  const previewEncoder = await packagedEncoder(small);
  const frames = order.seconds * FRAMES_PER_SECOND;
  const posterAt = Math.floor(frames * 0.4);
  let poster: Buffer = Buffer.alloc(0);
  for (let i = 0; i < frames; i++) {
    drawing.draw(picture, i / FRAMES_PER_SECOND);
    await encoder.add(asBytes(picture));
    if (i % PREVIEW_STEP === 0) {
      thumb.fill(picture);
      await previewEncoder.add(asBytes(thumb.small));
    }
    if (i === posterAt) poster = await toJpeg(picture);
    progress(Math.floor(((i + 1) / frames) * 94));
    // Lets messages and a lost parent be seen between frames.
    await turn();
  }
  progress(97);
  const tags = filmTags(order);
  const film = await mux(await encoder.finish(), FRAMES_PER_SECOND, sound, tags);
  const preview = await mux(await previewEncoder.finish(), previewRate, null, tags);
  const files = await writeResults(order.folder, film, poster, preview);
  progress(100);
  return files;
}

function asBytes(picture: Frame): Uint8Array {
  return new Uint8Array(picture.bytes.buffer, picture.bytes.byteOffset, picture.bytes.byteLength);
}
