import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from './report.ts';
import { median } from './report.ts';

const ROUNDS = 300;
const BYTES = 8 * 1024;

/** What one durable write costs on this disk: the floor under every commit. */
export function measureFsync(folder: string): readonly Row[] {
  const place = mkdtempSync(join(folder, 'fsync-'));
  const file = openSync(join(place, 'log'), 'w');
  const bytes = Buffer.alloc(BYTES, 1);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const started = performance.now();
    writeSync(file, bytes);
    fdatasyncSync(file);
    times.push(performance.now() - started);
  }
  closeSync(file);
  rmSync(place, { recursive: true });
  return [
    {
      what: `one fdatasync of ${BYTES / 1024} kB`,
      value: `${median(times).toFixed(2)} ms (median of ${ROUNDS})`,
    },
  ];
}
