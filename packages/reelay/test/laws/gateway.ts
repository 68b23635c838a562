import type { Model } from '../../src/core/model.ts';
import type { Letter } from '../../src/core/ports/letters.ts';
import type { Route } from '../../src/core/ports/provider.ts';
import type { Store } from '../../src/core/ports/store.ts';
import type { Commit } from '../../src/core/ports/tasks.ts';
import { StoreUnavailable } from '../../src/core/ports/tasks.ts';
import type { Ids, Models, Scribe } from '../../src/core/ports/world.ts';
import type { Task } from '../../src/core/task.ts';
import type { Instant } from '../../src/core/values.ts';
import type { AdvanceDeps } from '../../src/flow/advance/deps.ts';
import { LEASE_MS } from '../../src/flow/advance/deps.ts';
import { resolveDoubt, takeOver } from '../../src/flow/advance/doubt.ts';
import { keep } from '../../src/flow/advance/keep.ts';
import { advanceQueued } from '../../src/flow/advance/queued.ts';
import { watch } from '../../src/flow/advance/watch.ts';
import type { DeliverDeps } from '../../src/flow/deliver.ts';
import { deliver } from '../../src/flow/deliver.ts';
import { kling26 } from '../../src/models/kling-2-6.ts';
import type { DueKind } from './backend.ts';
import type { Life } from './stage.ts';
import { PlantedBug } from './stage.ts';
import type { Story } from './story.ts';

/** What the worker does with what is due: the real thing, unless a test breaks one of them. */
export interface Verbs {
  advanceQueued(deps: Deps, task: Task, now: Instant): Promise<void>;
  takeOver(deps: Deps, task: Task): Promise<void>;
  resolveDoubt(deps: Deps, task: Task, now: Instant): Promise<void>;
  watch(deps: Deps, tasks: readonly Task[], now: Instant): Promise<void>;
  keep(deps: Deps, task: Task, now: Instant): Promise<void>;
  deliver(deps: Deps, letter: Letter): Promise<void>;
}

export type Deps = AdvanceDeps & DeliverDeps & { readonly store: Store };

const VERBS: Verbs = { advanceQueued, takeOver, resolveDoubt, watch, keep, deliver };

/** As the worker has them. */
const STORING_LEASE_MS = 11 * 60_000;
const LETTER_LEASE_MS = 60_000;

const minute = 60_000;
/** The real model on shorter deadlines: a story's day is two hours long. */
const MODEL: Model = {
  ...kling26,
  deadlines: {
    queueMs: 120 * minute,
    attemptMs: 15 * minute,
    storingMs: 30 * minute,
    unknownMs: 120 * minute,
  },
};
const MODELS: Models = { all: () => [MODEL], byId: (id) => (id === MODEL.id ? MODEL : null) };

/** One body for all dialects: what the receiver gets is what the task came to. */
const SCRIBE: Scribe = {
  letters: (task, notices) =>
    notices.map((type) => ({
      to: 'callback',
      type,
      body: JSON.stringify({ task: task.id, state: task.state.name, at: task.completedAt }),
    })),
};

/** Calls of the store that a flow makes in its own turn; the rest is looked at from outside. */
const STORE_CALLS = new Set<string | symbol>([
  'commit',
  'task',
  'summary',
  'original',
  'price',
  'postpone',
  'recordDelivery',
]);

/** A gateway process: the real flows on proxied ports. It crashes, starts again, and keeps nothing over that. */
export class Gateway {
  readonly #story: Story;
  readonly #name: string;
  readonly #verbs: Verbs;
  life: Life;
  deps: Deps;

  constructor(story: Story, name: string, verbs: Partial<Verbs>) {
    this.#story = story;
    this.#name = name;
    this.#verbs = { ...VERBS, ...verbs };
    this.life = this.#born();
    this.deps = this.#wired(this.life);
  }

  start(): void {
    this.life = this.#born();
    this.deps = this.#wired(this.life);
  }

  #born(): Life {
    const { stage, plan } = this.#story;
    const skewMs = stage.dice.between(-plan.skewMs, plan.skewMs);
    return { process: this.#name, skewMs, alive: true, pausedUntil: 0 };
  }

