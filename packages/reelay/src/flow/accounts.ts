import { randomBytes } from 'node:crypto';
import { hashKey, keyHint, makeKey } from '../core/apikey.ts';
import type { AccountVerdict } from '../core/ledger.ts';
import type { Strategy } from '../core/order.ts';
import type { Account, AccountStore, ApiKey, Scope } from '../core/ports/accounts.ts';
import { SCOPES } from '../core/ports/accounts.ts';
import type { Clock, Ids } from '../core/ports/world.ts';
import type { AccountId, Credits, Instant } from '../core/values.ts';

export interface AccountDeps {
  readonly store: AccountStore;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'account' | 'key'>;
}

/** What a new key is to be; what is left out is the house's usual. */
export interface KeyWish {
  /** The account's name; it is made where there is none. */
  readonly account: string;
  readonly name?: string;
  readonly sandbox: boolean;
  readonly requestsPerMinute: number;
  readonly unfinishedTasks: number;
  readonly scopes?: readonly Scope[];
  readonly strategy?: Strategy;
  /** The most credits that its tasks may hold and be charged in all. */
  readonly cap?: Credits | null;
  /** The same for all keys of a new account together. */
  readonly accountCap?: Credits | null;
  readonly expiresAt?: Instant | null;
  /** The account whose wallet a new account draws on, by name; its own where left out. */
  readonly parent?: string;
}

/** Why an account or a key could not be made: the operator's doing, with public text. */
export class AccountProblem extends Error {
  override readonly name = 'AccountProblem';
}

export interface NewKey {
  /** The key itself: shown this once, stored nowhere. */
  readonly secret: string;
  readonly key: ApiKey;
  readonly account: Account;
}

/**
 * Makes a key, and its account where that is new. A test account and a live one never share a name.
 * @throws AccountProblem
 */
export async function createKey(deps: AccountDeps, wish: KeyWish): Promise<NewKey> {
  const account = await accountFor(deps, wish);
  if (account.sandbox !== wish.sandbox) {
    const is = account.sandbox
      ? 'a test account: its keys are test keys'
      : 'a live account: its keys are live keys';
    throw new AccountProblem(`"${account.name}" is ${is}. Use another account name.`);
  }
  const secret = makeKey(wish.sandbox);
  const key: ApiKey = {
    id: deps.ids.key(),
    account: account.id,
    wallet: account.wallet,
    hash: hashKey(secret),
    ...keyHint(secret),
    name: wish.name ?? '',
    sandbox: wish.sandbox,
    scopes: wish.scopes ?? SCOPES,
    strategy: wish.strategy ?? 'auto',
    requestsPerMinute: wish.requestsPerMinute,
    unfinishedTasks: wish.unfinishedTasks,
    cap: wish.cap ?? null,
    createdAt: deps.clock.now(),
    expiresAt: wish.expiresAt ?? null,
    revokedAt: null,
    callbackSecrets: [newWebhookSecret()],
  };
  await deps.store.createKey(key);
  return { secret, key, account };
}

/** A Standard Webhooks secret: `whsec_` and 32 random bytes. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

async function accountFor(deps: AccountDeps, wish: KeyWish): Promise<Account> {
  const existing = await deps.store.accountByName(wish.account);
  if (existing) return existing;
  const id = deps.ids.account();
  const wallet = wish.parent === undefined ? id : await walletOf(deps, wish.parent, wish.sandbox);
  const account: Account = {
    id,
    name: wish.account,
    sandbox: wish.sandbox,
    wallet,
    cap: wish.accountCap ?? null,
    createdAt: deps.clock.now(),
  };
  if ((await deps.store.createAccount(account)) === 'created') return account;
  const made = await deps.store.accountByName(wish.account);
  if (!made) throw new AccountProblem(`the account "${wish.account}" could not be made`);
  return made;
}

async function walletOf(deps: AccountDeps, parent: string, sandbox: boolean): Promise<AccountId> {
  const account = await deps.store.accountByName(parent);
  if (!account) throw new AccountProblem(`there is no account "${parent}"`);
  if (account.sandbox !== sandbox)
    throw new AccountProblem('a test account and a live one cannot share a wallet');
  return account.wallet;
}

/** Gives credits to an account's wallet, or corrects it; the same reference again changes nothing. */
export async function grant(
  deps: Pick<AccountDeps, 'store'>,
  change: { account: AccountId; amount: Credits; reason: string; reference: string },
): Promise<AccountVerdict> {
  return deps.store.commitAccount({ kind: change.amount > 0 ? 'grant' : 'correction', ...change });
}
