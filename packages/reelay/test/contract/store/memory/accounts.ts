import type { AccountChange, AccountVerdict, Transfer } from '../../../../src/core/ledger.ts';
import type { Order } from '../../../../src/core/order.ts';
import type {
  Account,
  AccountStore,
  ApiKey,
  LedgerLine,
  PriceRule,
} from '../../../../src/core/ports/accounts.ts';
import type { Task } from '../../../../src/core/task.ts';
import type { AccountId, Credits, Instant, KeyId, TaskId } from '../../../../src/core/values.ts';
import { bookPrice, inOrder } from '../../../../src/store/prices.ts';
import { MemoryUploads } from './uploads.ts';

export interface AccountRow {
  readonly account: Account;
  available: Credits;
  held: Credits;
  committed: Credits;
  /** The virtual start time of the account's next task, for fair claims. */
  turn: number;
}

export interface KeyRow {
  key: ApiKey;
  unfinished: number;
  committed: Credits;
}

export interface TransferRow extends Transfer {
  readonly wallet: AccountId;
  readonly task: TaskId | null;
  readonly reason: string | null;
}

/** Accounts, keys, credits and prices in memory. */
export abstract class MemoryAccounts extends MemoryUploads implements AccountStore {
  readonly accountRows = new Map<AccountId, AccountRow>();
  readonly keyRows = new Map<KeyId, KeyRow>();
  readonly transfers = new Map<string, TransferRow>();
  readonly #prices: PriceRule[] = [];

  async createAccount(account: Account): Promise<'created' | 'duplicate'> {
    if (await this.accountByName(account.name)) return 'duplicate';
    this.accountRows.set(account.id, { account, available: 0, held: 0, committed: 0, turn: 0 });
    return 'created';
  }

  async accountByName(name: string): Promise<Account | null> {
    return (await this.accounts()).find((account) => account.name === name) ?? null;
  }

  async accounts(): Promise<readonly Account[]> {
    return [...this.accountRows.values()].map((row) => row.account);
  }

  async createKey(key: ApiKey): Promise<void> {
    this.keyRows.set(key.id, { key, unfinished: 0, committed: 0 });
  }

  async keyByHash(hash: string): Promise<ApiKey | null> {
    return [...this.keyRows.values()].find((row) => row.key.hash === hash)?.key ?? null;
  }

  async keyById(id: KeyId): Promise<ApiKey | null> {
    return this.keyRows.get(id)?.key ?? null;
  }

  async keys(account: AccountId | null): Promise<readonly ApiKey[]> {
    return [...this.keyRows.values()]
      .map((row) => row.key)
      .filter((key) => account === null || key.account === account);
  }

  async revokeKey(id: KeyId, at: Instant): Promise<boolean> {
    const row = this.keyRows.get(id);
    if (!row || row.key.revokedAt !== null) return false;
    row.key = { ...row.key, revokedAt: at };
    return true;
  }

  async replaceCallbackSecrets(id: KeyId, secrets: readonly string[]): Promise<void> {
    const row = this.keyRow(id);
    row.key = { ...row.key, callbackSecrets: secrets };
  }

  async commitAccount(change: AccountChange): Promise<AccountVerdict> {
    const account = this.accountRows.get(change.account)?.account;
    if (!account) return 'no_such_account';
    if (this.transfers.has(change.reference)) return 'duplicate';
    const wallet = this.accountRow(account.wallet);
    if (wallet.available + change.amount < 0) return 'insufficient_credits';
    wallet.available += change.amount;
    const holder = `account:${account.wallet}` as const;
    this.transfers.set(change.reference, {
      id: change.reference,
      kind: change.kind,
      from: change.amount > 0 ? 'house:issued' : holder,
      to: change.amount > 0 ? holder : 'house:issued',
      amount: Math.abs(change.amount),
      at: this.now(),
      wallet: account.wallet,
      task: null,
      reason: change.reason,
    });
    return 'committed';
  }

  async balance(wallet: AccountId): Promise<{ available: Credits; held: Credits }> {
    const { available, held } = this.accountRow(wallet);
    return { available, held };
  }

  async ledger(wallet: AccountId, limit: number): Promise<readonly LedgerLine[]> {
    return [...this.transfers.values()]
      .filter((transfer) => transfer.wallet === wallet)
      .reverse()
      .slice(0, limit)
      .map(({ id, kind, amount, task, reason, at }) => ({ id, kind, amount, task, reason, at }));
  }

  async price(model: string, account: AccountId, order: Order): Promise<Credits | null> {
    return bookPrice(this.#prices, model, account, order);
  }

  async setPrice(rule: PriceRule): Promise<void> {
    const same = this.#prices.findIndex((one) => priceName(one) === priceName(rule));
    if (same >= 0) this.#prices.splice(same, 1);
    this.#prices.push(rule);
  }

  async prices(): Promise<readonly PriceRule[]> {
    return inOrder(this.#prices);
  }

  async removePrice(rule: Omit<PriceRule, 'price'>): Promise<boolean> {
    const same = this.#prices.findIndex((one) => priceName(one) === priceName(rule));
    return same >= 0 && this.#prices.splice(same, 1).length > 0;
  }

  /** A task's hold, charge or refund: the wallet's and the counters' share of it. */
  protected transfer(transfer: Transfer, task: Task): void {
    if (this.transfers.has(transfer.id)) throw new Error(`the transfer ${transfer.id} exists`);
    this.transfers.set(transfer.id, { ...transfer, wallet: task.wallet, task: task.id, reason: null });
    const wallet = this.accountRow(task.wallet);
    const { kind, amount } = transfer;
    wallet.held += kind === 'hold' ? amount : -amount;
    const out = kind === 'hold' ? amount : kind === 'refund' ? -amount : 0;
    wallet.available -= out;
    this.accountRow(task.account).committed += out;
    this.keyRow(task.key).committed += out;
    if (wallet.available < 0) throw new Error(`the wallet ${task.wallet} is overdrawn`);
  }

  protected accountRow(id: AccountId): AccountRow {
    const row = this.accountRows.get(id);
    if (!row) throw new Error(`there is no account ${id}`);
    return row;
  }

  protected keyRow(id: KeyId): KeyRow {
    const row = this.keyRows.get(id);
    if (!row) throw new Error(`there is no key ${id}`);
    return row;
  }
}

function priceName(rule: Omit<PriceRule, 'price'>): string {
  return JSON.stringify([rule.model, rule.account, rule.durationSeconds, rule.sound, rule.resolution]);
}
