import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { EncodedPacketSink, FilePathSource, Input, MP4 } from 'mediabunny';
import sharp, { type Sharp } from 'sharp';
import type { Job } from '../../src/core/ports/provider.ts';
import type { FilmOrder } from '../../src/providers/studio/render/film.ts';

/** A folder of the test's own, removed after it. */
export async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'reelay-studio-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An order for a film, with what a test does not care about filled in. */
export function filmOrder(folder: string, given: Partial<FilmOrder> = {}): FilmOrder {
  return {
    prompt: 'a calm sea',
    seed: 1,
    seconds: 5,
    sound: false,
    aspectRatio: '16:9',
    pictures: [],
    folder,
    encoder: 'packaged',
    ...given,
  };
}

/** What a film file is made of, read back from the file. */
export async function inspect(path: string): Promise<{
  width: number;
  height: number;
  frames: number;
  videoSeconds: number;
  codec: string;
  audio: { codec: string; channels: number; rate: number; seconds: number } | null;
  tags: { title?: string; comment?: string };
}> {
  const input = new Input({ source: new FilePathSource(path), formats: [MP4] });
  const video = await input.getPrimaryVideoTrack();
  if (!video) throw new Error('no video track');
  let frames = 0;
  for await (const packet of new EncodedPacketSink(video).packets()) if (packet.byteLength > 0) frames++;
  const sound = await input.getPrimaryAudioTrack();
  const found = {
    width: video.displayWidth,
    height: video.displayHeight,
    frames,
    videoSeconds: await video.computeDuration(),
    codec: (await video.getCodecParameterString()) ?? '',
    audio: sound
      ? {
          codec: (await sound.getCodecParameterString()) ?? '',
          channels: sound.numberOfChannels,
          rate: sound.sampleRate,
          seconds: await sound.computeDuration(),
        }
      : null,
    tags: await input.getMetadataTags(),
  };
  input.dispose();
  return found;
}

/** A job as a flow hands it to a provider. */
export function studioJob(task: string, prompt: string, number = 1): Job {
  return {
    task: `task_${task}`,
    order: {
      model: 'kling-2-6',
      mode: 'text-to-video',
      prompt,
      media: [],
      durationSeconds: 5,
      sound: false,
      resolution: null,
      aspectRatio: '16:9',
      strategy: 'auto',
      extra: {},
    },
    attempt: {
      number,
      route: 'studio',
      provider: 'studio',
      tier: 'own',
      startedAt: 0,
      sendBy: 60_000,
      reference: task,
      costMicros: null,
    },
    media: [],
    prepared: null,
  };
}

/** Writes a picture with a gradient and a few shapes; the type follows the file's ending. */
export async function writePicture(
  path: string,
  width: number,
  height: number,
  shape: (image: Sharp) => Sharp = (image) => image,
): Promise<string> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <defs><linearGradient id="g" x2="0" y2="1"><stop stop-color="#58a"/><stop offset="1" stop-color="#ec9"/></linearGradient></defs>
    <rect width="100%" height="100%" fill="url(#g)"/><circle cx="30%" cy="40%" r="12%" fill="#f42"/></svg>`;
  await shape(sharp(Buffer.from(svg))).toFile(path);
  return path;
}

/** Waits until a condition holds; the runner's own time limit ends it otherwise. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
