import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { BenchGateway } from './gateway.ts';
import { load } from './load.ts';
import type { Row } from './report.ts';
import { perSecond } from './report.ts';

const CONNECTIONS = 64;
const SECONDS = 8;
const IDS = 2_000;

const BARE = `
const { createServer } = require('node:http');
const body = JSON.stringify({ code: 200, message: 'success', data: { taskId: 'task_0', state: 'pending', createTime: 1 } });
const server = createServer((request, reply) => {
  reply.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length });
  reply.end(body);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

/** Status reads of random tasks, against a bare node:http handler that answers a constant, in the same run. */
export async function measureReads(
  gateway: BenchGateway,
  key: string,
  ids: readonly string[],
): Promise<readonly Row[]> {
  const headers = { authorization: `Bearer ${key}` };
  const paths = ids.slice(0, IDS).map((id) => `/api/v1/statusTask/kling-2-6?taskId=${id}`);
  const ours = await load({
    url: gateway.address,
    method: 'GET',
    headers,
    paths,
    connections: CONNECTIONS,
    seconds: SECONDS,
  });

  const bare = spawn(process.execPath, ['-e', BARE], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(bare.stdout, 'data')) as [Buffer];
  const url = `http://127.0.0.1:${String(port).trim()}`;
  const peer = await load({ url, method: 'GET', headers, paths, connections: CONNECTIONS, seconds: SECONDS });
  bare.kill();

  return [
    {
      what: `status reads, ${CONNECTIONS} connections (${ours.by})`,
      value: `${perSecond(ours.perSecond)}, p50 ${ours.p50Ms.toFixed(1)} ms, p99 ${ours.p99Ms.toFixed(1)} ms, ${ours.bad} bad`,
      peer: `a bare node:http handler ${perSecond(peer.perSecond)}`,
      ratio: ours.perSecond / peer.perSecond,
    },
  ];
}
