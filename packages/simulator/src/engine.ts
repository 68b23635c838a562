import { announce } from './callbacks.ts';
import { type Call, type Format, failureNamed, Refusal } from './format.ts';
import { isOver, type Job, type JobState, type Submission } from './job.ts';
import type { Namespace } from './namespace.ts';
import { fetchPicture, measure } from './pictures.ts';
import { planOf } from './plan.ts';
import { type Directive, ScriptError } from './script.ts';

/** Pictures with a side or a ratio beyond these are refused, as Kling documents. */
const SIDE_PIXELS_MIN = 300;
const RATIO_MAX = 2.5;

/** The name by which the ledger counts an order. */
export function referenceOf(order: Submission): string {
  return order.reference ?? order.callbackUrl ?? `prompt:${order.prompt}`;
}

/**
 * Accepts an order: the job exists and is billable from here on. Throws a `Refusal` for limits and money, and for a
 * picture that came along and cannot be used; a `ScriptError` for a script that cannot be understood.
 */
export function accept(format: Format, call: Call, order: Submission, directives: readonly Directive[]): Job {
  const { namespace } = call;
  const now = namespace.clock.now();
  const plan = planOf(directives, namespace.settings);
  if (plan.fails !== null && !failureNamed(format, plan.fails))
    throw new ScriptError(`simulator: ${format.name} has no failure called ${plan.fails}`);
  checkLimits(format, namespace, now);
  const costUsd = plan.bill.usd ?? format.price(order);
  checkBalance(format, namespace, costUsd);
  const ratio = ratioOfGivenPicture(order);
  const job: Job = {
    id: order.id ?? format.newId(),
    format: format.name,
    reference: referenceOf(order),
    order,
    plan,
    root: call.root,
    createdAt: now,
    costUsd,
    ratio: order.ratio ?? ratio ?? [16, 9],
    state: 'queued',
    startedAt: null,
    endedAt: null,
    updatedAt: now,
    failure: null,
    billing: 'held',
    reads: 0,
    alarms: new Set(),
  };
  namespace.jobs.set(`${format.name} ${job.id}`, job);
  const key = `${format.name} ${job.reference}`;
  if (!namespace.references.has(key)) namespace.references.set(key, job.id);
  namespace.ledger.accepted(job);
  if (plan.hangs !== 'queue') later(namespace, job, plan.queueMs, () => queueUp(format, namespace, job));
  return job;
}

/** Stops a job that is not over. False: it is too late. */
export function cancel(format: Format, namespace: Namespace, job: Job): boolean {
  if (isOver(job)) return false;
  end(format, namespace, job, 'canceled', null);
  return true;
}

/** Ends a job by hand: `code` is a native or common name of a failure, null for success. */
export function finish(format: Format, namespace: Namespace, job: Job, code: string | null): void {
  if (isOver(job)) return;
  if (code === null) end(format, namespace, job, 'succeeded', null);
  else end(format, namespace, job, 'failed', code);
}

/** An engine's restart: what it kept in memory is lost. */
export function forgetJobs(namespace: Namespace, format: string): number {
  const mine = [...namespace.jobs].filter(([, job]) => job.format === format);
  for (const [key, job] of mine) {
    for (const prevent of job.alarms) prevent();
    namespace.jobs.delete(key);
    if (!isOver(job)) {
      job.billing = 'released';
      namespace.ledger.settled(job);
    }
  }
  namespace.waiting.delete(format);
  namespace.runningCount.delete(format);
  return mine.length;
}

function later(namespace: Namespace, job: Job, delayMs: number, run: () => void | Promise<void>): void {
  const prevent = namespace.clock.after(delayMs, () => {
    job.alarms.delete(prevent);
    return run();
  });
  job.alarms.add(prevent);
}

function queueUp(format: Format, namespace: Namespace, job: Job): Promise<void> | undefined {
  const limit = namespace.settings.concurrency;
  const running = namespace.runningCount.get(format.name) ?? 0;
  if (limit === null || running < limit) return start(format, namespace, job);
  const queue = namespace.waiting.get(format.name) ?? [];
  namespace.waiting.set(format.name, queue);
  queue.push(job);
  return undefined;
}