  /** Claims what is due of a kind and starts on it. */
  async claim(kind: DueKind): Promise<void> {
    const story = this.#story;
    const { stage, backend } = story;
    const { life, deps } = this;
    const limit = stage.dice.between(1, 4);
    const verbs = this.#verbs;
    const { dice } = stage;
    if (dice.chance(stage.pauseChance)) story.pause(this, dice.pick([100_000, 300_000]));
    if (kind === 'letters') {
      const { letters } = await stage.elsewhere(() => backend.store.claimLetters(limit, LETTER_LEASE_MS));
      if (letters.length === 0) story.rest();
      if (stage.crashed(life, 'claim letters:after')) return;
      for (const letter of letters) this.#start('deliver', verbs.deliver(deps, letter));
      return;
    }
    const leaseMs = kind === 'storing' ? STORING_LEASE_MS : LEASE_MS;
    const { now, tasks } = await stage.elsewhere(() => backend.store.claim(kind, limit, leaseMs));
    if (tasks.length === 0) story.rest();
    if (stage.crashed(life, `claim ${kind}:after`)) return;
    if (kind === 'watching') this.#start('watch', this.#lookAt(tasks, now));
    for (const task of kind === 'watching' ? [] : tasks) {
      const verb = kind === 'queued' ? verbs.advanceQueued : verbs.keep;
      this.#start(kind, verb(deps, task, now));
    }
  }

  /** As the worker does. */
  async #lookAt(tasks: readonly Task[], now: Instant): Promise<void> {
    const { deps } = this;
    const verbs = this.#verbs;
    await Promise.all([
      verbs.watch(deps, tasks, now),
      ...tasks.filter((task) => task.state.name === 'submitting').map((task) => verbs.takeOver(deps, task)),
      ...tasks
        .filter((task) => task.state.name === 'unknown')
        .map((task) => verbs.resolveDoubt(deps, task, now)),
    ]);
  }

  #start(what: string, work: Promise<void>): void {
    const planted = (error: unknown) => error instanceof StoreUnavailable || error instanceof PlantedBug;
    this.#story.stage.start(what, work, planted);
  }

  #wired(life: Life): Deps {
    const story = this.#story;
    const { stage, surroundings } = story;
    const now = () => story.clock(life.skewMs);
    const all = async (): Promise<readonly Route[]> => story.upstreams.map((one) => one.route(life, now));
    return {
      store: this.#store(life),
      clock: { now },
      scribe: SCRIBE,
      models: MODELS,
      routes: {
        all,
        byName: async (name) => (await all()).find((one) => one.name === name) ?? null,
        take: async () => true,
        report: () => {},
        claim: async () => true,
        callbackKey: async () => null,
      },
      files: surroundings.files(life),
      net: surroundings.net(life),
      inspector: surroundings.inspector(life),
      moderator: surroundings.moderator(life),
      ids: story.ids,
      pause: (ms) => stage.turn(life, ms),
    };
  }

  /** The store over a connection that breaks now and then, before a call or on its way back. */
  #store(life: Life): Store {
    const story = this.#story;
    const { stage, backend, plan } = story;
    return new Proxy(backend.store, {
      get: (store, name) => {
        const value: unknown = Reflect.get(store, name);
        if (typeof value !== 'function') return value;
        if (!STORE_CALLS.has(name)) return value.bind(store);
        return (...given: readonly unknown[]) =>
          stage.port(life, named(name, given), async () => {
            if (stage.dice.chance(plan.storm.rate * 0.05)) throw new StoreUnavailable('away');
            const answer: unknown = await stage.elsewhere(() => Reflect.apply(value, store, given));
            if (stage.dice.chance(plan.storm.rate * 0.05)) throw new StoreUnavailable('the answer was lost');
            return answer;
          });
      },
    });
  }
}

function named(call: string | symbol, given: readonly unknown[]): string {
  return call === 'commit' ? `commit ${(given[0] as Commit).event.name}` : String(call);
}

export function idsOf(story: string, chance: () => number): Ids {
  let last = 0;
  const next = () => {
    last += 1;
    return `${story}${last.toString().padStart(4, '0')}`;
  };
  return {
    task: () => `task_${next()}`,
    file: () => `file_${next()}`,
    account: () => `acc_${next()}`,
    key: () => `key_${next()}`,
    chance,
  };
}
