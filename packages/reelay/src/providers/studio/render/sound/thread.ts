import { parentPort, workerData } from 'node:worker_threads';
import { composeSound, type Score } from './score.ts';

// The other side of `soundInThread`: one score in, its sound out.

const { left, right } = composeSound(workerData as Score);
parentPort?.postMessage({ left, right }, [left.buffer as ArrayBuffer, right.buffer as ArrayBuffer]);
