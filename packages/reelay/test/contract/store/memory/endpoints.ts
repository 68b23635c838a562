import { Buffer } from 'node:buffer';
import type {
  Endpoint,
  EndpointChange,
  EndpointDelivery,
  EndpointId,
  EndpointStore,
} from '../../../../src/core/ports/endpoints.ts';
import type { DeliveryAttempt, Letter } from '../../../../src/core/ports/letters.ts';
import type { AccountId, Instant, LetterId, TaskId } from '../../../../src/core/values.ts';
import type { DisabledNews } from '../../../../src/store/endpoints.ts';
import { MemoryAccounts } from './accounts.ts';
import { Feed } from './feed.ts';

const LONG_MS = 3 * 86_400_000;
const SEVERAL = 3;
/** In the row of a letter that is of no task. */
const NO_TASK: TaskId = 'task_';

export interface EndpointRow {
  endpoint: Endpoint;
  failingSince: Instant | null;
  deadLetters: number;
}

export interface LetterRow {
  readonly letter: Letter;
  readonly createdAt?: Instant;
  state: 'pending' | 'delivered' | 'dead';
  dueAt: Instant;
  leased?: boolean;
  leasedBy?: string | null;
  /** Waits while its endpoint is disabled. */
  held?: boolean;
  attempts: DeliveryAttempt[];
}

/** Endpoints, what is sent to them, and the feeds of events, in memory. */
export abstract class MemoryEndpoints extends MemoryAccounts implements EndpointStore {
  readonly endpointRows = new Map<EndpointId, EndpointRow>();
  readonly letterRows = new Map<LetterId, LetterRow>();
  readonly feeds = new Map<AccountId, Feed>();
  disabledNews: DisabledNews | null = null;

