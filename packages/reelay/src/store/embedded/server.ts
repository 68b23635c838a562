import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import {
  chown,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { exists } from './binaries.ts';
import type { Place } from './place.ts';
import { settingsFor } from './settings.ts';

const LONGEST_LOG = 4 * 1024 * 1024;
const STOP_FAST_MS = 60_000;
const POLL_MS = 10;
const isWindows = process.platform === 'win32';
const execute = promisify(execFile);

/** The role that owns everything in the embedded server. */
export const ROLE = 'reelay';

/**
 * Makes the cluster unless there is one of the programs' major version. Made aside and renamed: half a cluster never counts.
 * Rejects when the data was made by another major version.
 */
export async function makeCluster(place: Place, native: string, major: string): Promise<void> {
  if (await exists(place.data)) {
    const found = (await readFile(join(place.data, 'PG_VERSION'), 'utf8')).trim();
    if (found === major) return;
    throw new Error(
      `${place.data} was made by PostgreSQL ${found} and this is ${major}: back it up with the old version`,
    );
  }
  // A name of its own: an initdb whose Node was killed goes on writing into its folder for a while.
  const partial = `${place.data}.partial-${randomUUID()}`;
  await mkdir(partial, { mode: 0o700 });
  if (place.owner) await chown(partial, place.owner.uid, place.owner.gid);
  const auth = isWindows
    ? ['--auth=scram-sha-256', `--pwfile=${await makePassword(place)}`]
    : ['--auth=trust'];
  const shape = ['--encoding=UTF8', '--no-locale', '--data-checksums', `--username=${ROLE}`];
  await execute(join(native, 'bin', 'initdb'), ['-D', partial, ...shape, ...auth], identity(place));
  await rename(partial, place.data);
}

/** Removes what starts that were killed half way have left. What is still being written goes next time. */
async function sweepPartials(place: Place): Promise<void> {
  for (const name of await readdir(place.root)) {
    if (!name.startsWith('data.partial-')) continue;
    await rm(join(place.root, name), { recursive: true, force: true }).catch(() => {});
  }
}

/** The server's own password, only used where it has to listen on 127.0.0.1. */
export async function passwordOf(place: Place): Promise<string | undefined> {
  return isWindows ? (await readFile(join(place.root, 'password'), 'utf8')).trim() : undefined;
}

async function makePassword(place: Place): Promise<string> {
  const file = join(place.root, 'password');
  await writeFile(file, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  return file;
}

/** The process id of the server that runs on this data, or null. Removes a pid file whose process is another program by now. */
export async function findServer(place: Place): Promise<number | null> {
  const file = join(place.data, 'postmaster.pid');
  const pid = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10);
  if (!(pid > 0) || !isAlive(pid)) return null;
  if (await isServer(pid, place)) return pid;
  // After a reboot its number may belong to anyone, and PostgreSQL itself would then refuse to start.
  await rm(file, { force: true });
  return null;
}

/** Told by its working directory, which is its data; a dead process that nobody has waited for has none. */
async function isServer(pid: number, place: Place): Promise<boolean> {
  if (process.platform !== 'linux') return isAlive(pid);
  return readlink(`/proc/${pid}/cwd`).then(
    (folder) => folder === place.data,
    (error: NodeJS.ErrnoException) => error.code === 'EACCES',
  );
}

/** Starts the server in a session of its own, so that neither Ctrl-C nor our end takes it down. Returns before it is ready. */
export async function startServer(place: Place, native: string): Promise<ChildProcess> {
  await sweepPartials(place);
  await writeFile(join(place.data, 'postgresql.conf'), settingsFor(place));
  const size = await stat(place.log).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LONGEST_LOG) await rename(place.log, `${place.log}.1`);
  const log = await open(place.log, 'a', 0o600);
  const stdio: ['ignore', number, number] = ['ignore', log.fd, log.fd];
  // On Windows an administrator's server has to be started by pg_ctl, which gives the rights away first.
  const [program, args] = isWindows
    ? ['pg_ctl', ['start', '-W', '-D', place.data]]
    : ['postgres', ['-D', place.data]];
  const child = spawn(join(native, 'bin', program), args, { ...identity(place), detached: true, stdio });
  child.on('error', () => {});
  child.unref();
  await log.close();
  return child;
}

/** Stops the server cleanly: open transactions are rolled back, everything is flushed. */
export async function stopServer(place: Place, native: string): Promise<void> {
  const pid = await findServer(place);
  if (pid === null) return;
  if (isWindows) {
    await execute(join(native, 'bin', 'pg_ctl'), ['stop', '-m', 'fast', '-D', place.data]);
    return;
  }
  process.kill(pid, 'SIGINT');
  for (let waitedMs = 0; await isServer(pid, place); waitedMs += POLL_MS) {
    if (waitedMs === STOP_FAST_MS) process.kill(pid, 'SIGQUIT');
    await sleep(POLL_MS);
  }
}

/** The last lines the server wrote: what a person needs when it does not start. */
export async function lastWords(place: Place): Promise<string> {
  const text = await readFile(place.log, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-5).join('\n');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Nothing of our environment reaches the server (PGDATA, LC_*, secrets); Windows programs cannot live without it. */
function identity(place: Place) {
  const env = isWindows ? undefined : { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' };
  return { cwd: place.root, env, ...(place.owner ?? {}) };
}
