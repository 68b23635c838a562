/** The longest delay that one timer of the runtime takes. */
const TIMER_MS_MAX = 2_000_000_000;

/** A clock that a test can freeze and move; without that it runs as the machine's does. All times in milliseconds. */
export interface Clock {
  /** The simulated time, milliseconds since 1970. */
  now(): number;
  /** Runs something once `delayMs` of simulated time have passed; the function returned prevents it. */
  after(delayMs: number, run: () => void | Promise<void>): () => void;
  /**
   * Moves the time on. What falls due on the way runs in order, and whatever it started is waited for before the
   * time moves further: an attempt at a callback and its retries three days later all happen within one call.
   */
  advance(ms: number): Promise<void>;
  /** Stops the simulated time until `resume`; `advance` still moves it. */
  freeze(): void;
  resume(): void;
  /** Waits until nothing that was due is still running. */
  settled(): Promise<void>;
  /** Forgets everything that was to come. */
  stop(): void;
}

interface Alarm {
  readonly at: number;
  readonly run: () => void | Promise<void>;
}

/** A clock that starts at the machine's time. */
export function createClock(): Clock {
  return new SimulatedClock();
}

class SimulatedClock implements Clock {
  #offsetMs = 0;
  #frozenAt: number | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** Soonest first. */
  readonly #alarms: Alarm[] = [];
  readonly #running = new Set<Promise<void>>();

  now(): number {
    return this.#frozenAt ?? Date.now() + this.#offsetMs;
  }

  after(delayMs: number, run: () => void | Promise<void>): () => void {
    const alarm = { at: this.now() + delayMs, run };
    this.#alarms.splice(placeOf(this.#alarms, alarm.at), 0, alarm);
    if (this.#alarms[0] === alarm) this.#arm();
    return () => {
      const at = this.#alarms.indexOf(alarm);
      if (at >= 0) this.#alarms.splice(at, 1);
    };
  }

  async advance(ms: number): Promise<void> {
    const target = this.now() + ms;
    await this.settled();
    for (let next = this.#alarms[0]; next && next.at <= target; next = this.#alarms[0]) {
      this.#alarms.shift();
      this.#moveTo(next.at);
      this.#fire(next);
      await this.settled();
    }
    this.#moveTo(target);
    this.#arm();
  }

  freeze(): void {
    this.#frozenAt = this.now();
    clearTimeout(this.#timer);
  }

  resume(): void {
    if (this.#frozenAt !== null) this.#offsetMs = this.#frozenAt - Date.now();
    this.#frozenAt = null;
    this.#arm();
  }

  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#alarms.length = 0;
  }

  #fire(alarm: Alarm): void {
    const run = Promise.resolve()
      .then(alarm.run)
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const next = this.#alarms[0];
    if (!next || this.#frozenAt !== null) return;
    const delayMs = Math.min(Math.max(0, next.at - this.now()), TIMER_MS_MAX);
    this.#timer = setTimeout(() => this.#ring(), delayMs);
    this.#timer.unref();
  }

  #ring(): void {
    for (let next = this.#alarms[0]; next && next.at <= this.now(); next = this.#alarms[0]) {
      this.#alarms.shift();
      this.#fire(next);
    }
    this.#arm();
  }

  #moveTo(at: number): void {
    if (this.#frozenAt === null) this.#offsetMs += Math.max(0, at - this.now());
    else this.#frozenAt = Math.max(at, this.#frozenAt);
  }
}

/** The machine's time, for signatures that a receiver checks against its own clock. */
export function machineTime(): number {
  return Date.now();
}

/** Waits by the machine's clock: slow answers are slow for the client, whatever the simulated time. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}

/** A signal that ends a request of ours after that time of the machine's clock. */
export function deadline(ms: number): AbortSignal {
  return AbortSignal.timeout(ms);
}

/** Behind all that fall due at the same time or before. */
function placeOf(alarms: readonly Alarm[], at: number): number {
  let low = 0;
  let high = alarms.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((alarms[middle]?.at ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
