import type { Instant } from '../../src/core/values.ts';
import type { Dice } from './dice.ts';

/** One run of a process, from its start to its crash. What waits in it when it crashes waits for ever. */
export interface Life {
  readonly process: string;
  /** How far the process's own clock is from the true one. */
  readonly skewMs: number;
  alive: boolean;
  /** Stopped in its tracks (a long pause, SIGSTOP) until then. */
  pausedUntil: Instant;
}

interface Due {
  readonly at: Instant;
  readonly order: number;
  go(): void;
}

/** Thrown by fakes where an adapter or a port would have a bug: reported, and nothing else. */
export class PlantedBug extends Error {
  override readonly name = 'PlantedBug';
}

/** Crashes a life at a named point of its choosing. */
export interface Crashes {
  /** Whether to crash now, at the n-th passing of this point by any life. */
  at(point: string, passing: number): boolean;
}

/** How long a step waits that is caught in a pause: past the lease, and past that of storing. */
const PAUSES_MS = [100_000, 200_000, 700_000];

/**
 * Virtual time, and everything that happens in it, one after the other: the same dice give the same story. Steps are
 * taken by `port`: what a process does to the world outside it.
 */
export class Stage {
  readonly dice: Dice;
  readonly outside: Life = { process: 'outside', skewMs: 0, alive: true, pausedUntil: 0 };
  /** How often each named point was passed. */
  readonly passings = new Map<string, number>();
  /** Errors that flows threw and that nobody planted. */
  readonly surprises: string[] = [];
  steps = 0;
  /** Crashes so far. */
  fallen = 0;
  now: Instant;
  pauseChance = 0;
  crashes: Crashes = { at: () => false };
  onCrash: (life: Life) => void = () => {};
  #queue: Due[] = [];
  #order = 0;
  #underWay = 0;
  #landed: () => void = () => {};

  constructor(dice: Dice, start: Instant) {
    this.dice = dice;
    this.now = start;
  }

  after(delayMs: number, go: () => void): void {
    const due: Due = { at: this.now + delayMs, order: this.#order, go };
    this.#order += 1;
    let index = this.#queue.length;
    while (index > 0 && isLater(this.#queue[index - 1], due)) index -= 1;
    this.#queue.splice(index, 0, due);
  }

  nextAt(): Instant | null {
    return this.#queue[0]?.at ?? null;
  }

  /** Does what is next; the clock is put forward to it. */
  async step(): Promise<void> {
    const due = this.#queue.shift();
    if (!due) return;
    this.now = Math.max(this.now, due.at);
    due.go();
    await this.settle();
  }

  /** Until everybody waits again: for their turn, or for what really happens elsewhere (a database). */
  async settle(): Promise<void> {
    this.steps += 1;
    do {
      if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#landed = resolve));
      await new Promise<void>((resolve) => setImmediate(resolve));
    } while (this.#underWay > 0);
  }

  /** Waits in virtual time. Never comes back in a life that has ended. */
  turn(life: Life, delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        if (!life.alive) return;
        if (life.pausedUntil > this.now) this.after(life.pausedUntil - this.now, go);
        else resolve();
      };
      this.after(delayMs, go);
    });
  }

  /** Something really asynchronous: the story stands still until it has happened. */
  async elsewhere<Result>(act: () => Promise<Result>): Promise<Result> {
    this.#underWay += 1;
    try {
      return await act();
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#landed();
    }
  }

  /** One step of a process: waits its turn, passes the crash points before and after, and does it in between. */
  async port<Result>(life: Life, name: string, act: () => Promise<Result>): Promise<Result> {
    const paused = this.dice.chance(this.pauseChance) ? this.dice.pick(PAUSES_MS) : 0;
    await this.turn(life, paused + this.dice.between(0, 40));
    if (this.crashed(life, `${name}:before`)) return never();
    try {
      return await act();
    } finally {
      // An answer to a dead process is heard by nobody.
      if (!life.alive || this.crashed(life, `${name}:after`)) await never();
    }
  }

  crashed(life: Life, point: string): boolean {
    const passing = (this.passings.get(point) ?? 0) + 1;
    this.passings.set(point, passing);
    if (!life.alive) return true;
    if (!this.crashes.at(point, passing)) return false;
    life.alive = false;
    this.fallen += 1;
    this.onCrash(life);
    return true;
  }

  /** Lets a piece of work go on by itself. What it throws is a surprise unless it was planted. */
  start(what: string, work: Promise<unknown>, planted: (error: unknown) => boolean): void {
    work.catch((error: unknown) => {
      if (planted(error)) return;
      this.surprises.push(`${what}: ${error instanceof Error ? error.stack : String(error)}`);
    });
  }
}

function isLater(one: Due | undefined, other: Due): boolean {
  return one !== undefined && (one.at > other.at || (one.at === other.at && one.order > other.order));
}

function never(): Promise<never> {
  return new Promise(() => {});
}
