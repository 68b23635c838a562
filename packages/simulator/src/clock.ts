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
  let offsetMs = 0;
  let frozenAt: number | null = null;
  let timer: NodeJS.Timeout | undefined;
  const alarms: Alarm[] = [];
  const running = new Set<Promise<void>>();

  const now = () => frozenAt ?? Date.now() + offsetMs;

  function fire(alarm: Alarm): void {
    const run = Promise.resolve()
      .then(alarm.run)
      .finally(() => running.delete(run));
    running.add(run);
  }

  function arm(): void {
    clearTimeout(timer);
    const next = alarms[0];
    if (!next || frozenAt !== null) return;
    timer = setTimeout(ring, Math.min(Math.max(0, next.at - now()), TIMER_MS_MAX));
    timer.unref();
  }

  function ring(): void {
    for (let next = alarms[0]; next && next.at <= now(); next = alarms[0]) {
      alarms.shift();
      fire(next);
    }
    arm();
  }

  async function settled(): Promise<void> {
    while (running.size > 0) await Promise.allSettled(running);
  }

  function moveTo(at: number): void {
    if (frozenAt === null) offsetMs += Math.max(0, at - now());
    else frozenAt = Math.max(at, frozenAt);
  }

  return {
    now,
    settled,
    after(delayMs, run) {
      const alarm = { at: now() + delayMs, run };
      alarms.splice(placeOf(alarms, alarm.at), 0, alarm);
      if (alarms[0] === alarm) arm();
      return () => {
        const at = alarms.indexOf(alarm);
        if (at >= 0) alarms.splice(at, 1);
      };
    },
    async advance(ms) {
      const target = now() + ms;
      await settled();
      for (let next = alarms[0]; next && next.at <= target; next = alarms[0]) {
        alarms.shift();
        moveTo(next.at);
        fire(next);
        await settled();
      }
      moveTo(target);
      arm();
    },
    freeze() {
      frozenAt = now();
      clearTimeout(timer);
    },
    resume() {
      if (frozenAt !== null) offsetMs = frozenAt - Date.now();
      frozenAt = null;
      arm();
    },
    stop() {
      clearTimeout(timer);
      alarms.length = 0;
    },
  };
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
