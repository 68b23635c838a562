import { backoffMs } from '../core/backoff.ts';
import type { DeliveryAttempt, DeliveryOutcome, Letter, LetterStore } from '../core/ports/letters.ts';
import type { Net, PostReply } from '../core/ports/net.ts';
import type { Clock, Ids } from '../core/ports/world.ts';
import { signWebhook } from '../core/signature.ts';

export interface DeliverDeps {
  readonly store: LetterStore;
  readonly net: Pick<Net, 'post'>;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'chance'>;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** When the 2nd, 3rd … attempt comes after the one before, and how long a receiver may take (decisions 14 and 30). */
const SCHEDULES = {
  callback: { delaysMs: [30 * second, 2 * minute, 10 * minute], timeoutMs: 30 * second },
  endpoint: {
    delaysMs: [
      5 * second,
      5 * minute,
      30 * minute,
      2 * hour,
      5 * hour,
      10 * hour,
      14 * hour,
      20 * hour,
      24 * hour,
    ],
    timeoutMs: 10 * second,
  },
} as const;

/** No receiver may put us off for longer than this. */
const LONGEST_RETRY_AFTER_MS = 24 * hour;

/** Makes one attempt at delivering a message, signed, and records what came of it. */
export async function deliver(deps: DeliverDeps, letter: Letter): Promise<void> {
  const at = deps.clock.now();
  const { timeoutMs } = SCHEDULES[letter.kind];
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Reelay',
    ...signWebhook(letter.id, letter.body, letter.secrets, at),
  };
  const reply = await deps.net.post(letter.url, letter.body, headers, timeoutMs);
  const attempt: DeliveryAttempt = {
    number: letter.attempts + 1,
    at,
    status: reply.status,
    durationMs: reply.durationMs,
    error: problem(reply),
    excerpt: reply.excerpt,
  };
  await deps.store.recordDelivery(letter.id, attempt, outcome(letter, reply, deps.ids.chance()));
}

/** 2xx only is success; a redirect is a failure like any other answer. */
function problem(reply: PostReply): string | null {
  if (reply.status === null) return reply.error ?? 'no answer';
  return reply.status >= 200 && reply.status < 300 ? null : `HTTP ${reply.status}`;
}

function outcome(letter: Letter, reply: PostReply, chance: number): DeliveryOutcome {
  if (problem(reply) === null) return { is: 'delivered' };
  const delayMs = SCHEDULES[letter.kind].delaysMs[letter.attempts];
  // 410: the receiver says that it is gone for good (Standard Webhooks).
  if (delayMs === undefined || reply.status === 410) return { is: 'dead' };
  const jittered = letter.kind === 'callback' ? delayMs : backoffMs(0, chance, delayMs, delayMs);
  const asked = Math.min(reply.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
  return { is: 'again', dueInMs: Math.max(jittered, asked) };
}
