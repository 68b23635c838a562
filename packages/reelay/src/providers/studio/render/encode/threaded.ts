import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { VideoEncoder, VideoShape } from './video.ts';

// Frames that may be under way: one being encoded, one waiting, one being filled.
const BUFFERS = 3;

/** The packaged encoder in a thread of its own, so that one frame is drawn while the last one is encoded. */
export function threadedEncoder(shape: VideoShape): VideoEncoder {
  // The same ending as this file's: TypeScript in the repository, JavaScript where it is installed.
  const worker = new Worker(new URL(`./thread${extname(import.meta.filename)}`, import.meta.url), {
    workerData: shape,
  });
  const free = Array.from({ length: BUFFERS }, () => new ArrayBuffer(shape.width * shape.height * 1.5));
  let ready: (() => void) | null = null;
  let finished: (film: Uint8Array) => void = () => undefined;
  const film = new Promise<Uint8Array>((resolve) => {
    finished = resolve;
  });
  const broken = new Promise<never>((_, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) => code !== 0 && reject(new Error(`the encoder's thread ended with ${code}`)));
  });
  broken.catch(() => undefined);
  worker.on('message', (message: ArrayBuffer | Uint8Array) => {
    if (message instanceof Uint8Array) return finished(message);
    free.push(message);
    ready?.();
  });
  return {
    async add(i420) {
      while (free.length === 0) {
        const back = new Promise<void>((resolve) => {
          ready = resolve;
        });
        await Promise.race([back, broken]);
      }
      const buffer = free.pop() as ArrayBuffer;
      new Uint8Array(buffer).set(i420);
      worker.postMessage(buffer, [buffer]);
    },
    async finish() {
      worker.postMessage(null);
      return await Promise.race([film, broken]);
    },
  };
}
