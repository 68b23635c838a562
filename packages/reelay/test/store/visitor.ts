// Run by embedded.test.ts: one process that opens the data folder, says so, and leaves when its input ends.
import { openEmbedded } from '../../src/store/embedded.ts';

const [dataDir, role] = process.argv.slice(2);
if (!dataDir) throw new Error('usage: visitor.ts DATA_DIR [gateway]');

const embedded = await openEmbedded({ dataDir, isGateway: role === 'gateway', log: () => {} });
process.stdout.write(`${JSON.stringify({ directUrl: embedded.directUrl })}\n`);
for await (const _ of process.stdin);
await embedded.close();
