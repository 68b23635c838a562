import { parentPort, workerData } from 'node:worker_threads';
import { packagedEncoder, type VideoShape } from './video.ts';

// The other side of `threadedEncoder`: frames come in order and their buffers go back; null asks for the film.

const port = parentPort;
if (!port) throw new Error('this file runs as a worker thread only');
const encoder = packagedEncoder(workerData as VideoShape);

port.on('message', async (frame: ArrayBuffer | null) => {
  const open = await encoder;
  if (frame) {
    await open.add(new Uint8Array(frame));
    port.postMessage(frame, [frame]);
    return;
  }
  port.postMessage(await open.finish());
  port.close();
});
