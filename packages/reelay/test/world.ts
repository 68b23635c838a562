import type { TaskEvent, TaskEventName } from '../src/core/lifecycle.ts';
import { accept } from '../src/core/lifecycle.ts';
import type { Order } from '../src/core/order.ts';
import type { Ability, ProviderRoute } from '../src/core/routing.ts';
import type { Attempt, Origin, StoredFile, Task, TaskState, TaskStateName } from '../src/core/task.ts';
import { kling26 } from '../src/models/kling-2-6.ts';

/** Samples of the house's nouns, whole and plain, for tests that care for one field or two. */

export const T0 = Date.UTC(2026, 0, 1);

export function anOrder(more: Partial<Order> = {}): Order {
  return {
    model: 'kling-2-6',
    mode: 'text-to-video',
    prompt: 'a serene waterfall in the forest with birds chirping',
    media: [],
    durationSeconds: 5,
    sound: false,
    resolution: null,
    aspectRatio: '16:9',
    strategy: 'auto',
    extra: {},
    ...more,
  };
}

export function anOrigin(more: Partial<Origin> = {}): Origin {
  return { surface: 'apixo', callbackUrl: null, clientRequestId: null, idempotency: null, ...more };
}

/** A task just born: queued, accepted, its price in its own escrow. */
export function aTask(more: Partial<Task> = {}): Task {
  const { task } = accept({
    id: 'task_1',
    version: 0,
    account: 'acc_1',
    wallet: 'acc_1',
    key: 'key_1',
    sandbox: false,
    model: 'kling-2-6',
    state: { name: 'queued' },
    stateSince: T0,
    price: kling26.price,
    escrow: 0,
    attempts: 0,
    cancelRequested: false,
    createdAt: T0,
    updatedAt: T0,
    startedAt: null,
    completedAt: null,
    order: anOrder(),
    terms: {
      price: kling26.price,
      costCapMicros: null,
      attemptsMax: kling26.attemptsMax,
      retentionMs: kling26.retentionMs,
      deadlines: kling26.deadlines,
    },
    origin: anOrigin(),
    prepared: null,
    tried: [],
    ...more,
  });
  return more.escrow === undefined ? task : { ...task, escrow: more.escrow };
}

export function anAttempt(more: Partial<Attempt> = {}): Attempt {
  return {
    number: 1,
    route: 'fast',
    provider: 'fal',
    tier: 'value',
    startedAt: T0,
    sendBy: T0 + 85_000,
    reference: 'task_1',
    costMicros: 350_000,
    ...more,
  };
}

export function aFile(more: Partial<StoredFile> = {}): StoredFile {
  return {
    id: 'file_1',
    kind: 'video',
    mimeType: 'video/mp4',
    bytes: 1_000,
    sha256: 'a'.repeat(64),
    expiresAt: T0 + kling26.retentionMs,
    ...more,
  };
}

/** One of every state. */
export const STATES: { readonly [Name in TaskStateName]: Extract<TaskState, { name: Name }> } = {
  queued: { name: 'queued' },
  submitting: { name: 'submitting', attempt: anAttempt() },
  unknown: { name: 'unknown', attempt: anAttempt(), emptyReads: 0 },
  running: { name: 'running', attempt: anAttempt(), handle: { id: 'job' }, progress: null },
  storing: {
    name: 'storing',
    attempt: anAttempt(),
    outputs: [{ kind: 'video', at: { url: 'https://upstream.example/film.mp4' } }],
    usage: { costMicros: null },
  },
  succeeded: { name: 'succeeded', files: [aFile()], charge: kling26.price },
  failed: { name: 'failed', failure: { code: 'generation_failed', message: 'The generation failed' } },
  canceled: { name: 'canceled', outcome: 'stopped' },
};

/** One of every event. */
export const EVENTS: { readonly [Name in TaskEventName]: Extract<TaskEvent, { is: Name }> } = {
  prepared: { is: 'prepared', prepared: { media: [] }, files: [aFile({ kind: 'input' })], leaseMs: 90_000 },
  deferred: { is: 'deferred', reason: 'later', dueInMs: 5_000 },
  attempted: { is: 'attempted', attempt: anAttempt(), leaseMs: 90_000 },
  submitted: { is: 'submitted', handle: { id: 'job' }, dueInMs: 50_000 },
  doubted: { is: 'doubted', reason: 'no answer', dueInMs: 1_000 },
  found: { is: 'found', handle: { id: 'job' }, dueInMs: 0 },
  absent: { is: 'absent', evidence: { because: 'looked up' } },
  progressed: { is: 'progressed', progress: 40, dueInMs: 5_000 },
  rendered: { is: 'rendered', outputs: STATES.storing.outputs, usage: { costMicros: 420_000 } },
  rerouted: { is: 'rerouted', reason: 'internal', dueInMs: 0 },
  stored: { is: 'stored', files: [aFile()] },
  failed: { is: 'failed', failure: STATES.failed.failure },
  canceled: { is: 'canceled' },
  cancelRequested: { is: 'cancelRequested' },
  expired: { is: 'expired' },
};

export function anAbility(more: Partial<Ability> = {}): Ability {
  return {
    model: 'kling-2-6',
    modes: ['text-to-video', 'image-to-video'],
    durationsSeconds: [5, 10],
    sound: true,
    aspectRatios: ['1:1', '16:9', '9:16'],
    lastFrame: true,
    promptMax: 2_500,
    costMicros: () => 350_000,
    ...more,
  };
}

export function aRoute(more: Partial<ProviderRoute> = {}): ProviderRoute {
  return {
    name: 'fast',
    provider: 'fal',
    tier: 'value',
    abilities: [anAbility()],
    weight: 1,
    health: 'well',
    ...more,
  };
}
