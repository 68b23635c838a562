import type { LetterStore } from '../core/ports/letters.ts';
import type { FileStore } from '../core/ports/store.ts';
import type { TaskStore } from '../core/ports/tasks.ts';
import type { Task } from '../core/task.ts';
import type { Instant } from '../core/values.ts';
import type { AdvanceDeps } from '../flow/advance/deps.ts';
import { LEASE_MS } from '../flow/advance/deps.ts';
import { resolveDoubt, takeOver } from '../flow/advance/doubt.ts';
import { keep } from '../flow/advance/keep.ts';
import { advanceQueued } from '../flow/advance/queued.ts';
import { watch } from '../flow/advance/watch.ts';
import { deliver } from '../flow/deliver.ts';
import { forget } from '../flow/forget.ts';
import type { Log } from '../log.ts';
import type { Loop } from './loop.ts';
import { startLoop } from './loop.ts';

export interface WorkerDeps extends AdvanceDeps {
  readonly store: TaskStore & LetterStore & FileStore;
  readonly log: Log;
}

/** How much of each kind of work goes on at one time in this process; none waits for another. */
export interface Budgets {
  readonly queued: number;
  readonly watching: number;
  readonly storing: number;
  readonly letters: number;
}

export const BUDGETS: Budgets = { queued: 64, watching: 256, storing: 8, letters: 128 };

const IDLE_MS = 500;
const FORGET_EVERY_MS = 60_000;
/** A look takes 20 s at most, and one that is made twice harms nobody. */
const WATCHING_LEASE_MS = 30_000;
/** A film may take 10 minutes to copy; a receiver 30 s to answer. */
const STORING_LEASE_MS = 11 * 60_000;
const LETTER_LEASE_MS = 60_000;

interface Due {
  readonly tasks: readonly Task[];
  readonly now: Instant;
}

/** Starts moving what is due: each kind of work in a loop of its own. */
export function startWorker(deps: WorkerDeps, budgets: Budgets = BUDGETS): { stop(): Promise<void> } {
  const { store, log } = deps;
  const one = (kind: 'queued' | 'storing', leaseMs: number) => async (limit: number) => {
    const { now, tasks } = await store.claim(kind, limit, leaseMs);
    return tasks.map((task) => ({ task, now }));
  };
  const letters: Loop = startLoop({
    name: 'letters',
    capacity: budgets.letters,
    idleMs: IDLE_MS,
    claim: async (limit) => (await store.claimLetters(limit, LETTER_LEASE_MS)).letters,
    // A receiver has a few at a time only: once it has one, its next may go.
    run: (letter) => deliver(deps, letter).finally(() => letters.wake()),
    log,
  });
  const loops: readonly Loop[] = [
    startLoop({
      name: 'queued',
      capacity: budgets.queued,
      idleMs: IDLE_MS,
      claim: one('queued', LEASE_MS),
      run: ({ task, now }) => advanceQueued(deps, task, now),
      log,
    }),
    startLoop<Due>({
      name: 'watching',
      capacity: 2,
      idleMs: IDLE_MS,
      claim: async () => {
        const due = await store.claim('watching', budgets.watching, WATCHING_LEASE_MS);
        return due.tasks.length > 0 ? [due] : [];
      },
      run: (due) => lookAt(deps, due),
      log,
    }),
    startLoop({
      name: 'storing',
      capacity: budgets.storing,
      idleMs: IDLE_MS,
      claim: one('storing', STORING_LEASE_MS),
      run: ({ task, now }) => keep(deps, task, now),
      log,
    }),
    letters,
    startLoop({
      name: 'forgetting',
      capacity: 1,
      idleMs: FORGET_EVERY_MS,
      claim: async () => {
        while ((await forget(deps)) > 0);
        return [];
      },
      run: async () => {},
      log,
    }),
  ];
  const unsubscribe = store.onMoved(() => {
    for (const loop of loops.slice(0, -1)) loop.wake();
  });
  return {
    async stop() {
      unsubscribe();
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

/** What is due among the tasks that are out of our hands: taken over, resolved or watched. */
async function lookAt(deps: AdvanceDeps, { tasks, now }: Due): Promise<void> {
  await Promise.all([
    watch(deps, tasks, now),
    ...tasks.filter((task) => task.state.name === 'submitting').map((task) => takeOver(deps, task)),
    ...tasks.filter((task) => task.state.name === 'unknown').map((task) => resolveDoubt(deps, task, now)),
  ]);
}
