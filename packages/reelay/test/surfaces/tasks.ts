import { FAILURE_CODES, failure } from '../../src/core/failure.ts';
import type { Order } from '../../src/core/order.ts';
import type { SurfaceContext } from '../../src/core/ports/surface.ts';
import type { TaskState, TaskSummary } from '../../src/core/task.ts';
import { MODELS } from '../../src/models/catalogue.ts';

/** A house for surfaces: links that can be told apart, one forbidden host. */
export function contextWith(settings: Partial<SurfaceContext['settings']> = {}): SurfaceContext {
  return {
    models: MODELS,
    resultUrl: (file) => `https://results.test/f/${file.id}?exp=${file.expiresAt}`,
    judgeUrl: (url) => (new URL(url).hostname === 'private.test' ? 'it is a private address' : null),
    settings: {
      apixoInsufficientCreditsStatus: 400,
      apixoSoundRequired: false,
      creditsPerUsd: 100,
      ...settings,
    },
  };
}

const ATTEMPT = {
  number: 1,
  route: 'studio',
  provider: 'studio',
  tier: 'own',
  startedAt: 1_767_965_612_000,
  sendBy: 1_767_965_697_000,
  reference: 'ref',
  costMicros: null,
} as const;

const CREATED_AT = 1_767_965_610_929;
const COMPLETED_AT = 1_767_965_652_317;

export const FILM = {
  id: 'file_film',
  kind: 'video',
  mimeType: 'video/mp4',
  bytes: 10,
  sha256: 'ab',
  expiresAt: COMPLETED_AT + 15 * 86_400_000,
} as const;

/** Every state that a task can be in, one task each. */
export function tasksInEveryState(): readonly TaskSummary[] {
  const outputs = [{ kind: 'video', at: { url: 'https://up.test/a.mp4' } }] as const;
  const states: readonly TaskState[] = [
    { name: 'queued' },
    { name: 'submitting', attempt: ATTEMPT },
    { name: 'unknown', attempt: ATTEMPT, emptyReads: 0 },
    { name: 'running', attempt: ATTEMPT, handle: 'h', progress: 0.5 },
    { name: 'storing', attempt: ATTEMPT, outputs, usage: { costMicros: null } },
    { name: 'succeeded', files: [FILM, { ...FILM, id: 'file_poster', kind: 'poster' }], charge: 55 },
    ...FAILURE_CODES.map((code) => ({ name: 'failed', failure: failure(code) }) as const),
    { name: 'canceled', outcome: 'before_start' },
  ];
  return states.map(taskIn);
}

/** A task in a state, with times to match. */
export function taskIn(state: TaskState): TaskSummary {
  const over = ['succeeded', 'failed', 'canceled'].includes(state.name);
  return {
    id: 'task_12345678',
    version: 3,
    account: 'acc_one',
    wallet: 'acc_one',
    key: 'key_one',
    sandbox: false,
    model: 'kling-2-6',
    state,
    stateSince: CREATED_AT,
    price: 55,
    escrow: over ? 0 : 55,
    attempts: state.name === 'queued' ? 0 : 1,
    cancelRequested: false,
    createdAt: CREATED_AT,
    updatedAt: over ? COMPLETED_AT : CREATED_AT,
    startedAt: state.name === 'queued' ? null : ATTEMPT.startedAt,
    completedAt: over ? COMPLETED_AT : null,
  };
}

/** An order that the first model takes. */
export const ORDER: Order = {
  model: 'kling-2-6',
  mode: 'text-to-video',
  prompt: 'a kettle',
  media: [],
  durationSeconds: 5,
  sound: false,
  resolution: null,
  aspectRatio: '1:1',
  strategy: 'auto',
  extra: {},
};
