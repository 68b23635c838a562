/** What a group runner does with what is thrown at it. */
export type Reaction = 'split' | 'reject';

export interface GroupOptions<Item, Result> {
  /** How many groups may run side by side; items of one lane run one group after the other. */
  readonly lanes: number;
  /** The most items in a group. */
  readonly size: number;
  /** What decides an item's lane: equal names, equal lane. */
  readonly laneName: (item: Item) => string;
  /** Two items with a name in common are never in one group; the later one waits for the next. */
  readonly exclusive: (item: Item) => readonly string[];
  /** Does the work of a group; one result for each item, in order. */
  readonly run: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** Whether a group that failed is tried again in halves, so that one bad item does not harm its neighbours. */
  readonly onError: (error: unknown) => Reaction;
}

interface Entry<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Folds single calls into groups: whatever arrives while a group runs goes into the next one of its lane. An idle lane
 * waits for nothing but the end of the present turn of the event loop.
 */
export class Grouped<Item, Result> {
  readonly #options: GroupOptions<Item, Result>;
  readonly #lanes: readonly Lane<Item, Result>[];

  constructor(options: GroupOptions<Item, Result>) {
    this.#options = options;
    this.#lanes = Array.from({ length: options.lanes }, () => new Lane(options));
  }

  /** The item's own result, or the error that it alone, or its whole group, met. */
  call(item: Item): Promise<Result> {
    const lane = this.#lanes[hash(this.#options.laneName(item)) % this.#lanes.length];
    return new Promise((resolve, reject) => lane?.add({ item, resolve, reject }));
  }

  /** Resolves when everything that was called has its answer. */
  async idle(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.idle()));
  }
}

class Lane<Item, Result> {
  readonly #options: GroupOptions<Item, Result>;
  #waiting: Entry<Item, Result>[] = [];
  #running: Promise<void> | null = null;

  constructor(options: GroupOptions<Item, Result>) {
    this.#options = options;
  }

  add(entry: Entry<Item, Result>): void {
    this.#waiting.push(entry);
    this.#running ??= this.#drain();
  }

  async idle(): Promise<void> {
    await this.#running;
  }

  async #drain(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) await this.#run(this.#take());
    this.#running = null;
  }

  #take(): readonly Entry<Item, Result>[] {
    const taken: Entry<Item, Result>[] = [];
    const left: Entry<Item, Result>[] = [];
    const names = new Set<string>();
    for (const entry of this.#waiting) {
      const own = taken.length < this.#options.size ? this.#options.exclusive(entry.item) : null;
      if (own?.every((name) => !names.has(name))) {
        for (const name of own) names.add(name);
        taken.push(entry);
      } else {
        // Also those that stay keep their order: nobody overtakes somebody with the same name.
        for (const name of own ?? []) names.add(name);
        left.push(entry);
      }
    }
    this.#waiting = left;
    return taken;
  }

  async #run(entries: readonly Entry<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#options.run(entries.map((entry) => entry.item));
      for (const [index, entry] of entries.entries()) {
        const result = results[index];
        if (result === undefined) entry.reject(new Error('a group gave fewer results than it has items'));
        else entry.resolve(result);
      }
    } catch (error) {
      if (entries.length > 1 && this.#options.onError(error) === 'split') {
        const half = Math.ceil(entries.length / 2);
        await this.#run(entries.slice(0, half));
        await this.#run(entries.slice(half));
      } else {
        for (const entry of entries) entry.reject(error);
      }
    }
  }
}

/** FNV-1a: cheap, and spreads ids that differ in their last characters only. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}
