// Writes the pages that are made from code. `npm test` fails when one of them is stale.
import { writeFileSync } from 'node:fs';
import { settingsPage } from '../packages/reelay/src/config.ts';

/** Path → content, of every page made from code. */
export function pages(): ReadonlyMap<string, string> {
  return new Map([['docs/settings.md', settingsPage()]]);
}

if (import.meta.main) for (const [path, content] of pages()) writeFileSync(path, content);
