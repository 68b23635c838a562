import type { Order } from '../../src/core/order.ts';
import type { ApiKey } from '../../src/core/ports/accounts.ts';
import { StoreUnavailable } from '../../src/core/ports/tasks.ts';
import type { Ids } from '../../src/core/ports/world.ts';
import { isRefusal } from '../../src/core/refusal.ts';
import type { AccountId, Credits, Instant, TaskId } from '../../src/core/values.ts';
import type { CancelOutcome } from '../../src/flow/cancel.ts';
import { cancel } from '../../src/flow/cancel.ts';
import { create } from '../../src/flow/create.ts';
import { nudge } from '../../src/flow/nudge.ts';
import { anOrder, anOrigin, T0 } from '../world.ts';
import type { Backend } from './backend.ts';
import { Journal } from './backend.ts';
import { Dice } from './dice.ts';
import type { Verbs } from './gateway.ts';
import { Gateway, idsOf } from './gateway.ts';
import { Surroundings } from './ports.ts';
import type { Crashes } from './stage.ts';
import { Stage } from './stage.ts';
import type { Setup, Storm } from './upstream.ts';
import { FakeUpstream } from './upstream.ts';

/** Everything that differs from one story to the next, drawn from its seed. */
export interface Plan {
  readonly seed: number;
  readonly orders: number;
  readonly processes: number;
  readonly storm: Storm;
  readonly pauseChance: number;
  /** How far the clocks of processes may be off, either way. */
  readonly skewMs: number;
  readonly crashRate: number;
  readonly routes: readonly Setup[];
  readonly sandbox: boolean;
  readonly credits: Credits;
  readonly unfinishedTasks: number;
}

export const SETUPS: readonly Setup[] = [
  { name: 'fast', tier: 'value', dedupe: 'none' },
  { name: 'slow', tier: 'value', dedupe: 'lookup' },
  { name: 'kling', tier: 'official', dedupe: 'lookup' },
  { name: 'rack', tier: 'own', dedupe: 'free' },
];
const STUDIO: Setup = { name: 'studio', tier: 'own', dedupe: 'free' };
const PRICE = 55;
const IDLE_MS = 500;
/** What no story needs: one that gets here runs in circles. */
const STEPS_PER_ORDER = 6_000;
/** Random crashes end after this many, so that stories end. */
const CRASHES_MAX = 6;

export function planOf(seed: number): Plan {
  const dice = new Dice(seed);
  const sandbox = dice.chance(0.15);
  const orders = dice.between(1, 4);
  const stormy = dice.pick([0, 0.1, 0.3, 0.6]);
  return {
    seed,
    orders,
    processes: dice.between(1, 3),
    storm: { rate: stormy, honest: dice.chance(0.7) },
    pauseChance: dice.pick([0, 0, 0.005, 0.02]),
    skewMs: dice.pick([0, 1_000, 1_000, 300_000]),
    crashRate: dice.pick([0, 0, 0.003, 0.01, 0.03]),
    routes: sandbox ? [STUDIO] : SETUPS.filter(() => dice.chance(0.7)),
    sandbox,
    credits: PRICE * dice.between(1, orders + 1) + dice.between(0, 10),
    unfinishedTasks: dice.between(1, 4),
  };
}

/** What a client was answered to an order. */
export interface Answer {
  readonly idempotencyKey: string | null;
  readonly task: TaskId;
}

/** One story: clients, processes, upstreams and receivers, from the first order until nothing is left to happen. */
export class Story {
  readonly plan: Plan;
  readonly stage: Stage;
  readonly journal = new Journal();
  readonly surroundings: Surroundings;
  readonly upstreams: readonly FakeUpstream[];
  readonly backend: Backend;
  readonly answers: Answer[] = [];
  readonly cancels = new Map<TaskId, CancelOutcome>();
  readonly accounts: AccountId[] = [];
  readonly ids: Ids;
  readonly #gateways: Gateway[] = [];
  readonly #keys: ApiKey[] = [];

