import { Command, CommanderError } from 'commander';
import { ConfigError, settingsHelp } from '../config.ts';
import { StoreUnavailable } from '../core/ports/tasks.ts';
import { AccountProblem } from '../flow/accounts.ts';
import { addAccounts } from './accounts.ts';
import { addAudit } from './audit.ts';
import type { Cli } from './context.ts';
import { CommandFailed } from './context.ts';
import type { DemoTools } from './demo.ts';
import { addDemo } from './demo.ts';
import { addDoctor } from './doctor.ts';
import { addGenerate } from './generate.ts';
import { addKeys } from './keys.ts';
import { addProviders } from './providers.ts';
import { addServe } from './serve.ts';
import { addTasks } from './tasks.ts';

/** The `reelay` command, whole. */
export function createProgram(cli: Cli, tools: DemoTools, version: string): Command {
  const program = new Command('reelay')
    .description('A self-hosted gateway for AI video generation.')
    .version(version)
    .addHelpText('after', `\n${settingsHelp()}`)
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride();
  addServe(program, cli);
  addDemo(program, cli, tools);
  addGenerate(program, cli, tools.client);
  addKeys(program, cli);
  addAccounts(program, cli);
  addProviders(program, cli);
  addTasks(program, cli);
  addAudit(program, cli);
  addDoctor(program, cli);
  return program;
}

/** Runs one command. What the operator can mend is said in a sentence; the rest is a bug and shows its stack. */
export async function runCli(program: Command, argv: readonly string[]): Promise<void> {
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode;
      return;
    }
    process.exitCode = 1;
    process.stderr.write(`${isExpected(error) ? error.message : stackOf(error)}\n`);
  }
}

/** Thrown by rooms that commands do not see. */
const FOR_OPERATORS = ['FolderInUse', 'AddressInUse', 'BadRules'];

/** Errors whose message was written for the operator; recognised by their name, for they come from many rooms. */
function isExpected(error: unknown): error is Error {
  return (
    error instanceof CommandFailed ||
    error instanceof ConfigError ||
    error instanceof AccountProblem ||
    error instanceof StoreUnavailable ||
    (error instanceof Error && FOR_OPERATORS.includes(error.name))
  );
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
