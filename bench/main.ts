// npm run bench [-- creates|reads|film|calm|starts …]: measures this machine. Nothing is asserted; every figure has its peer.
import { measureCalm } from './calm.ts';
import { measureCreates } from './creates.ts';
import { measureFilm } from './film.ts';
import { measureFsync } from './fsync.ts';
import { discard, startGateway } from './gateway.ts';
import { machine } from './machine.ts';
import { measureReads } from './reads.ts';
import { report } from './report.ts';
import { measureStarts } from './starts.ts';

const asked = process.argv.slice(2);
const wants = (name: string) => asked.length === 0 || asked.includes(name);

process.stdout.write(`${machine()}\n`);

if (wants('creates') || wants('reads')) {
  const gateway = await startGateway('api');
  report('The disk', measureFsync(gateway.dataDir));
  const key = gateway.key();
  const { rows, ids } = await measureCreates(gateway, key);
  report('Creates', rows);
  if (wants('reads')) report('Status reads', await measureReads(gateway, key, ids));
  await gateway.stop();
  discard(gateway);
}
if (wants('film')) report('The studio', await measureFilm());
if (wants('calm')) report('The gateway while the studio works', await measureCalm());
if (wants('starts')) report('Starts', await measureStarts());
