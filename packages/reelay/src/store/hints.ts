import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { TaskId } from '../core/values.ts';

const CHANNEL = 'reelay_moved';
/** A notification holds 8,000 bytes; an id has some 40. */
const IDS_MAX = 150;
const FLUSH_EVERY_MS = 5;
const MAX_RECONNECT_PAUSE_MS = 5_000;

type Listener = (ids: readonly TaskId[]) => void;

/**
 * Tells this process and the others which tasks moved. Only a hint, sent after the commit and at most every few
 * milliseconds: it may be lost with a connection, so whoever waits also reads by itself now and then. (A NOTIFY within
 * the commits would make them wait for each other: PostgreSQL lets only one such transaction commit at a time.)
 */
export class Hints {
  readonly #origin = randomUUID();
  readonly #listeners = new Set<Listener>();
  readonly #connection: pg.ClientConfig;
  #client: pg.Client | null = null;
  #outbox = new Set<TaskId>();
  #flushing: Promise<void> | null = null;
  #closed = false;

  constructor(connection: pg.ClientConfig) {
    this.#connection = connection;
  }

  /** Connects; from then on the connection is renewed by itself. */
  async open(): Promise<void> {
    const client = new pg.Client({ keepAlive: true, ...this.#connection });
    client.on('error', () => {});
    client.on('notification', ({ payload }) => this.#hear(payload ?? ''));
    client.once('end', () => this.#lose(client));
    await client.connect();
    // This connection carries hints only: nothing that anybody would miss after a crash.
    await client.query('set synchronous_commit = off');
    await client.query(`listen ${CHANNEL}`);
    if (this.#closed) await client.end();
    else this.#client = client;
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells this process at once of `ids`, and the others soon: of all of them, or where that is enough, of `elsewhere`. */
  tell(ids: readonly TaskId[], elsewhere: readonly TaskId[] = ids): void {
    for (const listener of this.#listeners) listener(ids);
    for (const id of elsewhere) this.#outbox.add(id);
    if (this.#outbox.size > 0) this.#flushing ??= this.#flush();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
    const client = this.#client;
    this.#client = null;
    await client?.end();
  }

  async #flush(): Promise<void> {
    await sleep(FLUSH_EVERY_MS);
    const ids = [...this.#outbox];
    this.#outbox = new Set();
    try {
      for (let from = 0; from < ids.length; from += IDS_MAX) {
        const payload = [this.#origin, ...ids.slice(from, from + IDS_MAX)].join(' ');
        await this.#client?.query({
          name: 'tell',
          text: `select pg_notify('${CHANNEL}', $1)`,
          values: [payload],
        });
      }
    } catch {
      // The connection broke: those hints are lost, and the next ones go over the next connection.
    } finally {
      this.#flushing = this.#outbox.size > 0 ? this.#flush() : null;
    }
  }

  #hear(payload: string): void {
    const [origin, ...ids] = payload.split(' ');
    if (origin === this.#origin) return;
    for (const listener of this.#listeners) listener(ids as TaskId[]);
  }

  #lose(client: pg.Client): void {
    if (this.#closed || this.#client !== client) return;
    this.#client = null;
    void this.#reopen();
  }

  async #reopen(): Promise<void> {
    for (
      let pauseMs = 20;
      !this.#closed && !this.#client;
      pauseMs = Math.min(pauseMs * 2, MAX_RECONNECT_PAUSE_MS)
    ) {
      await sleep(pauseMs);
      await this.open().catch(() => {});
    }
    // Whatever was told meanwhile was not heard: everybody looks for themselves.
    for (const listener of this.#listeners) listener([]);
  }
}
