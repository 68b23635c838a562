import { usualMs } from '../core/model.ts';
import type { ApiKey } from '../core/ports/accounts.ts';
import type { ActionName, Actions, Wish } from '../core/ports/actions.ts';
import type { Store } from '../core/ports/store.ts';
import type { Surface } from '../core/ports/surface.ts';
import type { Refusal } from '../core/refusal.ts';
import { isRefusal, refuse } from '../core/refusal.ts';
import type { Origin, TaskSummary } from '../core/task.ts';
import { isOver, phase } from '../core/task.ts';
import type { TaskId } from '../core/values.ts';
import { Bug } from '../core/values.ts';
import type { CreateInput } from '../flow/create.ts';
import { endpointActs } from './endpoint-acts.ts';
import type { Gateway } from './gateway.ts';
import type { Received } from './receive.ts';
import { uploadActs } from './upload-acts.ts';
import type { Waiters } from './waiters.ts';

/** One request, as the actions see it. */
export interface Visit {
  readonly surface: Surface;
  /** Null on routes that need no key. */
  readonly key: ApiKey | null;
  readonly idempotency: Origin['idempotency'];
  /** The file of an upload; null elsewhere, or where the form had none. */
  readonly file: Received | null;
  /** Whether the caller has hung up. */
  isGone(): boolean;
}

export interface Done<T> {
  readonly output: T;
  readonly headers?: Readonly<Record<string, string>>;
  /** The task it was about, for the log. */
  readonly task?: TaskId;
}

export type Acts = {
  readonly [A in ActionName]: (
    input: Actions[A]['input'],
    visit: Visit,
  ) => Promise<Done<Actions[A]['output']> | Refusal>;
};

export const NOT_SET_UP = refuse('unavailable', 'This is not set up on this gateway');
const TASK_NOT_FOUND = refuse('not_found', 'Task not found');
/** How long a cancel waits for those at work to stop. */
const CANCEL_WAIT_MS = 5_000;
const FOLLOW_MS = 60_000;
const REPLAYED = { 'idempotent-replayed': 'true' };

/** What surfaces can ask for, done: each action on behalf of a key, and never on another account's objects. */
export function createActs(gateway: Gateway, waiters: Waiters): Acts {
  const { store } = gateway;
  return {
    ...uploadActs(gateway),
    ...endpointActs(gateway),

    async create(wish, visit) {
      const created = await gateway.create(createInput(wish, visit));
      if (isRefusal(created)) return created;
      const { task, replayed } = created;
      return { output: task, task: task.id, ...(replayed ? { headers: REPLAYED } : {}) };
    },

    async status({ task: id, model, waitMs }, visit) {
      const task = await visible(store, id, visit);
      if (isRefusal(task)) return task;
      if (model !== null && task.model !== model) return TASK_NOT_FOUND;
      const wait = waitMs > 0 && !isOver(task.state);
      if (!wait) return { output: task, task: id };
      const moved = (latest: TaskSummary) => phase(latest) !== phase(task);
      return { output: await waiters.until(task, waitMs, visit.isGone, moved), task: id };
    },

    async quote(wish, visit) {
      const input = createInput(wish, visit);
      const model = gateway.context.models.find((one) => one.id === wish.order.model);
      const expected = model ? usualMs(model, wish.order.durationSeconds) : { minMs: 0, maxMs: 0 };
      const terms = await gateway.quote(input);
      if (isRefusal(terms)) return { output: { credits: model?.price ?? 0, expected, problem: terms } };
      const { available } = await store.balance(input.caller.wallet);
      const problem = available < terms.price ? refuse('insufficient_credits', 'Insufficient credits') : null;
      return { output: { credits: terms.price, expected, problem } };
    },

    async list({ states, clientRequestId, cursor, limit }, visit) {
      const output = await store.list({
        account: owner(visit).account,
        limit,
        ...(states === null ? {} : { state: states }),
        ...(clientRequestId === null ? {} : { clientRequestId }),
        ...(cursor === null ? {} : { cursor }),
      });
      return { output };
    },

    async cancel({ task: id }, visit) {
      const before = await visible(store, id, visit);
      if (isRefusal(before)) return before;
      const { outcome, task } = await gateway.cancel(id);
      if (task === null || outcome === 'not_found') return TASK_NOT_FOUND;
      if (outcome !== 'requested') return { output: { outcome, task }, task: id };
      const after = await waiters.until(task, CANCEL_WAIT_MS, visit.isGone, () => false);
      return { output: { outcome: stopped(after), task: after }, task: id };
    },

    async follow({ task: id }, visit) {
      const task = await visible(store, id, visit);
      if (isRefusal(task)) return task;
      return { output: moves(waiters, task, visit.isGone), task: id };
    },

    async balance(_input, visit) {
      return { output: await store.balance(owner(visit).wallet) };
    },

    async models() {
      return { output: gateway.context.models };
    },
  };
}

/** A task of the caller's account; another's is not found, like one that does not exist. */
async function visible(store: Store, id: TaskId, visit: Visit): Promise<TaskSummary | Refusal> {
  const task = await store.summary(id);
  return task && task.account === owner(visit).account ? task : TASK_NOT_FOUND;
}

function createInput({ order, callbackUrl, clientRequestId }: Wish, visit: Visit): CreateInput {
  const { id: key, account, wallet, sandbox, unfinishedTasks } = owner(visit);
  const { idempotency, surface } = visit;
  return {
    caller: { account, wallet, key, sandbox, unfinishedTasks },
    order,
    origin: { surface: surface.name, callbackUrl, clientRequestId, idempotency },
  };
}

/** A task now and after every committed change, until it is over, the caller has gone or the gateway shuts down. */
async function* moves(
  waiters: Waiters,
  task: TaskSummary,
  isGone: () => boolean,
): AsyncGenerator<TaskSummary> {
  yield task;
  for (let seen = task; !isOver(seen.state) && !isGone() && !waiters.released; ) {
    const { version } = seen;
    seen = await waiters.until(seen, FOLLOW_MS, isGone, (latest) => latest.version > version);
    if (seen.version > version) yield seen;
  }
}

/** What became of a task that somebody was asked to stop. */
function stopped({ state }: TaskSummary): 'stopped' | 'requested' | 'too_late' {
  if (state.name === 'canceled') return 'stopped';
  return isOver(state) ? 'too_late' : 'requested';
}

/** The caller's key. */
export function owner(visit: Visit): ApiKey {
  if (!visit.key) throw new Bug(`${visit.surface.name}: an action that needs a key on a route without one`);
  return visit.key;
}
