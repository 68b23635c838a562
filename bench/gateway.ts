import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BIN = join('packages', 'reelay', 'src', 'bin.ts');

export interface BenchGateway {
  readonly address: string;
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** From spawn to “serves at”, in milliseconds. */
  readonly readyMs: number;
  /** Resident memory of the whole: the gateway with its children, and the database server. */
  memory(): number;
  /** A test key without practical limits. */
  key(): string;
  stop(): Promise<void>;
}

/** Starts a real gateway on a data folder of its own, or on one that is there. */
export async function startGateway(
  role: 'api' | 'all',
  dataDir = mkdtempSync(join(tmpdir(), 'reelay-bench-')),
): Promise<BenchGateway> {
  const env = {
    ...process.env,
    REELAY_DATA_DIR: dataDir,
    REELAY_PORT: '0',
    REELAY_ROLE: role,
    REELAY_LOG_LEVEL: 'warn',
    REELAY_REQUESTS_PER_MINUTE: '100000000',
    REELAY_UNFINISHED_TASKS: '100000000',
  };
  const started = performance.now();
  const child = spawn(process.execPath, [BIN, 'serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const address = await announced(child);
  const readyMs = performance.now() - started;
  return {
    address,
    dataDir,
    env,
    readyMs,
    memory: () => family(child.pid ?? 0),
    key: () => {
      const args = [
        BIN,
        'keys',
        'create',
        '--test',
        '--account',
        `bench-${Date.now()}`,
        '--credits',
        '1000000000000',
        '--json',
      ];
      return (JSON.parse(execFileSync(process.execPath, args, { env, encoding: 'utf8' })) as { key: string })
        .key;
    },
    stop: () =>
      new Promise((resolve) => {
        child.on('exit', () => resolve());
        child.kill('SIGTERM');
      }),
  };
}

export function discard(gateway: BenchGateway): void {
  rmSync(gateway.dataDir, { recursive: true, force: true });
}

function announced(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const address = /serves at (http:\S+)/.exec(text)?.[1];
      if (address) resolve(address);
    });
    child.on('exit', (code) => reject(new Error(`the gateway ended with ${code}:\n${text}`)));
  });
}

/** Proportional memory of a process and all its descendants, plus PostgreSQL servers that it left to init. */
function family(pid: number): number {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,comm='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const members = new Set([String(pid)]);
  for (let grew = true; grew; ) {
    grew = false;
    for (const [child = '', parent = '', name = ''] of rows) {
      if (members.has(child) || !(members.has(parent) || name.startsWith('postgres'))) continue;
      members.add(child);
      grew = true;
    }
  }
  let kilobytes = 0;
  for (const member of members) {
    try {
      kilobytes += Number(
        /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${member}/smaps_rollup`, 'utf8'))?.[1] ?? 0,
      );
    } catch {
      // Ended meanwhile.
    }
  }
  return kilobytes * 1024;
}
