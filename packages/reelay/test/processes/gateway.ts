import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const RUN = join(root, 'scripts', 'run.mjs');

/** A gateway as `npm start` runs it: a process of its own behind `scripts/run.mjs`, on the embedded database. */
export interface RunningGateway {
  readonly child: ChildProcess;
  readonly address: string;
  /** All it has printed. */
  readonly printed: () => string;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
}

/** A data folder of the test's own, removed after it; gateways that still run on it are ended first. */
export async function makeDataDir(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'reelay-process-'));
  // Reachable for the database's user, so that the database lies in it.
  await chmod(path, 0o755);
  t.after(async () => {
    for (const gateway of running.get(path) ?? []) {
      gateway.child.kill('SIGTERM');
      await gateway.ended;
    }
    await rm(path, { recursive: true, force: true });
  });
  return path;
}

const running = new Map<string, RunningGateway[]>();

function environment(dataDir: string): NodeJS.ProcessEnv {
  const { DATABASE_URL: _, ...env } = process.env;
  return { ...env, REELAY_DATA_DIR: dataDir, REELAY_PORT: '0', REELAY_LOG_LEVEL: 'warn' };
}

/** Starts it and waits until it says that it serves. Rejects with what it printed when it ends before that. */
export async function startGateway(dataDir: string): Promise<RunningGateway> {
  const child = spawn(process.execPath, [RUN, 'serve'], {
    cwd: root,
    env: environment(dataDir),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const ended = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
  const address = await new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      text += chunk.toString();
      const found = /serves at (http:\S+)/.exec(text)?.[1];
      // What follows (the key, the curl) is printed in the same breath.
      if (found && text.includes('Ctrl-C')) resolve(found);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    void ended.then((code) => reject(new Error(`ended with ${code}:\n${text}`)));
  });
  const gateway = { child, address, printed: () => text, ended };
  running.set(dataDir, [...(running.get(dataDir) ?? []), gateway]);
  return gateway;
}

/** Runs one command of the CLI to its end. Rejects where it exits with another code than 0. */
export async function reelay(dataDir: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [RUN, ...args], {
    cwd: root,
    env: environment(dataDir),
  });
  return stdout;
}
