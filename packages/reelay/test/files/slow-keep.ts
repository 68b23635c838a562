import type { FileId } from '../../src/core/values.ts';
import { openLocalFiles } from '../../src/files/local.ts';

/**
 * A process that keeps a file and is killed in the middle of it: it says `begun` when half of the bytes are written,
 * and then waits for ever. With `--whole` it goes on, until it meets whatever limits its parent set.
 */
const [folder = '', id = '', whole] = process.argv.slice(2);
const files = await openLocalFiles({ folder, minFreeBytes: 0, clock: { now: () => Date.now() } });

async function* source(): AsyncGenerator<Uint8Array> {
  for (let chunk = 0; chunk < 16; chunk++) {
    if (chunk === 8 && !whole) {
      console.log('begun');
      await new Promise((resolve) => setTimeout(resolve, 600_000));
    }
    yield Buffer.alloc(65_536, chunk);
  }
}

try {
  await files.keep(id as FileId, { stream: source() }, 10_000_000);
} catch (error) {
  console.log(error instanceof Error && 'code' in error ? error.code : error);
}