  constructor(
    plan: Plan,
    open: (stage: Stage, journal: Journal) => Backend,
    options: { readonly verbs?: Partial<Verbs>; readonly crashes?: Crashes; readonly start?: Instant } = {},
  ) {
    this.plan = plan;
    const stage = new Stage(new Dice(plan.seed ^ 0x5eed), options.start ?? T0);
    this.stage = stage;
    this.ids = idsOf(`${plan.seed}x`, () => stage.dice.next());
    this.backend = open(stage, this.journal);
    this.surroundings = new Surroundings(stage, plan.storm.rate);
    this.upstreams = plan.routes.map(
      (setup) =>
        new FakeUpstream(stage, setup, plan.storm, async (job) =>
          this.backend.store
            .timeline(job.task)
            .then(
              (entries) => entries.filter((one) => one.event === 'attempted').length >= job.attempt.number,
            ),
        ),
    );
    stage.pauseChance = plan.pauseChance;
    stage.crashes = options.crashes ?? this.#randomCrashes();
    stage.onCrash = (life) => {
      const gateway = this.#gateways.find((one) => one.life === life);
      stage.after(stage.dice.between(500, 60_000), () => gateway?.start());
    };
    for (let index = 0; index < plan.processes; index += 1) {
      this.#gateways.push(new Gateway(this, `p${index}`, options.verbs ?? {}));
    }
  }

