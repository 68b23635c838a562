import type { TaskEventName } from '../../src/core/lifecycle.ts';
import { longestLifeMs } from '../../src/core/lifecycle.ts';
import type { Task } from '../../src/core/task.ts';
import { isOver } from '../../src/core/task.ts';
import type { TaskId } from '../../src/core/values.ts';
import type { Entry } from './backend.ts';
import type { Story } from './story.ts';
import { SETUPS } from './story.ts';
import type { FakeUpstream } from './upstream.ts';

/** What a clock that is off and a process that was away may add to a life. */
const GRACE_MS = 60 * 60_000;
const CHANGES_MAX = 400;
/** The slowest job takes 90 s and is looked at every 10 s. */
const CALM_MS = 120_000;

/** Everything in a story that has come to its end that breaks a law; empty when all hold. */
export async function broken(story: Story): Promise<readonly string[]> {
  const { stage, journal, upstreams, backend } = story;
  const found = [...stage.surprises, ...journal.wrong, ...upstreams.flatMap((one) => one.wrong)];
  for (const { law, ids, detail } of await backend.store.audit()) {
    found.push(`audit: ${law}: ${detail} (${ids.join()})`);
  }
  for (const [id, entries] of journal.entries) {
    const last = entries.at(-1)?.change.task;
    if (!last) continue;
    found.push(
      ...life(last, entries),
      ...(await stored(story, last)),
      ...credits(last, entries),
      ...(await letters(story, last)),
      ...upstreams.flatMap((upstream) => billed(id, entries, upstream, story.plan.storm.honest)),
    );
  }
  found.push(...(await wallets(story)), ...promises(story), ...calm(story));
  return found;
}

/** Where nothing goes wrong, nothing is in doubt, nothing fails, and nobody waits. */
function calm({ plan, journal, stage }: Story): string[] {
  const trouble = plan.storm.rate + plan.pauseChance + plan.skewMs + stage.fallen;
  if (trouble > 0 || plan.routes.length < SETUPS.length) return [];
  const found: string[] = [];
  for (const [id, entries] of journal.entries) {
    const last = entries.at(-1)?.change.task;
    const doubts = entries.filter(({ change }) => change.event.name === 'doubted').length;
    const tookMs = (last?.completedAt ?? 0) - (last?.createdAt ?? 0);
    if (doubts > 0) found.push(`${id}: was in doubt on a calm day`);
    if (last?.state.name === 'failed') found.push(`${id}: failed on a calm day: ${last.state.failure.code}`);
    if (tookMs > CALM_MS) found.push(`${id}: took ${tookMs} ms on a calm day`);
  }
  return found;
}

/** Every task ends, in time, in a bounded number of moves (I-8, I-12). */
function life(task: Task, entries: readonly Entry[]): string[] {
  const found: string[] = [];
  const say = (what: string) => found.push(`${task.id}: ${what}`);
  if (!isOver(task.state)) say(`is ${task.state.name} for ever`);
  if (entries.length > CHANGES_MAX) say(`moved ${entries.length} times`);
  const lived = (task.completedAt ?? task.createdAt) - task.createdAt;
  if (lived < 0) say('was completed before it was created');
  if (lived > longestLifeMs(task.terms) + GRACE_MS) say(`lived ${lived} ms`);
  if (task.completedAt !== null && task.startedAt !== null && task.startedAt < task.createdAt)
    say('started early');
  return found;
}

/** The store has what was committed, and the files that a success points to are whole (I-32). */
async function stored({ backend, surroundings, cancels }: Story, task: Task): Promise<string[]> {
  const found: string[] = [];
  const say = (what: string) => found.push(`${task.id}: ${what}`);
  const now = await backend.store.task(task.id);
  if (now?.version !== task.version || now.state.name !== task.state.name) {
    say(
      `the store has ${now?.state.name} at ${now?.version}, committed was ${task.state.name} at ${task.version}`,
    );
  }
  if (cancels.get(task.id) === 'before_start' && task.state.name !== 'canceled') {
    say(`was canceled before it started, and is ${task.state.name}`);
  }
  if (task.state.name !== 'succeeded') return found;
  if (!task.state.files.some((file) => file.kind === 'video')) say('succeeded without a film');
  for (const file of task.state.files) {
    const content = surroundings.disk.get(file.id);
    if (file.sha256 !== `sha of ${content}`) say(`its ${file.kind} is not the one on disk (${content})`);
  }
  return found;
}

/** The hold is given back once: to the house for a film, to the wallet otherwise (I-1, I-3, I-5, I-6). */
function credits(task: Task, entries: readonly Entry[]): string[] {
  const transfers = entries.flatMap(({ change }) => change.transfers);
  const sum = (kind: string) =>
    transfers.filter((one) => one.kind === kind).reduce((total, one) => total + one.amount, 0);
  const price = entries[0]?.change.task.price ?? 0;
  const charge = task.state.name === 'succeeded' ? price : 0;
  const right = sum('hold') === price && sum('charge') === charge && sum('refund') === price - charge;
  const once = new Set(transfers.map((one) => one.id)).size === transfers.length;
  return right && once ? [] : [`${task.id}: ${JSON.stringify(transfers)} for a price of ${price}`];
}