async function start(format: Format, namespace: Namespace, job: Job): Promise<void> {
  if (isOver(job)) return;
  namespace.runningCount.set(format.name, (namespace.runningCount.get(format.name) ?? 0) + 1);
  const now = namespace.clock.now();
  job.state = 'running';
  job.startedAt = now;
  job.updatedAt = now;
  announce(format, namespace, job, 'started');
  watchers(namespace, job);
  if (job.plan.hangs !== 'run') later(namespace, job, job.plan.runMs, () => ripe(format, namespace, job));
  if (!(await hasUsablePictures(namespace, job)) && !isOver(job))
    end(format, namespace, job, 'failed', 'image');
}

function ripe(format: Format, namespace: Namespace, job: Job): void {
  if (isOver(job)) return;
  finish(format, namespace, job, job.plan.fails);
}

function end(format: Format, namespace: Namespace, job: Job, state: JobState, failure: string | null): void {
  const wasRunning = job.state === 'running';
  const now = namespace.clock.now();
  job.state = state;
  job.endedAt = now;
  job.updatedAt = now;
  job.failure = failure === null ? null : failureNamed(format, failure);
  job.billing = state === 'succeeded' || job.plan.bill.always ? 'billed' : 'released';
  for (const prevent of job.alarms) prevent();
  job.alarms.clear();
  namespace.ledger.settled(job);
  announce(format, namespace, job, 'ended');
  watchers(namespace, job);
  if (wasRunning) nextInLine(format, namespace);
}

function nextInLine(format: Format, namespace: Namespace): void {
  namespace.runningCount.set(format.name, Math.max(0, (namespace.runningCount.get(format.name) ?? 1) - 1));
  const queue = namespace.waiting.get(format.name);
  const next = queue?.find((job) => !isOver(job));
  if (!queue || !next) return;
  queue.splice(0, queue.indexOf(next) + 1);
  later(namespace, next, 0, () => start(format, namespace, next));
}

function watchers(namespace: Namespace, job: Job): void {
  for (const listener of namespace.listeners) listener(job);
}

function checkLimits(format: Format, namespace: Namespace, now: number): void {
  const { concurrency, creates } = namespace.settings;
  if (concurrency !== null && format.whenFull === 'refuses') {
    let open = 0;
    for (const job of namespace.jobs.values()) if (job.format === format.name && !isOver(job)) open += 1;
    if (open >= concurrency) throw new Refusal('concurrency');
  }
  if (creates === null) return;
  const times = (namespace.createTimes.get(format.name) ?? []).filter((at) => at > now - creates.windowMs);
  if (times.length >= creates.count) throw new Refusal('rate');
  namespace.createTimes.set(format.name, [...times, now]);
}

function checkBalance(format: Format, namespace: Namespace, costUsd: number): void {
  const { balanceUsd } = namespace.settings;
  if (balanceUsd === null) return;
  if (namespace.ledger.exposedUsd(format.name) + costUsd > balanceUsd + 1e-9) throw new Refusal('balance');
}

function ratioOfGivenPicture(order: Submission): readonly [number, number] | null {
  let ratio: readonly [number, number] | null = null;
  for (const picture of order.pictures) {
    if (typeof picture.from === 'string') continue;
    const found = measure(picture.from);
    if (!found) throw new Refusal('invalid', 'The image is not a valid PNG, JPEG or WebP file');
    if (!isFit(found.width, found.height))
      throw new Refusal('invalid', 'The image is too small or too narrow');
    if (picture.role === 'first') ratio = [found.width, found.height];
  }
  return ratio;
}

async function hasUsablePictures(namespace: Namespace, job: Job): Promise<boolean> {
  if (!namespace.settings.fetchPictures) return true;
  for (const picture of job.order.pictures) {
    if (typeof picture.from !== 'string') continue;
    const own = uploadOf(namespace, picture.from);
    const bytes = own ?? (await fetchPicture(picture.from));
    const found = bytes && measure(bytes);
    if (!found || !isFit(found.width, found.height)) return false;
    if (picture.role === 'first' && job.order.ratio === null) job.ratio = [found.width, found.height];
  }
  return true;
}

/** A file that was uploaded to this namespace needs no fetching. */
function uploadOf(namespace: Namespace, url: string): Buffer | null {
  const id = /\/uploads\/([\w-]+)/.exec(url)?.[1];
  return id === undefined ? null : (namespace.uploads.get(id)?.bytes ?? null);
}

function isFit(width: number, height: number): boolean {
  const ratio = width / height;
  return Math.min(width, height) >= SIDE_PIXELS_MIN && ratio <= RATIO_MAX && ratio >= 1 / RATIO_MAX;
}
