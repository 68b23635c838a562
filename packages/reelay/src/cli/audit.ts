import type { Command } from 'commander';
import type { Violation } from '../core/ports/store.ts';
import type { Cli, House } from './context.ts';
import { within } from './context.ts';
import { print, printJson } from './output.ts';

/** `reelay audit`: holds every law against the live database; exit code 1 where one is broken. */
export function addAudit(program: Command, cli: Cli): void {
  program
    .command('audit')
    .description(
      'check every law of the ledger and the tasks on the live database; exits 1 when one is broken',
    )
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => within(cli, (house) => audit(house, cli, options)));
}

async function audit(house: House, cli: Cli, options: { json?: boolean }): Promise<void> {
  const elapsedMs = cli.stopwatch();
  const violations = await house.store.audit();
  const durationMs = Math.round(elapsedMs());
  if (violations.length > 0) process.exitCode = 1;
  if (options.json) return printJson({ ok: violations.length === 0, violations, durationMs });
  for (const violation of violations) print(line(violation));
  print(
    violations.length === 0 ? `Every law holds (${durationMs} ms).` : `${violations.length} laws are broken.`,
  );
}

function line({ law, ids, detail }: Violation): string {
  const shown = ids.slice(0, 20).join(', ');
  return `✗ ${law}: ${detail}\n    ${shown}${ids.length > 20 ? `, and ${ids.length - 20} more` : ''}`;
}
