import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Stereo } from '../encode/mux.ts';
import type { Score } from './score.ts';

/** Composes the sound in a thread of its own, while the pictures are drawn. */
export function soundInThread(score: Score): Promise<Stereo> {
  // The same ending as this file's: TypeScript in the repository, JavaScript where it is installed.
  const worker = new Worker(new URL(`./thread${extname(import.meta.filename)}`, import.meta.url), {
    workerData: score,
  });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the sound thread ended without a sound')));
  });
}
