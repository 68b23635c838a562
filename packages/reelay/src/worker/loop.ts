import type { Log } from '../log.ts';

export interface LoopOptions<Item> {
  readonly name: string;
  /** How many items may be worked on at one time. */
  readonly capacity: number;
  /** How long to rest when nothing was due. */
  readonly idleMs: number;
  claim(limit: number): Promise<readonly Item[]>;
  run(item: Item): Promise<void>;
  readonly log: Log;
}

export interface Loop {
  /** Looks for work now instead of after the rest. */
  wake(): void;
  /** Claims nothing more; resolves when what is under way has ended. */
  stop(): Promise<void>;
}

/** Claim → run → rest, until stopped. An item that throws is logged and left: its lease runs out and it comes again. */
export function startLoop<Item>(options: LoopOptions<Item>): Loop {
  const { name, capacity, idleMs, log } = options;
  const underWay = new Set<Promise<void>>();
  let stopping = false;
  let rouse: () => void = () => {};
  let roused = false;

  async function turn(): Promise<boolean> {
    const free = capacity - underWay.size;
    if (free <= 0) {
      await Promise.race(underWay);
      return true;
    }
    const items = await options.claim(free);
    for (const item of items) {
      const work = options
        .run(item)
        .catch((error: unknown) => log.error('work failed', { loop: name, error }))
        .finally(() => underWay.delete(work));
      underWay.add(work);
    }
    return items.length > 0;
  }

  async function rest(): Promise<void> {
    if (roused) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, idleMs);
      rouse = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  const ended = (async () => {
    while (!stopping) {
      roused = false;
      try {
        if (await turn()) continue;
      } catch (error) {
        log.error('claim failed', { loop: name, error });
      }
      if (!stopping) await rest();
    }
    await Promise.all(underWay);
  })();

  return {
    wake() {
      roused = true;
      rouse();
    },
    async stop() {
      stopping = true;
      rouse();
      await ended;
    },
  };
}
