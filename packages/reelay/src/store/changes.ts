import type { Transfer } from '../core/ledger.ts';
import { hold, resolve } from '../core/ledger.ts';
import type { Commit } from '../core/ports/tasks.ts';
import type { Task } from '../core/task.ts';
import { isOver } from '../core/task.ts';
import type { Credits, LetterId } from '../core/values.ts';
import { Bug } from '../core/values.ts';

/** Events that leave the task in the hands of whoever committed them. */
const LEASING = new Set<string>(['attempted', 'prepared']);

/** A birth as the `birth` type of the database has it. */
export function birthRow({ task, transfers, event, dueInMs }: Commit): object {
  const { idempotency } = task.origin;
  same(transfers, hold(task, task.createdAt));
  return {
    id: task.id,
    account: task.account,
    wallet: task.wallet,
    key: task.key,
    sandbox: task.sandbox,
    model: task.model,
    state: task.state,
    price: task.price,
    hold: task.price,
    at: task.createdAt,
    due_in_ms: dueInMs,
    client_request_id: task.origin.clientRequestId,
    ordered: task.order,
    terms: task.terms,
    origin: task.origin,
    accepted: event.detail,
    idempotency_route: idempotency?.route,
    idempotency_key: idempotency?.key,
    idempotency_fingerprint: idempotency?.fingerprint,
  };
}

/** A later change as the `move` type of the database has it. */
export function moveRow(change: Commit, changeId: string): object {
  const { task, event, files, ambiguity } = change;
  const settled = settlement(change);
  const letters = lettersOf(change);
  const events = eventsOf(change);
  return {
    id: task.id,
    account: task.account,
    wallet: task.wallet,
    key: task.key,
    expects: change.expects,
    version: task.version,
    change_id: changeId,
    state: task.state.name,
    state_data: task.state,
    state_since: task.stateSince,
    attempts: task.attempts,
    cancel_requested: task.cancelRequested,
    updated_at: task.updatedAt,
    started_at: task.startedAt,
    completed_at: task.completedAt,
    due_in_ms: change.dueInMs,
    leased: LEASING.has(event.name),
    prepared: task.prepared,
    tried: task.tried.length > 0 ? task.tried : null,
    event: event.name,
    detail: event.detail,
    ...settled,
    letters: letters.length > 0 ? letters : null,
    ...(events.length > 0 ? { events } : {}),
    files: files.length > 0 ? files : null,
    ambiguity,
  };
}

/** Where the escrow of a task goes that is over; nowhere before. The database writes the transfers from this. */
function settlement({ task, transfers }: Commit): { charge: Credits; refund: Credits } {
  const amount = (kind: Transfer['kind']) => transfers.find((one) => one.kind === kind)?.amount ?? 0;
  const charge = amount('charge');
  const escrow = isOver(task.state) ? task.price : 0;
  same(transfers, resolve({ id: task.id, wallet: task.wallet, escrow }, charge, task.updatedAt));
  return { charge, refund: escrow - charge };
}

/** The store writes the transfers of holds and settlements itself: a change with any other is not one it knows. */
function same(given: readonly Transfer[], known: readonly Transfer[]): void {
  const equal =
    given.length === known.length &&
    given.every((one, index) => {
      const other = known[index];
      return (
        one.id === other?.id && one.from === other.from && one.to === other.to && one.amount === other.amount
      );
    });
  if (!equal) throw new Bug('a change moves credits in a way that the ledger does not know');
}

/** What the account is told of by its endpoints and its feed. */
export function eventsOf({ letters }: Commit): object[] {
  return letters.filter(({ to }) => to === 'endpoints').map(({ type, body }) => ({ type, body }));
}

function lettersOf({ task, letters }: Commit): object[] {
  const { callbackUrl } = task.origin;
  if (callbackUrl === null) return [];
  return letters
    .filter((draft) => draft.to === 'callback')
    .map((draft) => ({
      id: callbackLetterId(task),
      kind: 'callback',
      receiver: `${task.account} ${URL.parse(callbackUrl)?.origin ?? callbackUrl}`,
      url: callbackUrl,
      type: draft.type,
      body: draft.body,
    }));
}

/** A task's one callback: the same id on every attempt, whoever commits it. */
function callbackLetterId(task: Task): LetterId {
  return `evt_${task.id.slice('task_'.length)}`;
}
