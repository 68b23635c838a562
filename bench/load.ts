import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { found } from './machine.ts';

export interface Load {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Instead of one path: these, at random. */
  readonly paths?: readonly string[];
  readonly connections: number;
  readonly seconds: number;
}

export interface Loaded {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers other than 2xx, and errors. */
  readonly bad: number;
  readonly by: 'wrk' | 'autocannon';
}

/** Sends requests as fast as they are answered: with wrk where it is installed (it takes less of the cores), else autocannon. */
export async function load(options: Load): Promise<Loaded> {
  return found('wrk') ? withWrk(options) : withAutocannon(options);
}

function withWrk({ url, method, headers, body, paths, connections, seconds }: Load): Loaded {
  const folder = mkdtempSync(join(tmpdir(), 'reelay-wrk-'));
  const script = join(folder, 'load.lua');
  const lua = (text: string) => JSON.stringify(text);
  writeFileSync(
    script,
    `wrk.method = ${lua(method)}
${Object.entries(headers)
  .map(([name, value]) => `wrk.headers[${lua(name)}] = ${lua(value)}`)
  .join('\n')}
${body === undefined ? '' : `wrk.body = ${lua(body)}`}
local paths = {${(paths ?? []).map(lua).join(',')}}
${paths ? 'request = function() return wrk.format(nil, paths[math.random(#paths)]) end' : ''}
done = function(summary, latency)
  io.write(string.format("RESULT %d %d %d %f %f\\n", summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
`,
  );
  try {
    const args = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '-s', script, url];
    const out = execFileSync('wrk', args, { encoding: 'utf8' });
    const [requests = 0, microseconds = 1, bad = 0, p50 = 0, p99 = 0] = (/RESULT (.*)/.exec(out)?.[1] ?? '')
      .split(' ')
      .map(Number);
    return { perSecond: requests / (microseconds / 1e6), p50Ms: p50 / 1e3, p99Ms: p99 / 1e3, bad, by: 'wrk' };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function withAutocannon({
  url,
  method,
  headers,
  body,
  paths,
  connections,
  seconds,
}: Load): Promise<Loaded> {
  const result = await autocannon({
    url,
    method,
    headers: { ...headers },
    connections,
    duration: seconds,
    ...(body === undefined ? {} : { body }),
    ...(paths ? { requests: paths.map((path) => ({ path })) } : {}),
  });
  return {
    perSecond: result['2xx'] / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    bad: result.non2xx + result.errors,
    by: 'autocannon',
  };
}
