import { discard, startGateway } from './gateway.ts';
import type { Row } from './report.ts';
import { megabytes } from './report.ts';

const SETTLE_MS = 5_000;

/** The first start on an empty data folder, the second, and the memory of the whole when it has nothing to do. */
export async function measureStarts(): Promise<readonly Row[]> {
  const cold = await startGateway('all');
  await cold.stop();
  const warm = await startGateway('all', cold.dataDir);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const idle = warm.memory();
  await warm.stop();
  discard(warm);
  return [
    { what: 'first start, empty data folder', value: `${(cold.readyMs / 1000).toFixed(1)} s` },
    { what: 'second start', value: `${(warm.readyMs / 1000).toFixed(1)} s` },
    { what: 'idle memory of the whole, database included', value: megabytes(idle) },
  ];
}
