import type { Operation } from './format.ts';

/** One request that a namespace received, or one callback that it sent. */
export interface JournalEntry {
  readonly number: number;
  /** Of the namespace's clock. */
  readonly at: number;
  readonly format: string;
  readonly operation: Operation | 'unknown';
  readonly method: string;
  readonly path: string;
  /** Null: the sender got no status. */
  status: number | null;
  /** Names of the faults it met. */
  readonly faults: readonly string[];
  /** The job it created, or that the callback tells of. */
  readonly job: string | null;
  /** The JSON that was sent, long strings shortened; null where it was none. */
  readonly body: unknown;
  /** Why no answer came. */
  error: string | null;
}

/** An entry before it has its number. */
export type JournalDraft = Omit<JournalEntry, 'number'>;

/** The last requests of a namespace. */
export interface Journal {
  add(draft: JournalDraft): JournalEntry;
  entries(): readonly JournalEntry[];
}

const STRING_CHARACTERS_MAX = 2_000;

/** A journal that keeps that many entries. */
export function createJournal(capacity: number): Journal {
  const entries: JournalEntry[] = [];
  let number = 0;
  return {
    add(draft) {
      number += 1;
      const entry = { number, ...draft };
      entries.push(entry);
      // Dropped in blocks: shifting one by one would copy the array each time.
      if (entries.length > capacity * 1.25) entries.splice(0, entries.length - capacity);
      return entry;
    },
    entries: () => entries.slice(-capacity),
  };
}

/** A copy with long strings (pictures in base64) shortened. */
export function shortened(value: unknown): unknown {
  if (typeof value === 'string')
    return value.length <= STRING_CHARACTERS_MAX
      ? value
      : `${value.slice(0, 100)}… (${value.length} characters)`;
  if (Array.isArray(value)) return value.map(shortened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shortened(item)]));
}
