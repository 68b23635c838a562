import type { Command } from 'commander';
import { grant } from '../flow/accounts.ts';
import { wholeNumber } from './arguments.ts';
import type { Cli, House } from './context.ts';
import { accountNamed, CommandFailed, within } from './context.ts';
import { moment, print, printJson, table } from './output.ts';

/** `reelay accounts list`, `reelay credits grant|balance|ledger`, `reelay prices set`. */
export function addAccounts(program: Command, cli: Cli): void {
  const accounts = program.command('accounts').description('accounts and their wallets');
  accounts
    .command('list')
    .description('accounts with what they have')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => within(cli, (house) => list(house, options)));

  const credits = program.command('credits').description('grant credits, look at balances');
  credits
    .command('grant')
    .description("give credits to an account's wallet, or take some back with a negative number")
    .requiredOption('--account <name>', 'the account')
    .requiredOption('--credits <n>', 'how many', wholeNumber(Number.MIN_SAFE_INTEGER))
    .option('--reason <text>', 'why, for the ledger', 'granted by the operator')
    .option('--reference <text>', 'unique: the same reference again changes nothing')
    .option('--json', 'print JSON')
    .action((options: GrantOptions) => within(cli, (house) => give(house, options)));
  credits
    .command('balance')
    .description('what a wallet has left, and what its tasks hold')
    .requiredOption('--account <name>', 'the account')
    .option('--json', 'print JSON')
    .action((options: Named) => within(cli, (house) => balance(house, options)));
  credits
    .command('ledger')
    .description('the latest transfers of a wallet')
    .requiredOption('--account <name>', 'the account')
    .option('--limit <n>', 'how many', wholeNumber(1), 20)
    .option('--json', 'print JSON')
    .action((options: Named & { limit: number }) => within(cli, (house) => ledger(house, options)));

  program
    .command('prices')
    .description('the price book')
    .command('set')
    .description("set a price; the most exact row wins, and a model's own price stands where there is none")
    .requiredOption('--model <id>', 'the model')
    .requiredOption('--credits <n>', 'the price', wholeNumber(0))
    .option('--account <name>', 'only for this account')
    .option('--duration <seconds>', 'only for this length', wholeNumber(1))
    .option('--sound <on|off>', 'only with or without sound')
    .option('--resolution <name>', 'only in this resolution')
    .option('--json', 'print JSON')
    .action((options: PriceOptions) => within(cli, (house) => price(house, options)));
}

interface Named {
  account: string;
  json?: boolean;
}
interface GrantOptions extends Named {
  credits: number;
  reason: string;
  reference?: string;
}
interface PriceOptions {
  model: string;
  credits: number;
  account?: string;
  duration?: number;
  sound?: string;
  resolution?: string;
  json?: boolean;
}

async function list(house: House, options: { json?: boolean }): Promise<void> {
  const accounts = await house.store.accounts();
  const rows = await Promise.all(
    accounts.map(async (account) => ({ ...account, ...(await house.store.balance(account.wallet)) })),
  );
  if (options.json) return printJson(rows);
  const cells = rows.map((row) => [
    row.name,
    row.sandbox ? 'test' : 'live',
    row.available,
    row.held,
    moment(row.createdAt),
  ]);
  print(table(['ACCOUNT', 'KIND', 'AVAILABLE', 'HELD', 'CREATED'], cells));
}

async function give(house: House, options: GrantOptions): Promise<void> {
  const account = await accountNamed(house, options.account);
  if (options.credits === 0) throw new CommandFailed('--credits must not be 0: nothing would move.');
  // Ids of tasks are unique, and this change has no name of its own.
  const reference = options.reference ?? `cli:${house.ids.task()}`;
  const verdict = await grant(house, {
    account: account.id,
    amount: options.credits,
    reason: options.reason,
    reference,
  });
  if (verdict === 'insufficient_credits')
    throw new CommandFailed('The wallet does not have that many credits.');
  const now = await house.store.balance(account.wallet);
  if (options.json) return printJson({ account: account.name, verdict, ...now });
  print(
    verdict === 'duplicate'
      ? `Nothing changed: ${reference} was granted before.`
      : `Granted ${options.credits}.`,
  );
  print(`${account.name} has ${now.available} credits, and ${now.held} held.`);
}

async function balance(house: House, options: Named): Promise<void> {
  const account = await accountNamed(house, options.account);
  const now = await house.store.balance(account.wallet);
  if (options.json) return printJson({ account: account.name, ...now });
  print(`${account.name} has ${now.available} credits, and ${now.held} held.`);
}

async function ledger(house: House, options: Named & { limit: number }): Promise<void> {
  const account = await accountNamed(house, options.account);
  const lines = await house.store.ledger(account.wallet, options.limit);
  if (options.json) return printJson(lines);
  const rows = lines.map((line) => [moment(line.at), line.kind, line.amount, line.task ?? line.reason ?? '']);
  print(table(['WHEN', 'WHAT', 'CREDITS', 'FOR'], rows));
}

async function price(house: House, options: PriceOptions): Promise<void> {
  if (!house.models.byId(options.model)) throw new CommandFailed(`There is no model "${options.model}".`);
  if (options.sound !== undefined && options.sound !== 'on' && options.sound !== 'off') {
    throw new CommandFailed('--sound is on or off.');
  }
  const rule = {
    model: options.model,
    account: options.account === undefined ? null : (await accountNamed(house, options.account)).id,
    durationSeconds: options.duration ?? null,
    sound: options.sound === undefined ? null : options.sound === 'on',
    resolution: options.resolution ?? null,
    price: options.credits,
  };
  await house.store.setPrice(rule);
  if (options.json) printJson(rule);
  else
    print(
      `${options.model} costs ${options.credits} credits there from now on; tasks already taken keep their price.`,
    );
}
