// Types and lint of the whole repository: what `npm test` does first, and what one runs while working.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const bin = (name: string) => join('node_modules', '.bin', name);

/** Runs both; true when both are content. */
export function check(): boolean {
  const types = spawnSync(bin('tsc'), ['-p', 'tsconfig.json'], { stdio: 'inherit' }).status === 0;
  const lint =
    spawnSync(bin('biome'), ['check', '--error-on-warnings', '.'], { stdio: 'inherit' }).status === 0;
  return types && lint;
}

if (import.meta.main) process.exit(check() ? 0 : 1);
