import type { ApiKey } from '../core/ports/accounts.ts';
import type { ActionName, Actions, Surface } from '../core/ports/surface.ts';
import type { Refusal } from '../core/refusal.ts';
import { isRefusal, refuse } from '../core/refusal.ts';
import type { Origin, TaskSummary } from '../core/task.ts';
import { isOver } from '../core/task.ts';
import type { TaskId } from '../core/values.ts';
import { Bug } from '../core/values.ts';
import type { Gateway } from './gateway.ts';
import type { Waiters } from './waiters.ts';

/** One request, as the actions see it. */
export interface Visit {
  readonly surface: Surface;
  /** Null on routes that need no key. */
  readonly key: ApiKey | null;
  readonly idempotency: Origin['idempotency'];
  /** Calls back once the caller has hung up. */
  onGone(listener: () => void): void;
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

const REPLAYED = { 'idempotent-replayed': 'true' };

/** What surfaces can ask for, done: each action on behalf of a key, and never on another account's objects. */
export function createActs(gateway: Gateway, waiters: Waiters): Acts {
  const { store } = gateway;
  return {
    async create({ order, callbackUrl, clientRequestId }, visit) {
      const key = owner(visit);
      const { account, wallet, sandbox, unfinishedTasks } = key;
      const { idempotency, surface } = visit;
      const created = await gateway.create({
        caller: { account, wallet, key: key.id, sandbox, unfinishedTasks },
        order,
        origin: { surface: surface.name, callbackUrl, clientRequestId, idempotency },
      });
      if (isRefusal(created)) return created;
      const { task, replayed } = created;
      return { output: task, task: task.id, ...(replayed ? { headers: REPLAYED } : {}) };
    },

    async status({ task: id, model, waitMs }, visit) {
      const task = await store.summary(id);
      if (!task || !mayRead(visit, task) || (model !== null && task.model !== model)) {
        return refuse('not_found', 'Task not found');
      }
      const wait = waitMs > 0 && !isOver(task.state);
      const output = wait ? await waiters.changed(task, waitMs, visit.onGone) : task;
      return { output, task: id };
    },

    async balance(_input, visit) {
      return { output: await store.balance(owner(visit).wallet) };
    },

    async models() {
      return { output: gateway.context.models };
    },
  };
}

function mayRead(visit: Visit, task: TaskSummary): boolean {
  return task.account === owner(visit).account;
}

function owner(visit: Visit): ApiKey {
  if (!visit.key) throw new Bug(`${visit.surface.name}: an action that needs a key on a route without one`);
  return visit.key;
}
