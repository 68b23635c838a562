import type { AccountId, Credits, Instant, TaskId } from './values.ts';
import { Bug } from './values.ts';

/** Where credits can be. Accounts and tasks can never go below zero (no overdraft); the house can. */
export type Holder = `account:${AccountId}` | `task:${TaskId}` | 'house:issued' | 'house:earned';

export type TransferKind = 'hold' | 'charge' | 'refund' | 'grant' | 'correction';

/**
 * Credits moving from one holder to another: the only way they move, so they are never made nor lost.
 * Only ever added. The id of a task's transfer is derived from the task and the kind: a second one cannot exist.
 */
export interface Transfer {
  readonly id: string;
  readonly kind: TransferKind;
  readonly from: Holder;
  readonly to: Holder;
  /** At least 1: what moves nothing is not a transfer. */
  readonly amount: Credits;
  readonly at: Instant;
}

interface Holding {
  readonly id: TaskId;
  readonly wallet: AccountId;
  readonly escrow: Credits;
}

/** Credits from the wallet into the task's own escrow, when it is accepted. */
export function hold(
  task: { id: TaskId; wallet: AccountId; price: Credits },
  at: Instant,
): readonly Transfer[] {
  return moved(task.id, 'hold', `account:${task.wallet}`, `task:${task.id}`, task.price, at);
}

/** Empties the escrow: the charge to the house, the rest back where it came from. */
export function resolve(task: Holding, charge: Credits, at: Instant): readonly Transfer[] {
  if (charge < 0 || charge > task.escrow) throw new Bug(`a charge of ${charge} on a hold of ${task.escrow}`);
  return [
    ...moved(task.id, 'charge', `task:${task.id}`, 'house:earned', charge, at),
    ...moved(task.id, 'refund', `task:${task.id}`, `account:${task.wallet}`, task.escrow - charge, at),
  ];
}

function moved(
  task: TaskId,
  kind: TransferKind,
  from: Holder,
  to: Holder,
  amount: Credits,
  at: Instant,
): readonly Transfer[] {
  return amount === 0 ? [] : [{ id: `${task}:${kind}`, kind, from, to, amount, at }];
}

/**
 * A change of an account that is no task's doing: credits given, or a correction in either direction.
 * `reference` is unique: the same reference again changes nothing.
 */
export interface AccountChange {
  readonly account: AccountId;
  readonly reference: string;
  readonly reason: string;
  readonly kind: 'grant' | 'correction';
  /** Whole credits, not 0; negative only for a correction, which the wallet must cover. */
  readonly amount: Credits;
}

export type AccountVerdict = 'committed' | 'duplicate' | 'insufficient_credits' | 'no_such_account';
