// node scripts/run.mjs <reelay command…>        the CLI, on the pinned Node
// node scripts/run.mjs --dev <file.ts> [args…]  a script of this repository, with the test tools installed
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedNode, root, setup } from './setup.mjs';

const [first, ...rest] = process.argv.slice(2);
const dev = first === '--dev';
await setup({ dev });

const script = dev ? rest : [join('packages', 'reelay', 'src', 'bin.ts'), ...(first ? [first] : []), ...rest];
const child = spawn(pinnedNode(), ['--disable-warning=ExperimentalWarning', ...script], {
  cwd: root,
  // What was compiled once is read from there: starts are quicker, and every thread of a render is lighter.
  env: { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'node'), ...process.env },
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
});

// Passed on. A terminal's Ctrl-C reaches the child by itself as well; it takes two within a second for one.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));

// Whoever started us is gone (npm killed, or the shell it runs us in): nobody could stop the child any more, so it is
// told to end. Should we be killed ourselves, the child sees its IPC channel close.
const parents = ancestors();
setInterval(() => {
  if (ancestors() !== parents) child.kill('SIGTERM');
}, 500).unref();

/** Our parent and, where it can be read, its parent. */
function ancestors() {
  try {
    const stat = readFileSync(`/proc/${process.ppid}/stat`, 'utf8');
    return `${process.ppid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]}`;
  } catch {
    return `${process.ppid}`;
  }
}

child.on('exit', (code, signal) =>
  process.exit(code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : 1)),
);
