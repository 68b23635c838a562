import type { AccountChange, AccountVerdict } from '../ledger.ts';
import type { Order, Strategy } from '../order.ts';
import type { AccountId, Credits, Instant, KeyId, TaskId } from '../values.ts';

/** What a key may do. Source: contract Rivya B1. */
export const SCOPES = [
  'models:read',
  'generations:create',
  'generations:read',
  'files:create',
  'files:read',
  'credits:read',
  'webhooks:manage',
] as const;
export type Scope = (typeof SCOPES)[number];

export interface Account {
  readonly id: AccountId;
  readonly name: string;
  readonly sandbox: boolean;
  readonly wallet: AccountId;
  readonly cap: Credits | null;
  readonly createdAt: Instant;
}

/** An API key as it is stored: never the key itself. */
export interface ApiKey {
  readonly id: KeyId;
  readonly account: AccountId;
  readonly wallet: AccountId;
  /** SHA-256 of the key, hex. */
  readonly hash: string;
  readonly prefix: string;
  readonly last4: string;
  readonly name: string;
  readonly sandbox: boolean;
  readonly scopes: readonly Scope[];
  readonly strategy: Strategy;
  readonly requestsPerMinute: number;
  readonly unfinishedTasks: number;
  /** The most credits that its tasks may hold and have been charged in all; null: no cap. */
  readonly cap: Credits | null;
  readonly createdAt: Instant;
  readonly expiresAt: Instant | null;
  readonly revokedAt: Instant | null;
  /** `whsec_…`, for the callbacks of its tasks; newest first, two during a rotation. Sealed at rest. */
  readonly callbackSecrets: readonly string[];
}

/** Accounts, keys and credits. */
export interface AccountStore {
  createAccount(account: Account): Promise<'created' | 'duplicate'>;
  accountByName(name: string): Promise<Account | null>;
  accounts(): Promise<readonly Account[]>;
  createKey(key: ApiKey): Promise<void>;
  keyByHash(hash: string): Promise<ApiKey | null>;
  keyById(id: KeyId): Promise<ApiKey | null>;
  keys(account: AccountId | null): Promise<readonly ApiKey[]>;
  /** False where there is no such unrevoked key. */
  revokeKey(id: KeyId, at: Instant): Promise<boolean>;
  replaceCallbackSecrets(id: KeyId, secrets: readonly string[]): Promise<void>;
  commitAccount(change: AccountChange): Promise<AccountVerdict>;
  /** What the wallet has left, and what its tasks hold. */
  balance(wallet: AccountId): Promise<{ available: Credits; held: Credits }>;
  /** Transfers of a wallet, newest first. */
  ledger(wallet: AccountId, limit: number): Promise<readonly LedgerLine[]>;
  /** The price of an order now: the price book's row for it, or null where the model's own price stands. */
  price(model: string, account: AccountId, order: Order): Promise<Credits | null>;
  setPrice(rule: PriceRule): Promise<void>;
}

export interface LedgerLine {
  readonly id: string;
  readonly kind: string;
  readonly amount: Credits;
  readonly task: TaskId | null;
  readonly reason: string | null;
  readonly at: Instant;
}

/** A row of the price book; null fields match everything, the most exact row wins. */
export interface PriceRule {
  readonly model: string;
  readonly account: AccountId | null;
  readonly durationSeconds: number | null;
  readonly sound: boolean | null;
  readonly resolution: string | null;
  readonly price: Credits;
}
