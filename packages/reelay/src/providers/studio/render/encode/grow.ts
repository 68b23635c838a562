import { open, stat } from 'node:fs/promises';

const CHUNK = 1 << 20;

/** Fills an MP4 up to a size with a `free` box at its end: players skip it. Leaves larger files as they are. */
export async function growFilm(path: string, bytes: number): Promise<void> {
  const gap = bytes - (await stat(path)).size;
  if (gap < 8) return;
  const file = await open(path, 'a');
  try {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(gap, 0);
    head.write('free', 4, 'latin1');
    await file.write(head);
    const zeros = Buffer.alloc(CHUNK);
    for (let left = gap - 8; left > 0; left -= CHUNK) await file.write(zeros, 0, Math.min(CHUNK, left));
  } finally {
    await file.close();
  }
}
