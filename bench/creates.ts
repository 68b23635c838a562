import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { openEmbedded } from '../packages/reelay/src/store/embedded.ts';
import type { BenchGateway } from './gateway.ts';
import { load } from './load.ts';
import { found } from './machine.ts';
import type { Row } from './report.ts';
import { perSecond } from './report.ts';

const CONNECTIONS = 64;
const SECONDS = 10;
/** What pgbench is quickest with here is looked for among these. */
const PGBENCH_CLIENTS = [16, 32, 64];

const BODY = JSON.stringify({
  request_type: 'async',
  provider: 'value',
  input: {
    mode: 'text-to-video',
    prompt: 'a serene waterfall in the forest with birds chirping',
    duration: 10,
    sound: true,
    aspect_ratio: '16:9',
  },
});

/** Durable creates over HTTP against pgbench doing the same transaction on the same server; and ids of created tasks. */
export async function measureCreates(
  gateway: BenchGateway,
  key: string,
): Promise<{ rows: readonly Row[]; ids: readonly string[] }> {
  const ours = await load({
    url: `${gateway.address}/api/v1/generateTask/kling-2-6`,
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: BODY,
    connections: CONNECTIONS,
    seconds: SECONDS,
  });
  const database = await openEmbedded({ dataDir: gateway.dataDir, log: () => {} });
  try {
    const client = new pg.Client(database.connection);
    await client.connect();
    const { rows: tasks } = await client.query<{ id: string }>(
      'select id from tasks order by random() limit 2000',
    );
    const peer = await pgbench(client, database.directUrl);
    // What comes next is measured on a server at rest, not on one that still writes out what was written here.
    for (const tidy of ['drop schema if exists peer cascade', 'vacuum analyze', 'checkpoint'])
      await client.query(tidy);
    await client.end();
    const what = `creates, durable, one key, ${CONNECTIONS} connections (${ours.by})`;
    const value = `${perSecond(ours.perSecond)}, p50 ${ours.p50Ms.toFixed(1)} ms, p99 ${ours.p99Ms.toFixed(1)} ms, ${ours.bad} bad`;
    const row: Row = peer
      ? {
          what,
          value,
          peer: `pgbench, same tables, ${peer.clients} clients ${perSecond(peer.perSecond)}`,
          ratio: ours.perSecond / peer.perSecond,
        }
      : { what, value, peer: 'nothing: pgbench is not installed' };
    return { rows: [row], ids: tasks.map((task) => task.id) };
  } finally {
    await database.close();
  }
}

async function pgbench(
  client: pg.Client,
  url: string,
): Promise<{ perSecond: number; clients: number } | null> {
  if (!found('pgbench')) return null;
  await client.query(readFileSync(new URL('./peer-schema.sql', import.meta.url), 'utf8'));
  let best: { perSecond: number; clients: number } | null = null;
  for (const clients of PGBENCH_CLIENTS) {
    const script = new URL('./peer-create.sql', import.meta.url).pathname;
    const args = [
      '-n',
      '-M',
      'prepared',
      '-c',
      String(clients),
      '-j',
      '1',
      '-T',
      String(SECONDS),
      '-f',
      script,
      url,
    ];
    const run = spawnSync('pgbench', args, { encoding: 'utf8' });
    const perSecond = Number(/tps = ([\d.]+)/.exec(run.stdout)?.[1] ?? Number.NaN);
    if (Number.isNaN(perSecond)) throw new Error(`pgbench did not run:\n${run.stderr}`);
    if (!best || perSecond > best.perSecond) best = { perSecond, clients };
  }
  return best;
}
