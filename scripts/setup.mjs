// Brings a fresh clone to where Reelay can run: dependencies from the lockfile, and with them the pinned Node.
// Plain JavaScript, because the machine's own Node (20 or later) runs it before anything is installed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const stampFile = join(root, 'node_modules', '.reelay-setup.json');

function lockHash() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/** What the last complete installation was: the lockfile it followed, and whether developers' tools were in it. */
function stamp() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'));
  } catch {
    return { lock: '', dev: false };
  }
}

/**
 * Installs what package-lock.json says, unless that is there already. Prints what it does, for it takes a while.
 * @param {{ dev: boolean }} options dev: with the tools that only tests and builds need
 */
export async function setup({ dev }) {
  const lock = lockHash();
  const had = stamp();
  if (had.lock === lock && (had.dev || !dev)) return;
  const what = dev ? 'dependencies and test tools' : 'dependencies';
  process.stderr.write(`Setting up: ${what} (once; this can take a minute)…\n`);
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  if (!dev) args.push('--omit=dev');
  await run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args);
  writeFileSync(stampFile, JSON.stringify({ lock, dev }));
}

/** The Node that the lockfile brings; the machine's own where there is none for this platform and it is new enough. */
export function pinnedNode() {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const brought = join(root, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(brought)) return brought;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 19)) return process.execPath;
  process.stderr.write(
    `Reelay brings its own Node for Linux and Windows; on ${process.platform}-${process.arch} it needs Node 22.19 or later (this is ${process.version}).\n`,
  );
  process.exit(1);
}

function run(command, args) {
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    });
    child.on('exit', (code) => {
      if (code === 0) return done();
      process.stderr.write(`\nSetting up failed: npm ${args.join(' ')} ended with ${code}.\n`);
      process.exit(1);
    });
  });
}
