// Writes the pages that are made from code. `npm test` fails when one of them is stale.
import { writeFileSync } from 'node:fs';
import { settingsPage } from '../packages/reelay/src/config.ts';
import { providerPage } from '../packages/reelay/src/providers/page.ts';
import { PROVIDERS } from '../packages/reelay/src/providers/registry.ts';

/** Path → content, of every page made from code. */
export function pages(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/settings.md', settingsPage()],
    ...PROVIDERS.map((one) => [`docs/providers/${one.name}.md`, providerPage(one)] as const),
  ]);
}

if (import.meta.main) for (const [path, content] of pages()) writeFileSync(path, content);
