import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job, Submission } from './job.ts';
import type { FilmDefect } from './plan.ts';

const FOLDER = join(import.meta.dirname, '..', 'fixtures', 'films');
const loaded = new Map<string, Promise<Buffer>>();

/** A film as it is served. */
export interface ServedFilm {
  readonly bytes: Buffer;
  readonly type: string;
}

/** The film of a finished job: what was ordered, or with the defect that the script wants. */
export async function filmOf(job: Job): Promise<ServedFilm> {
  const { defect, bytes } = job.plan.film;
  if (defect === 'html')
    return { bytes: Buffer.from('<!doctype html><title>Sign in</title>'), type: 'text/html' };
  if (defect === 'empty') return { bytes: Buffer.alloc(0), type: 'video/mp4' };
  const film = await goodOrDefective(job, defect);
  if (defect === 'truncated')
    return { bytes: film.subarray(0, Math.floor(film.length * 0.6)), type: 'video/mp4' };
  return { bytes: padded(film, bytes), type: 'video/mp4' };
}

async function goodOrDefective(job: Job, defect: FilmDefect | null): Promise<Buffer> {
  const { order } = job;
  const seconds = order.durationSeconds > 7 ? 10 : 5;
  const sound = order.sound && defect !== 'no-audio' ? 'sound' : 'mute';
  const stretch = (name: string) => load(name).then((film) => stretched(film, job.ratio));
  switch (defect) {
    case 'short':
      return await stretch(`short-2s-${sound}`);
    case 'silent':
      return await stretch(`silent-${seconds}s-sound`);
    case 'frame':
      return await stretch('frame-mute');
    case 'black':
    case 'frozen':
    case 'codec':
      return await stretch(`${defect}-${seconds}s-${sound}`);
    case 'ratio':
      return await load(named(order, sound, isWide(job.ratio) ? '9x16' : '16x9', seconds));
    default:
      return order.durationSeconds < 1
        ? await stretch('frame-mute')
        : stretched(await load(named(order, sound, nearest(job.ratio), seconds)), job.ratio);
  }
}

function named(order: Submission, sound: string, ratio: string, seconds: number): string {
  return `${order.resolution}-${ratio}-${seconds}s-${sound}`;
}

function isWide([width, height]: readonly [number, number]): boolean {
  return width > height;
}

function nearest([width, height]: readonly [number, number]): '16x9' | '9x16' | '1x1' {
  const ratio = width / height;
  if (ratio > 4 / 3) return '16x9';
  return ratio < 3 / 4 ? '9x16' : '1x1';
}

async function load(name: string): Promise<Buffer> {
  const film = loaded.get(name) ?? readFile(join(FOLDER, `${name}.mp4`));
  loaded.set(name, film);
  return await film;
}

/** The same film shown at another ratio, by the pixel shape that its `pasp` box tells. */
function stretched(film: Buffer, ratio: readonly [number, number]): Buffer {
  const sample = film.indexOf('pasp', 0, 'latin1');
  const track = film.indexOf('tkhd', 0, 'latin1');
  if (sample < 0 || track < 0) return film;
  const width = film.readUInt32BE(track + 80) / 65_536;
  const height = film.readUInt32BE(track + 84) / 65_536;
  const [across, down] = [Math.round(ratio[0] * height), Math.round(ratio[1] * width)];
  // One pixel more or less is no other ratio.
  if (Math.abs(across / down - 1) < 0.01) return film;
  const copy = Buffer.from(film);
  copy.writeUInt32BE(across, sample + 4);
  copy.writeUInt32BE(down, sample + 8);
  return copy;
}

/** Made larger by a `free` box at the end, which players skip. */
function padded(film: Buffer, bytes: number): Buffer {
  const missing = bytes - film.length;
  if (missing < 8) return film;
  const box = Buffer.alloc(missing);
  box.writeUInt32BE(missing, 0);
  box.write('free', 4, 'latin1');
  return Buffer.concat([film, box]);
}
