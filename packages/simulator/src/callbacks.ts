import { deadline, machineTime } from './clock.ts';
import type { Format, Notice } from './format.ts';
import type { Job } from './job.ts';
import { shortened } from './journal.ts';
import { hex, type Namespace } from './namespace.ts';

/** Beyond what every receiver tolerates. */
const STALE_MS = 3_600_000;

/** Sends the messages that a change of a job causes, as far as its script lets them out. */
export function announce(format: Format, namespace: Namespace, job: Job, event: 'started' | 'ended'): void {
  const { faults, count, delayMs } = job.plan.callback;
  if (!format.notify || faults.includes('none')) return;
  // In the opposite order: what is told first waits until the end has been told.
  if (faults.includes('reversed') && event === 'started') return;
  const notices = format.notify(liar(job, event), event, namespace);
  const late = faults.includes('reversed')
    ? format.notify({ ...job, state: 'running' }, 'started', namespace)
    : [];
  for (const notice of notices) {
    const messageId = `msg_${hex(24)}`;
    for (let copy = 0; copy < count; copy++)
      post(namespace, format, job, notice, messageId, 0, delayMs + copy);
  }
  for (const notice of late) post(namespace, format, job, notice, `msg_${hex(24)}`, 0, delayMs + count + 1);
}

/** The first message of a job that is told of before the submit is answered. */
export async function announceEarly(format: Format, namespace: Namespace, job: Job): Promise<void> {
  if (!format.notify || !job.plan.callback.faults.includes('early')) return;
  const done: Job = { ...job, state: 'succeeded', endedAt: namespace.clock.now(), startedAt: job.createdAt };
  for (const notice of format.notify(done, 'ended', namespace))
    await attempt(namespace, format, job, notice, `msg_${hex(24)}`);
}

/** Sends the message of a job's present state once more. */
export function announceAgain(format: Format, namespace: Namespace, job: Job): number {
  const event = job.endedAt === null ? 'started' : 'ended';
  const notices = format.notify?.(job, event, namespace) ?? [];
  for (const notice of notices) post(namespace, format, job, notice, `msg_${hex(24)}`, 0, 0);
  return notices.length;
}

/** A job as its callback tells of it. */
function liar(job: Job, event: 'started' | 'ended'): Job {
  const { faults } = job.plan.callback;
  const id = faults.includes('unknown') ? `${job.id.slice(0, -4)}0000` : job.id;
  if (event === 'started' || !faults.includes('lie')) return { ...job, id };
  return job.state === 'succeeded'
    ? { ...job, id, state: 'failed', failure: { code: 'internal', message: 'told by a callback that lies' } }
    : { ...job, id, state: 'succeeded', failure: null };
}

function post(
  namespace: Namespace,
  format: Format,
  job: Job,
  notice: Notice,
  messageId: string,
  attemptsDone: number,
  delayMs: number,
): void {
  namespace.clock.after(delayMs, async () => {
    if (await attempt(namespace, format, job, notice, messageId)) return;
    const pause = notice.retriesMs[attemptsDone];
    if (pause === undefined) return;
    post(namespace, format, job, notice, messageId, attemptsDone + 1, pause);
  });
}

async function attempt(
  namespace: Namespace,
  format: Format,
  job: Job,
  notice: Notice,
  messageId: string,
): Promise<boolean> {
  const { faults } = job.plan.callback;
  const raw = JSON.stringify(notice.body);
  // Receivers compare with their own clock, so a signature carries the machine's time, not the simulated one.
  const at = machineTime() - (faults.includes('stale') ? STALE_MS : 0);
  const headers = notice.sign(faults.includes('forged') ? `${raw} ` : raw, messageId, at);
  const entry = namespace.journal.add({
    at: namespace.clock.now(),
    format: format.name,
    operation: 'callback',
    method: 'POST',
    path: notice.url,
    status: null,
    faults,
    job: job.id,
    body: shortened(notice.body),
    error: null,
  });
  try {
    const reply = await fetch(notice.url, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/json', 'user-agent': 'reelay-simulator', ...headers },
      body: raw,
      signal: deadline(notice.timeoutMs),
    });
    await reply.body?.cancel();
    entry.status = reply.status;
    return reply.ok;
  } catch (error) {
    entry.error = error instanceof Error ? error.message : String(error);
    return false;
  }
}