async function wallets({ backend, accounts, journal, plan }: Story): Promise<string[]> {
  const found: string[] = [];
  for (const account of accounts) {
    const { available, held } = await backend.store.balance(account);
    let charged = 0;
    for (const entries of journal.entries.values()) {
      const task = entries.at(-1)?.change.task;
      if (task?.wallet === account && task.state.name === 'succeeded') charged += task.state.charge;
    }
    if (held !== 0 || available !== plan.credits - charged) {
      found.push(`${account} has ${available} and holds ${held}, of ${plan.credits} with ${charged} charged`);
    }
  }
  return found;
}

/** Ended ⇒ told: delivered, or dead after its tries; one message, the same words every time (I-30). */
async function letters({ backend, surroundings }: Story, task: Task): Promise<string[]> {
  const found: string[] = [];
  const sent = await backend.store.deliveries(task.id);
  const wanted = task.origin.callbackUrl === null || !isOver(task.state) ? 0 : 1;
  if (sent.length !== wanted) found.push(`${task.id}: ${sent.length} letters instead of ${wanted}`);
  for (const { letter, state, attempts } of sent) {
    const mail = surroundings.received.get(letter);
    const triedAll = attempts.some((one) => one.number >= 4 || one.status === 410);
    if (state === 'pending') found.push(`${letter} is never delivered`);
    if (state === 'delivered' && !mail?.accepted) found.push(`${letter} is delivered, but nobody has it`);
    if (state === 'dead' && !triedAll) found.push(`${letter} was given up after ${attempts.length}`);
    if (mail && mail.bodies.size > 1) found.push(`${letter} said different things`);
    for (const body of mail?.bodies ?? []) {
      if (!body.includes(`"${task.state.name}"`))
        found.push(`${letter} told ${body} of a ${task.state.name} one`);
    }
  }
  return found;
}

/**
 * At most one billed submit for each attempt, and every billed attempt accounted for: it became the film, the upstream
 * ended it, or what it may have cost is on record (I-7, I-10).
 */
function billed(id: TaskId, entries: readonly Entry[], upstream: FakeUpstream, honest: boolean): string[] {
  if (upstream.setup.dedupe === 'free') return [];
  const found: string[] = [];
  const attempts = upstream.taken.filter((job) => job.task === id).map((job) => job.attempt);
  if (new Set(attempts).size !== attempts.length)
    found.push(`${id}: one attempt was billed twice (${attempts})`);
  for (const number of new Set(attempts)) {
    const end = endOf(entries, number);
    if (!end) {
      found.push(`${id}: attempt ${number} was billed by ${upstream.setup.name}, and never ended`);
      continue;
    }
    const { event, ambiguity, expects } = end.change;
    const from = entries[(expects ?? 0) - 1]?.change.task.state.name;
    const recorded = ambiguity?.attempt.number === number;
    const fine: Partial<Record<TaskEventName | 'accepted', boolean>> = {
      stored: true,
      canceled: true,
      failed: from === 'running',
      rerouted:
        from === 'storing' ||
        (from === 'running' && (recorded || end.change.task.tried.at(-1)?.reason !== 'gone')),
      expired: recorded,
      absent: recorded && !(honest && upstream.setup.dedupe === 'lookup'),
    };
    if (!fine[event.name]) {
      found.push(
        `${id}: attempt ${number}, billed by ${upstream.setup.name}, ended ${from} + ${event.name}, unrecorded`,
      );
    }
  }
  return found;
}

/** The change by which an attempt came to its end: the task left it, or was over. */
function endOf(entries: readonly Entry[], number: number): Entry | undefined {
  return entries.find(({ change: { task, event } }, index) => {
    const before = entries[index - 1]?.change.task.state;
    const wasIn = before && 'attempt' in before && before.attempt.number === number;
    return wasIn && (task.state.name === 'queued' || isOver(task.state)) && event.name !== 'attempted';
  });
}

/** What a client was answered is so, and one idempotency key is one task (I-8, I-34). */
function promises({ answers, journal }: Story): string[] {
  const found: string[] = [];
  const byKey = new Map<string, TaskId>();
  for (const { idempotencyKey, task } of answers) {
    if (!journal.entries.has(task)) found.push(`${task} was promised, and never existed`);
    if (idempotencyKey === null) continue;
    const first = byKey.get(idempotencyKey) ?? task;
    byKey.set(idempotencyKey, first);
    if (first !== task) found.push(`${first} and ${task} are of one key`);
  }
  return found;
}
