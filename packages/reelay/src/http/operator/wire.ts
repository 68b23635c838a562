import { z } from 'zod';
import { isoTime } from '../../clock.ts';
import type { Account, ApiKey, LedgerLine } from '../../core/ports/accounts.ts';
import { SCOPES } from '../../core/ports/accounts.ts';
import type { TimelineEntry } from '../../core/ports/tasks.ts';
import type { Task, TaskSummary } from '../../core/task.ts';
import { shownFailure } from '../../core/task.ts';
import type { AccountId, Instant, KeyId, TaskId } from '../../core/values.ts';

const time = z.iso.datetime();
const credits = z.int().min(0);

export const account = z.object({
  id: z.string(),
  name: z.string(),
  sandbox: z.boolean(),
  wallet: z.string().describe('The account whose credits it draws on: its own id, or its parent’s'),
  cap: credits.nullable(),
  created_at: time,
});

export function accountBody(one: Account): z.infer<typeof account> {
  const { id, name, sandbox, wallet, cap } = one;
  return { id, name, sandbox, wallet, cap, created_at: isoTime(one.createdAt) };
}

export const key = z.object({
  id: z.string(),
  account: z.string(),
  name: z.string(),
  shown: z.string().describe('The beginning and the end of the key'),
  sandbox: z.boolean(),
  scopes: z.array(z.enum(SCOPES)),
  strategy: z.enum(['auto', 'value', 'official']),
  requests_per_minute: z.int(),
  unfinished_tasks: z.int(),
  cap: credits.nullable(),
  created_at: time,
  expires_at: time.nullable(),
  revoked_at: time.nullable(),
});

export function keyBody(one: ApiKey): z.infer<typeof key> {
  return {
    id: one.id,
    account: one.account,
    name: one.name,
    shown: `${one.prefix}…${one.last4}`,
    sandbox: one.sandbox,
    scopes: [...one.scopes],
    strategy: one.strategy,
    requests_per_minute: one.requestsPerMinute,
    unfinished_tasks: one.unfinishedTasks,
    cap: one.cap,
    created_at: isoTime(one.createdAt),
    expires_at: orNull(one.expiresAt),
    revoked_at: orNull(one.revokedAt),
  };
}

export const ledgerLine = z.object({
  id: z.string(),
  kind: z.string(),
  amount: z.int(),
  task: z.string().nullable(),
  reason: z.string().nullable(),
  at: time,
});

export function ledgerBody(line: LedgerLine): z.infer<typeof ledgerLine> {
  const { id, kind, amount, task, reason } = line;
  return { id, kind, amount, task, reason, at: isoTime(line.at) };
}

export const task = z.object({
  id: z.string(),
  version: z.int(),
  account: z.string(),
  key: z.string(),
  sandbox: z.boolean(),
  model: z.string(),
  state: z.string(),
  state_since: time,
  provider: z.string().nullable().describe('Who is or was at work on it'),
  progress: z.number().nullable(),
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
  price: credits,
  held: credits,
  attempts: z.int(),
  cancel_requested: z.boolean(),
  created_at: time,
  started_at: time.nullable(),
  completed_at: time.nullable(),
});

export function taskBody(one: TaskSummary): z.infer<typeof task> {
  const { state } = one;
  return {
    id: one.id,
    version: one.version,
    account: one.account,
    key: one.key,
    sandbox: one.sandbox,
    model: one.model,
    state: state.name,
    state_since: isoTime(one.stateSince),
    provider: 'attempt' in state ? state.attempt.provider : null,
    progress: state.name === 'running' ? state.progress : null,
    failure: shownFailure(one),
    price: one.price,
    held: one.escrow,
    attempts: one.attempts,
    cancel_requested: one.cancelRequested,
    created_at: isoTime(one.createdAt),
    started_at: orNull(one.startedAt),
    completed_at: orNull(one.completedAt),
  };
}

export const wholeTask = task.extend({
  surface: z.string(),
  client_request_id: z.string().nullable(),
  callback_url: z.string().nullable(),
  order: z.object({
    mode: z.string(),
    prompt: z.string(),
    media: z.array(z.object({ role: z.string(), kind: z.string(), url: z.string() })),
    duration_seconds: z.number(),
    sound: z.boolean(),
    aspect_ratio: z.string().nullable(),
    strategy: z.string(),
  }),
  tried: z.array(z.object({ attempt: z.int(), route: z.string(), reason: z.string() })),
});

export function wholeTaskBody(one: Task): z.infer<typeof wholeTask> {
  const { order, origin } = one;
  return {
    ...taskBody(one),
    surface: origin.surface,
    client_request_id: origin.clientRequestId,
    callback_url: origin.callbackUrl,
    order: {
      mode: order.mode,
      prompt: order.prompt,
      media: order.media.map(({ role, kind, url }) => ({ role, kind, url })),
      duration_seconds: order.durationSeconds,
      sound: order.sound,
      aspect_ratio: order.aspectRatio,
      strategy: order.strategy,
    },
    tried: one.tried.map(({ attempt, route, reason }) => ({ attempt, route, reason })),
  };
}

export const timelineEntry = z.object({
  version: z.int(),
  at: time,
  event: z.string(),
  detail: z.unknown().describe('What is known of it; never a prompt or a link'),
});

export function timelineBody({ version, at, event, detail }: TimelineEntry) {
  return { version, at: isoTime(at), event, detail };
}

export function orNull(at: Instant | null): string | null {
  return at === null ? null : isoTime(at);
}

export function isAccountId(text: string): text is AccountId {
  return text.startsWith('acc_');
}
export function isKeyId(text: string): text is KeyId {
  return text.startsWith('key_');
}
export function isTaskId(text: string): text is TaskId {
  return text.startsWith('task_');
}
