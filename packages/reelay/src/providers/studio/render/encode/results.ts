import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FilmFiles, FilmOrder } from '../film.ts';
import type { Tags } from './mux.ts';

/** What every film says of itself. */
export function filmTags(order: Pick<FilmOrder, 'prompt' | 'seed'>): Tags {
  const about = 'Animatic rendered by the built-in studio of Reelay, not by a generative model.';
  return {
    title: order.prompt.slice(0, 200),
    comment: `${about} Seed ${order.seed}. Prompt: ${order.prompt}`,
  };
}

/** Writes the results of a render under their standing names. */
export async function writeResults(
  folder: string,
  film: Uint8Array,
  poster: Uint8Array,
  preview: Uint8Array,
): Promise<FilmFiles> {
  await mkdir(folder, { recursive: true });
  const files = {
    film: join(folder, 'film.mp4'),
    poster: join(folder, 'poster.jpg'),
    preview: join(folder, 'preview.mp4'),
  };
  await writeFile(files.film, film);
  await writeFile(files.poster, poster);
  await writeFile(files.preview, preview);
  return files;
}
