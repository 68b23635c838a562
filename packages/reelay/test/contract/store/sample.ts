import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import type { TaskEvent } from '../../../src/core/lifecycle.ts';
import { accept, next } from '../../../src/core/lifecycle.ts';
import type { Account, ApiKey } from '../../../src/core/ports/accounts.ts';
import { SCOPES } from '../../../src/core/ports/accounts.ts';
import type { Store } from '../../../src/core/ports/store.ts';
import type { LetterDraft, Verdict } from '../../../src/core/ports/tasks.ts';
import type { Attempt, Origin, StoredFile, Task } from '../../../src/core/task.ts';
import type { Credits, TaskId } from '../../../src/core/values.ts';

const HOUR_MS = 3_600_000;

/** An id that no other test has. Later ones are greater, as those of the gateway are. */
let count = 0;
const run = Date.now().toString(16).padStart(12, '0');
export function unique(): string {
  count += 1;
  return `${run}${count.toString(16).padStart(8, '0')}${randomBytes(6).toString('hex')}`;
}

/** An account with a wallet of its own, credits in it, and a key. */
export async function customer(
  store: Store,
  {
    credits = 1_000,
    wallet,
    ...wish
  }: Partial<ApiKey> & { credits?: Credits; wallet?: Account['wallet'] } = {},
): Promise<{ account: Account; key: ApiKey }> {
  const id = `acc_${unique()}` as const;
  const account: Account = {
    id,
    name: id,
    sandbox: false,
    wallet: wallet ?? id,
    cap: null,
    createdAt: 1_000,
  };
  assert.equal(await store.createAccount(account), 'created');
  if (credits > 0) {
    const change = {
      account: id,
      reference: `grant:${id}`,
      reason: 'to begin with',
      kind: 'grant',
      amount: credits,
    } as const;
    assert.equal(await store.commitAccount(change), 'committed');
  }
  const key = keyFor(account, wish);
  await store.createKey(key);
  return { account, key };
}

export function keyFor(account: Account, wish: Partial<ApiKey> = {}): ApiKey {
  const id = `key_${unique()}` as const;
  return {
    id,
    account: account.id,
    wallet: account.wallet,
    hash: createHash('sha256').update(id).digest('hex'),
    prefix: 'rly_live_abcd',
    last4: 'wxyz',
    name: 'first',
    sandbox: false,
    scopes: SCOPES,
    strategy: 'auto',
    requestsPerMinute: 10_000,
    unfinishedTasks: 1_000,
    cap: null,
    createdAt: 1_000,
    expiresAt: null,
    revokedAt: null,
    callbackSecrets: ['whsec_AAAA'],
    ...wish,
  };
}

/** A task as it is before its birth. */
export function order(
  key: ApiKey,
  { price = 55, at = 2_000, ...origin }: Partial<Origin> & { price?: Credits; at?: number } = {},
): Task {
  return {
    id: `task_${unique()}`,
    version: 0,
    account: key.account,
    wallet: key.wallet,
    key: key.id,
    sandbox: false,
    model: 'kling-2-6',
    state: { name: 'queued' },
    stateSince: at,
    price,
    escrow: 0,
    attempts: 0,
    cancelRequested: false,
    createdAt: at,
    updatedAt: at,
    startedAt: null,
    completedAt: null,
    order: {
      model: 'kling-2-6',
      mode: 'text-to-video',
      prompt: 'a “quoted” waterfall \\ 🐦',
      media: [],
      durationSeconds: 5,
      sound: true,
      resolution: null,
      aspectRatio: '16:9',
      strategy: 'auto',
      extra: { nested: { list: [1, null, 'x'] } },
    },
    terms: {
      price,
      costCapMicros: null,
      attemptsMax: 3,
      retentionMs: 15 * 24 * HOUR_MS,
      deadlines: { queueMs: 24 * HOUR_MS, attemptMs: HOUR_MS, storingMs: HOUR_MS, unknownMs: 24 * HOUR_MS },
    },
    origin: { surface: 'apixo', callbackUrl: null, clientRequestId: null, idempotency: null, ...origin },
    prepared: null,
    tried: [],
  };
}

/** Commits a birth. */
export function bear(store: Store, task: Task): Promise<Verdict> {
  return store.commit({ ...accept(task), letters: [] });
}

/** A task that is born. */
export async function born(store: Store, key: ApiKey, wish: Parameters<typeof order>[1] = {}): Promise<Task> {
  const task = order(key, wish);
  assert.equal(await bear(store, task), 'committed');
  return accept(task).task;
}

/** Decides and commits what an event makes of a task. */
export async function happen(
  store: Store,
  task: Task,
  event: TaskEvent,
  letters: readonly LetterDraft[] = [],
): Promise<{ verdict: Verdict; task: Task }> {
  const change = next(task, event, task.updatedAt + 1_000);
  return { verdict: await store.commit({ ...change, letters }), task: change.task };
}

/** The task after all of these, each of which must be committed. */
export async function after(store: Store, task: Task, events: readonly TaskEvent[]): Promise<Task> {
  let latest = task;
  for (const event of events) {
    const moved = await happen(store, latest, event);
    assert.equal(moved.verdict, 'committed');
    latest = moved.task;
  }
  return latest;
}

export function attempted(task: Task, leaseMs = 90_000): TaskEvent {
  const attempt: Attempt = {
    number: task.attempts + 1,
    route: 'kling',
    provider: 'kling',
    tier: 'official',
    startedAt: task.updatedAt,
    sendBy: task.updatedAt + 85_000,
    reference: task.id,
    costMicros: 700_000,
  };
  return { is: 'attempted', attempt, leaseMs };
}

export const submitted: TaskEvent = { is: 'submitted', handle: { id: 'up-1' }, dueInMs: 0 };
export const rendered: TaskEvent = {
  is: 'rendered',
  outputs: [{ kind: 'video', at: { url: 'https://cdn.example/film.mp4' } }],
  usage: { costMicros: 700_000 },
};
export const failed: TaskEvent = {
  is: 'failed',
  failure: { code: 'generation_failed', message: 'The generation failed' },
};

export function film(task: TaskId, wish: Partial<StoredFile> = {}): StoredFile {
  return {
    id: `file_${task.slice('task_'.length)}r10`,
    kind: 'video',
    mimeType: 'video/mp4',
    bytes: 5_000_000_000,
    sha256: 'ab'.repeat(32),
    expiresAt: 9_000_000_000_000,
    ...wish,
  };
}

/** A task that has a film to keep. */
export function toStoring(store: Store, task: Task): Promise<Task> {
  return after(store, task, [attempted(task), submitted, rendered]);
}
