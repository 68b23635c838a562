import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { ApiKey, Scope } from '../core/ports/accounts.ts';
import { SCOPES } from '../core/ports/accounts.ts';
import type { KeyId } from '../core/values.ts';
import { createKey, grant, newWebhookSecret } from '../flow/accounts.ts';
import { wholeNumber } from './arguments.ts';
import type { Cli, House } from './context.ts';
import { accountNamed, CommandFailed, within } from './context.ts';
import { moment, print, printJson, table } from './output.ts';

interface CreateOptions {
  account: string;
  credits?: number;
  test?: boolean;
  name?: string;
  requestsPerMinute?: number;
  unfinishedTasks?: number;
  strategy?: 'auto' | 'value' | 'official';
  scope?: Scope[];
  expires?: number;
  cap?: number;
  accountCap?: number;
  parent?: string;
  json?: boolean;
}

/** `reelay keys create|list|revoke|rotate`. */
export function addKeys(program: Command, cli: Cli): void {
  const keys = program.command('keys').description('API keys: make, list, revoke');
  keys
    .command('create')
    .description('make a key, and its account where that is new; the key is shown this once')
    .requiredOption('--account <name>', 'the account it belongs to')
    .option('--credits <n>', 'credits to give to the account', wholeNumber(1))
    .option('--test', 'a test key: served by the built-in studio, with play credits')
    .option('--name <text>', 'what it is for')
    .option('--requests-per-minute <n>', 'its rate limit', wholeNumber(1))
    .option('--unfinished-tasks <n>', 'how many tasks it may have under way', wholeNumber(1))
    .addOption(new Option('--strategy <name>', 'its routing').choices(['auto', 'value', 'official']))
    .option('--scope <scope...>', `what it may do (all: ${SCOPES.join(', ')})`, scopes)
    .option('--expires <date>', 'when it ends, as 2027-01-31 or with a time', date)
    .option('--cap <n>', 'the most credits that its tasks may take in all', wholeNumber(0))
    .option('--account-cap <n>', 'the same for all keys of a new account', wholeNumber(0))
    .option('--parent <name>', 'a new account draws on the wallet of this one')
    .option('--json', 'print JSON')
    .action((options: CreateOptions) => within(cli, (house) => create(house, options)));
  keys
    .command('list')
    .description('keys with their limits; never the keys themselves')
    .option('--account <name>', 'only of this account')
    .option('--json', 'print JSON')
    .action((options: { account?: string; json?: boolean }) => within(cli, (house) => list(house, options)));
  keys
    .command('revoke <key-id>')
    .description('end a key; every process stops taking it within 5 seconds')
    .option('--json', 'print JSON')
    .action((id: KeyId, options: { json?: boolean }) => within(cli, (house) => revoke(house, id, options)));
  keys
    .command('rotate <key-id>')
    .description(
      'a new key beside an old one, and a new callback secret; revoke the old one when clients have moved',
    )
    .option('--json', 'print JSON')
    .action((id: KeyId, options: { json?: boolean }) => within(cli, (house) => rotate(house, id, options)));
}

async function create(house: House, options: CreateOptions): Promise<void> {
  const { config } = house;
  const made = await createKey(house, {
    account: options.account,
    sandbox: options.test ?? false,
    name: options.name,
    requestsPerMinute: options.requestsPerMinute ?? config.requestsPerMinute,
    unfinishedTasks: options.unfinishedTasks ?? config.unfinishedTasks,
    strategy: options.strategy,
    scopes: options.scope,
    expiresAt: options.expires,
    cap: options.cap,
    accountCap: options.accountCap,
    parent: options.parent,
  });
  if (options.credits) {
    await grant(house, {
      account: made.account.id,
      amount: options.credits,
      reason: `granted with ${made.key.id}`,
      reference: `key:${made.key.id}`,
    });
  }
  const [callbackSecret] = made.key.callbackSecrets;
  if (options.json) {
    printJson({ key: made.secret, id: made.key.id, account: made.account.name, callbackSecret });
    return;
  }
  print(`${made.secret}\n`);
  print(`account          ${made.account.name}`);
  print(`key id           ${made.key.id}`);
  print(`callback secret  ${callbackSecret}`);
  print('\nNeither is shown again.');
}

async function list(house: House, options: { account?: string; json?: boolean }): Promise<void> {
  const account = options.account === undefined ? null : (await accountNamed(house, options.account)).id;
  const names = new Map((await house.store.accounts()).map((one) => [one.id, one.name]));
  const keys = await house.store.keys(account);
  if (options.json) {
    printJson(keys.map(({ hash: _hash, callbackSecrets: _secrets, ...shown }) => shown));
    return;
  }
  const rows = keys.map((key) => [
    key.id,
    names.get(key.account) ?? key.account,
    `${key.prefix}…${key.last4}`,
    key.strategy,
    key.requestsPerMinute,
    key.unfinishedTasks,
    standing(house, key),
  ]);
  print(table(['ID', 'ACCOUNT', 'KEY', 'STRATEGY', 'A MINUTE', 'UNFINISHED', 'STATE'], rows));
}

function standing(house: House, key: ApiKey): string {
  if (key.revokedAt !== null) return `revoked ${moment(key.revokedAt)}`;
  if (key.expiresAt === null) return 'active';
  return `${key.expiresAt <= house.clock.now() ? 'expired' : 'active until'} ${moment(key.expiresAt)}`;
}

async function revoke(house: House, id: KeyId, options: { json?: boolean }): Promise<void> {
  if (!(await house.store.revokeKey(id, house.clock.now()))) {
    throw new CommandFailed(`There is no key ${id} that is not revoked already.`);
  }
  if (options.json) printJson({ id, revoked: true });
  else print(`${id} is revoked.`);
}

async function rotate(house: House, id: KeyId, options: { json?: boolean }): Promise<void> {
  const old = await house.store.keyById(id);
  const account = (await house.store.accounts()).find((one) => one.id === old?.account);
  if (!old || !account || old.revokedAt !== null) throw new CommandFailed(`There is no key ${id} to rotate.`);
  const made = await createKey(house, { ...old, account: account.name });
  // Callbacks of the old key's tasks are signed with both secrets from now on.
  const secrets = [newWebhookSecret(), ...old.callbackSecrets.slice(0, 1)];
  await house.store.replaceCallbackSecrets(id, secrets);
  await house.store.replaceCallbackSecrets(made.key.id, secrets);
  if (options.json)
    printJson({ key: made.secret, id: made.key.id, replaces: id, callbackSecret: secrets[0] });
  else
    print(
      `${made.secret}\n\nkey id           ${made.key.id}\nreplaces         ${id} (still valid: revoke it when clients have moved)\ncallback secret  ${secrets[0]}`,
    );
}

function scopes(value: string, before: Scope[] | undefined): Scope[] {
  const scope = SCOPES.find((one) => one === value);
  if (!scope) throw new InvalidArgumentError(`one of ${SCOPES.join(', ')}`);
  return [...(before ?? []), scope];
}

function date(value: string): number {
  const at = Date.parse(value);
  if (Number.isNaN(at)) throw new InvalidArgumentError('a date such as 2027-01-31');
  return at;
}