  #randomCrashes(): Crashes {
    let left = CRASHES_MAX;
    return {
      at: () => {
        if (left === 0 || !this.stage.dice.chance(this.plan.crashRate)) return false;
        left -= 1;
        return true;
      },
    };
  }

  /** Plays it to the end. What it came to is for the laws to judge. */
  async play(): Promise<this> {
    await this.#furnish();
    const { stage, plan } = this;
    for (let order = 0; order < plan.orders; order += 1) {
      stage.after(stage.dice.between(0, 120_000), () => this.#work('client', this.#client(order)));
    }
    while (stage.steps < STEPS_PER_ORDER * plan.orders) {
      const due = await this.backend.nextDue();
      const at = stage.nextAt();
      const gateway = due && (at === null || due.at <= at) ? this.#anybody() : null;
      if (due && gateway) {
        stage.now = Math.max(stage.now, due.at);
        this.#work(due.kind, gateway.claim(due.kind));
        await stage.settle();
      } else if (at !== null) {
        await stage.step();
      } else {
        if (due) stage.surprises.push(`nobody is there for ${due.kind}`);
        return this;
      }
    }
    stage.surprises.push('it runs in circles');
    return this;
  }

  async #furnish(): Promise<void> {
    const { store } = this.backend;
    const { plan } = this;
    for (const name of ['a', 'b']) {
      const id: AccountId = `acc_${plan.seed}${name}`;
      await store.createAccount({
        id,
        name: `${plan.seed}${name}`,
        sandbox: plan.sandbox,
        wallet: id,
        cap: null,
        createdAt: this.stage.now,
      });
      await store.commitAccount({
        account: id,
        reference: `grant ${id}`,
        reason: 'a start',
        kind: 'grant',
        amount: plan.credits,
      });
      this.accounts.push(id);
      const key = aKey(id, plan, this.stage.now);
      await store.createKey(key);
      this.#keys.push(key);
    }
    await store.setPrice({
      model: 'kling-2-6',
      account: this.accounts[0] ?? null,
      durationSeconds: 10,
      sound: null,
      resolution: null,
      price: PRICE - 10,
    });
  }

  /** A process that is up and not stopped in its tracks. */
  #anybody(): Gateway | null {
    const up = this.#gateways.filter((one) => one.life.alive && one.life.pausedUntil <= this.stage.now);
    return up.length > 0 ? this.stage.dice.pick(up) : null;
  }

  #work(what: string, work: Promise<unknown>): void {
    this.stage.start(what, work, (error) => error instanceof StoreUnavailable);
  }

  /** Orders, repeats itself where it heard nothing and has a key for that, and perhaps thinks better of it. */
  async #client(number: number): Promise<void> {
    const { stage, plan } = this;
    const { dice, outside } = stage;
    const caller = { ...dice.pick(this.#keys), unfinishedTasks: plan.unfinishedTasks };
    const idempotencyKey = dice.chance(0.5) ? `key ${Math.floor(number / 2)}` : null;
    const idempotency =
      idempotencyKey === null
        ? null
        : { route: 'create', key: `${plan.seed} ${idempotencyKey}`, fingerprint: 'f' };
    const callbackUrl = dice.pick([
      null,
      'https://me.example/hook',
      'https://me.example/hook',
      'https://dead.example/',
    ]);
    const input = {
      caller: { ...caller, key: caller.id },
      order: this.#order(),
      origin: anOrigin({ callbackUrl, idempotency }),
    };
    for (let tries = 0; tries < (idempotency ? 4 : 1); tries += 1) {
      const gateway = this.#anybody();
      const heard = gateway
        ? await Promise.race([
            create(gateway.deps, input).catch(unlessAway),
            stage.turn(outside, 30_000).then(() => null),
          ])
        : null;
      if (heard && !isRefusal(heard)) {
        this.answers.push({
          idempotencyKey: idempotencyKey && `${caller.account} ${idempotencyKey}`,
          task: heard.task.id,
        });
        await this.#secondThoughts(heard.task.id);
        return;
      }
      await stage.turn(outside, 5_000);
    }
  }

  async #secondThoughts(task: TaskId): Promise<void> {
    const { stage, backend } = this;
    const { dice, outside } = stage;
    for (let nudges = dice.between(0, 2); nudges > 0; nudges -= 1) {
      stage.after(dice.between(0, 100_000), () =>
        this.#work(
          'nudge',
          stage.elsewhere(() => nudge(backend.store, task)),
        ),
      );
    }
    if (!dice.chance(0.35)) return;
    await stage.turn(outside, dice.pick([0, dice.between(0, 1_000), dice.between(0, 150_000)]));
    const gateway = this.#anybody();
    const answer = gateway ? await cancel(gateway.deps, task).catch(unlessAway) : null;
    if (answer) this.cancels.set(task, answer.outcome);
  }

  #order(): Order {
    const { dice } = this.stage;
    const picture = { role: 'first_frame', kind: 'image', url: 'https://me.example/a.png' } as const;
    const media = dice.chance(0.3) ? [picture] : [];
    return anOrder({
      mode: media.length > 0 ? 'image-to-video' : 'text-to-video',
      media,
      durationSeconds: dice.pick([5, 10]),
      sound: dice.chance(0.5),
      strategy: dice.pick(['auto', 'auto', 'value', 'official']),
    });
  }

  /** Stops a process in its tracks for a while, everything in it. */
  pause(gateway: Gateway, ms: number): void {
    gateway.life.pausedUntil = this.stage.now + ms;
    this.stage.after(ms, () => {});
  }

  /** A claim that got nothing is not made again at once: a worker rests for as long. */
  rest(): void {
    this.stage.now += IDLE_MS;
  }

  clock(skewMs: number): Instant {
    return this.stage.now + skewMs;
  }
}

function unlessAway(error: unknown): null {
  if (error instanceof StoreUnavailable) return null;
  throw error;
}

function aKey(account: AccountId, plan: Plan, now: Instant): ApiKey {
  return {
    id: `key_${account.slice('acc_'.length)}`,
    account,
    wallet: account,
    hash: `hash of ${account}`,
    prefix: 'rly_live_abcd',
    last4: 'wxyz',
    name: '',
    sandbox: plan.sandbox,
    scopes: [],
    strategy: 'auto',
    requestsPerMinute: 10_000,
    unfinishedTasks: plan.unfinishedTasks,
    cap: null,
    createdAt: now,
    expiresAt: null,
    revokedAt: null,
    callbackSecrets: ['whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI='],
  };
}
