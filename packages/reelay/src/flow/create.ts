import { accept } from '../core/lifecycle.ts';
import type { Model } from '../core/model.ts';
import { check } from '../core/model.ts';
import type { Order } from '../core/order.ts';
import type { AccountStore } from '../core/ports/accounts.ts';
import type { Files } from '../core/ports/files.ts';
import { StorageFull } from '../core/ports/files.ts';
import type { Routes } from '../core/ports/provider.ts';
import type { TaskStore } from '../core/ports/tasks.ts';
import type { Clock, Ids, Models } from '../core/ports/world.ts';
import type { Refusal } from '../core/refusal.ts';
import { isRefusal, refuse } from '../core/refusal.ts';
import { attemptCap, choose } from '../core/routing.ts';
import type { Origin, Task, TaskSummary, Terms } from '../core/task.ts';
import type { AccountId, Credits, KeyId, UsdMicros } from '../core/values.ts';
import { Bug } from '../core/values.ts';

export interface CreateDeps {
  readonly store: TaskStore & Pick<AccountStore, 'price'>;
  readonly models: Models;
  readonly routes: Routes;
  readonly files: Pick<Files, 'room'>;
  readonly clock: Clock;
  readonly ids: Ids;
  /** What tasks may cost upstream; absent: anything. */
  readonly money?: Money;
}

export interface Money {
  /** Of all attempts of a task together; null: no cap. */
  readonly costCapMicros: UsdMicros | null;
  /** The share of the price that is to be left of it, from 0 to below 1; null: routes may cost more than the price. */
  readonly marginFloor: number | null;
  readonly creditsPerUsd: number;
}

/** The key that an order came with. */
export interface Orderer {
  readonly account: AccountId;
  readonly wallet: AccountId;
  readonly key: KeyId;
  readonly sandbox: boolean;
  readonly unfinishedTasks: number;
}

export interface CreateInput {
  readonly caller: Orderer;
  readonly order: Order;
  readonly origin: Origin;
}

export interface Created {
  readonly task: TaskSummary;
  /** The same request had been taken before: this is its task, and nothing was held again. */
  readonly replayed: boolean;
}

/**
 * Takes an order durably: checks it, quotes it, and commits the task with its hold. The id is given out only after
 * the commit is on disk. A repeated idempotency key answers the original task.
 */
export async function create(deps: CreateDeps, input: CreateInput): Promise<Created | Refusal> {
  const earlier = await replay(deps, input);
  if (earlier) return earlier;

  const accepted = await terms(deps, input);
  if (isRefusal(accepted)) return accepted;

  const task = birth(deps, input, accepted);
  const verdict = await deps.store.commit({ ...accept(task), letters: [] });
  switch (verdict) {
    case 'committed':
      return { task: { ...task, version: 1, escrow: task.price }, replayed: false };
    case 'insufficient_credits':
      return refuse('insufficient_credits', 'Insufficient credits');
    case 'too_many_tasks': {
      const most = input.caller.unfinishedTasks;
      const message = `Too many unfinished tasks: at most ${most} at a time. Wait and retry.`;
      return refuse('too_many_tasks', message, { retryAfterMs: 5_000 });
    }
    case 'duplicate': {
      const original = await replay(deps, input);
      if (original) return original;
      return refuse('idempotency_in_flight', 'A request with this Idempotency-Key is under way', {
        retryAfterMs: 1_000,
      });
    }
    case 'stale':
      throw new Bug('a birth cannot be stale');
  }
}

interface Accepted {
  readonly model: Model;
  readonly price: Credits;
  readonly terms: Terms;
}

/** What the order is accepted on, or why it is not. Creates nothing. */
export async function terms(deps: CreateDeps, input: CreateInput): Promise<Accepted | Refusal> {
  const { order, caller } = input;
  const model = deps.models.byId(order.model);
  if (!model) return refuse('model_unknown', `Unknown model: ${order.model}`, { field: 'model' });
  const wrong = check(model, order, { prompt: 'prompt', media: 'media', params: 'params' });
  if (wrong) return wrong;
  const price = (await deps.store.price(model.id, caller.account, order)) ?? model.price;
  const terms = termsOf(model, price, deps.money);
  const choice = choose(await deps.routes.all(), order, { sandbox: caller.sandbox, tried: [], terms });
  if (choice.route === null && !choice.later) return refuse('no_provider', unserved(order));
  try {
    await deps.files.room();
  } catch (error) {
    if (error instanceof StorageFull) {
      return refuse('unavailable', 'No room for new results at the moment', { retryAfterMs: 60_000 });
    }
    throw error;
  }
  return { model, price, terms };
}

function termsOf(model: Model, price: Credits, money: Money | undefined): Terms {
  const { attemptsMax, retentionMs, deadlines } = model;
  const terms = { price, costCapMicros: money?.costCapMicros ?? null, attemptsMax, retentionMs, deadlines };
  if (!money || money.marginFloor === null) return terms;
  return { ...terms, attemptCapMicros: attemptCap(price, money.creditsPerUsd, money.marginFloor) };
}

function unserved(order: Order): string {
  const strategy = order.strategy === 'auto' ? '' : ` with strategy "${order.strategy}"`;
  return `No configured provider can serve ${order.model}${strategy} for a live key. Add one with "reelay providers add", or use a test key (rly_test_…), which the built-in studio serves.`;
}

async function replay(deps: CreateDeps, { caller, origin }: CreateInput): Promise<Created | Refusal | null> {
  const { idempotency } = origin;
  if (!idempotency) return null;
  const original = await deps.store.original(caller.account, idempotency.route, idempotency.key);
  if (!original) return null;
  if (original.fingerprint !== idempotency.fingerprint) {
    return refuse('idempotency_conflict', 'This Idempotency-Key was used for a different request');
  }
  const task = await deps.store.summary(original.task);
  return task && { task, replayed: true };
}

function birth(deps: CreateDeps, { caller, order, origin }: CreateInput, accepted: Accepted): Task {
  const { model, price, terms } = accepted;
  const now = deps.clock.now();
  return {
    id: deps.ids.task(),
    version: 0,
    account: caller.account,
    wallet: caller.wallet,
    key: caller.key,
    sandbox: caller.sandbox,
    model: model.id,
    state: { name: 'queued' },
    stateSince: now,
    price,
    escrow: 0,
    attempts: 0,
    cancelRequested: false,
    createdAt: now,
    updatedAt: now,
    startedAt: null,
    completedAt: null,
    order,
    terms,
    origin,
    prepared: null,
    tried: [],
  };
}