  async createEndpoint(endpoint: Endpoint, most: number): Promise<'created' | 'too_many'> {
    if (this.#endpointsOf(endpoint.account).length >= most) return 'too_many';
    this.endpointRows.set(endpoint.id, { endpoint, failingSince: null, deadLetters: 0 });
    return 'created';
  }

  async endpoint(id: EndpointId): Promise<Endpoint | null> {
    return this.endpointRows.get(id)?.endpoint ?? null;
  }

  async endpoints(account: AccountId): Promise<readonly Endpoint[]> {
    return this.#endpointsOf(account).sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
  }

  async updateEndpoint(id: EndpointId, change: EndpointChange, at: Instant): Promise<Endpoint | null> {
    const row = this.endpointRows.get(id);
    if (!row || row.endpoint.status === 'revoked') return null;
    const again = change.status === 'active' && row.endpoint.status !== 'active';
    if (again) Object.assign(row, { failingSince: null, deadLetters: 0 });
    row.endpoint = { ...row.endpoint, ...change, ...(again ? { failureCount: 0 } : {}), updatedAt: at };
    if (change.status) this.#hold(row.endpoint);
    return row.endpoint;
  }

  async writeLetter(
    id: EndpointId,
    letter: { readonly id: LetterId; readonly type: string; readonly body: string },
  ): Promise<void> {
    const endpoint = await this.endpoint(id);
    if (endpoint) this.send(endpoint, letter, { task: NO_TASK, key: 'key_' });
  }

  async endpointDeliveries(id: EndpointId, { cursor, limit }: { cursor: string | null; limit: number }) {
    const before = cursor === null ? null : Buffer.from(cursor, 'base64url').toString();
    const place = (row: LetterRow) => `${(row.createdAt ?? 0).toString().padStart(15, '0')} ${row.letter.id}`;
    const rows = [...this.letterRows.values()]
      .filter((row) => row.letter.endpoint === id && (before === null || place(row) < before))
      .sort((a, b) => (place(a) < place(b) ? 1 : -1));
    const shown = rows.slice(0, limit);
    const last = rows.length > limit ? shown.at(-1) : undefined;
    const deliveries = shown.map(
      ({ letter, state, createdAt = 0, attempts }): EndpointDelivery => ({
        letter: letter.id,
        type: letter.type,
        state,
        createdAt,
        attempts: [...attempts],
      }),
    );
    return { deliveries, nextCursor: last ? Buffer.from(place(last)).toString('base64url') : null };
  }

  async replayLetter(endpoint: EndpointId, id: LetterId): Promise<boolean> {
    const row = this.letterRows.get(id);
    if (row?.letter.endpoint !== endpoint) return false;
    Object.assign(row, { state: 'pending', held: false });
    if (!row.leased) row.dueAt = this.now();
    return true;
  }

  async feed(account: AccountId, page: { cursor: string | null; limit: number; type: string | null }) {
    return this.#feedOf(account).page(page);
  }

  async forgetEvents(limit: number): Promise<number> {
    let gone = 0;
    for (const feed of this.feeds.values()) gone += feed.forget(this.now(), limit - gone);
    return gone;
  }

  /** Tells an account of something: its feed, and every active endpoint that wants the type. */
  protected announce(
    account: AccountId,
    subject: string,
    event: { readonly type: string; readonly body: string },
    of: Pick<Letter, 'task' | 'key'>,
  ): void {
    this.#feedOf(account).add({ ...event, at: this.now() });
    for (const endpoint of this.#endpointsOf(account)) {
      if (endpoint.status !== 'active' || !endpoint.eventTypes.includes(event.type)) continue;
      const id: LetterId = `evt_${subject}_${event.type}_${endpoint.id}`.replaceAll('.', '-') as LetterId;
      this.send(endpoint, { id, ...event }, of);
    }
  }

  /** What an attempt at a letter means for its endpoint. */
  protected judge(row: LetterRow, attempt: DeliveryAttempt, ok: boolean, gaveUp: boolean): void {
    const standing = this.endpointRows.get(row.letter.endpoint as EndpointId);
    if (!standing) return;
    const { at } = attempt;
    if (ok) {
      standing.endpoint = { ...standing.endpoint, lastSuccessAt: at, failureCount: 0 };
      Object.assign(standing, { failingSince: null, deadLetters: 0 });
      return;
    }
    const failureCount = standing.endpoint.failureCount + 1;
    standing.endpoint = { ...standing.endpoint, lastFailureAt: at, failureCount };
    standing.failingSince ??= at;
    if (gaveUp) standing.deadLetters += 1;
    if (standing.endpoint.status === 'disabled') row.held = true;
    const long = gaveUp && standing.deadLetters >= SEVERAL && standing.failingSince <= at - LONG_MS;
    if (standing.endpoint.status !== 'active' || (attempt.status !== 410 && !long)) return;
    standing.endpoint = { ...standing.endpoint, status: 'disabled', disabledAt: at, updatedAt: at };
    this.#hold(standing.endpoint);
    const event: LetterId = `evt_${row.letter.id}_${attempt.number}`;
    const news = this.disabledNews?.(standing.endpoint, event);
    if (news) this.announce(row.letter.account, event, news, { task: NO_TASK, key: 'key_' });
  }

  private send(
    endpoint: Endpoint,
    { id, type, body }: { readonly id: LetterId; readonly type: string; readonly body: string },
    of: Pick<Letter, 'task' | 'key'>,
  ): void {
    const { account, url } = endpoint;
    const to = { kind: 'endpoint', endpoint: endpoint.id, account, url } as const;
    const letter: Letter = { id, ...of, ...to, type, body, attempts: 0, secrets: [] };
    const now = this.now();
    this.letterRows.set(id, { letter, createdAt: now, state: 'pending', dueAt: now, attempts: [] });
  }

  /** Letters wait with their endpoint, and end with it. */
  #hold({ id, status }: Endpoint): void {
    for (const row of this.letterRows.values()) {
      if (row.letter.endpoint !== id || row.state !== 'pending') continue;
      row.held = status === 'disabled';
      if (status === 'revoked') row.state = 'dead';
    }
  }

  #endpointsOf(account: AccountId): Endpoint[] {
    return [...this.endpointRows.values()]
      .map((row) => row.endpoint)
      .filter((endpoint) => endpoint.account === account && endpoint.status !== 'revoked');
  }

  #feedOf(account: AccountId): Feed {
    const feed = this.feeds.get(account) ?? new Feed();
    this.feeds.set(account, feed);
    return feed;
  }
}
