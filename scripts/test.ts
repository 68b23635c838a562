// Everything that must hold: types, lint, then every test of every package. Ends with one line: “N passed, N failed”.
//   npm test [-- path…]   all, or the test files under these paths
//   npm run test:night    the long runs as well (files named *.night.ts)
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve, sep } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { check } from './check.ts';

const args = process.argv.slice(2);
const night = args.includes('--night');
const paths = args.filter((arg) => !arg.startsWith('--')).map((path) => resolve(path));

const files = globSync(['packages/*/test/**/*.test.ts', ...(night ? ['packages/*/test/**/*.night.ts'] : [])])
  .map((file) => resolve(file))
  .filter((file) => paths.length === 0 || paths.some((path) => file === path || file.startsWith(path + sep)))
  .sort();

let passed = 0;
let failed = 0;
let skipped = 0;

if (paths.length === 0) {
  if (check()) passed += 1;
  else failed += 1;
}

const failures: string[] = [];
const events = run({
  files,
  concurrency: Math.max(2, availableParallelism()),
  timeout: night ? Infinity : 600_000,
});
events.on('test:pass', ({ details, skip, name, file }) => {
  if (details.type === 'suite' || name === file) return;
  if (skip === undefined || skip === false) passed += 1;
  else skipped += 1;
});
events.on('test:fail', ({ details, name, file }) => {
  if (details.type === 'suite' && details.error?.cause !== undefined) return;
  failed += 1;
  failures.push(`${file ?? ''}: ${name}`);
});
events.compose(spec).pipe(process.stdout);
events.on('end', () => {
  // The reporter writes its summary after the events have ended.
  setImmediate(() => {
    if (failures.length > 0)
      process.stdout.write(`\nFailed:\n${failures.map((line) => `  ${line}`).join('\n')}\n`);
    if (files.length === 0) failed += 1;
    process.stdout.write(
      `\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`,
    );
    process.exit(failed === 0 ? 0 : 1);
  });
});
