import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import type {
  Endpoint,
  EndpointChange,
  EndpointDelivery,
  EndpointId,
  EndpointStore,
  FeedEvent,
} from '../../src/core/ports/endpoints.ts';
import type { Upload, UploadStore } from '../../src/core/ports/uploads.ts';
import type { AccountId, FileId, Instant, LetterId } from '../../src/core/values.ts';
import { openLocalFiles } from '../../src/files/local.ts';
import { openInspector } from '../../src/net/inspector.ts';

/** Endpoints in memory, every table open to look at. */
export class MemoryEndpoints implements EndpointStore {
  readonly rows = new Map<EndpointId, Endpoint>();
  readonly letters: (EndpointDelivery & { endpoint: EndpointId; body: string })[] = [];
  readonly events: (FeedEvent & { account: AccountId })[] = [];
  /** Events before this position are gone. */
  keptFrom = 0;

  async createEndpoint(endpoint: Endpoint, most: number): Promise<'created' | 'too_many'> {
    if ((await this.endpoints(endpoint.account)).length >= most) return 'too_many';
    this.rows.set(endpoint.id, endpoint);
    return 'created';
  }

  async endpoint(id: EndpointId): Promise<Endpoint | null> {
    return this.rows.get(id) ?? null;
  }

  async endpoints(account: AccountId): Promise<readonly Endpoint[]> {
    return [...this.rows.values()]
      .filter((row) => row.account === account && row.status !== 'revoked')
      .reverse();
  }

  async updateEndpoint(id: EndpointId, change: EndpointChange, at: Instant): Promise<Endpoint | null> {
    const row = this.rows.get(id);
    if (!row || row.status === 'revoked') return null;
    const changed = { ...row, ...change, updatedAt: at };
    this.rows.set(id, changed);
    return changed;
  }

  async writeLetter(
    endpoint: EndpointId,
    letter: { id: LetterId; type: string; body: string },
  ): Promise<void> {
    const { id, type, body } = letter;
    const createdAt = systemClock.now();
    this.letters.push({ endpoint, letter: id, type, body, state: 'pending', createdAt, attempts: [] });
  }

  async endpointDeliveries(endpoint: EndpointId, page: { cursor: string | null; limit: number }) {
    const mine = this.letters.filter((letter) => letter.endpoint === endpoint).reverse();
    const start = Number(page.cursor ?? 0);
    const end = start + page.limit;
    return { deliveries: mine.slice(start, end), nextCursor: end < mine.length ? `${end}` : null };
  }

  async replayLetter(endpoint: EndpointId, id: LetterId): Promise<boolean> {
    const index = this.letters.findIndex((letter) => letter.endpoint === endpoint && letter.letter === id);
    const letter = this.letters[index];
    if (!letter) return false;
    this.letters[index] = { ...letter, state: 'pending' };
    return true;
  }

  async feed(account: AccountId, page: { cursor: string | null; limit: number; type: string | null }) {
    const after = Number(page.cursor ?? this.keptFrom);
    if (after < this.keptFrom) return 'expired';
    const found = [...this.events.entries()].filter(
      ([at, event]) => at >= after && event.account === account && (page.type ?? event.type) === event.type,
    );
    const shown = found.slice(0, page.limit);
    const last = shown.at(-1);
    return {
      events: shown.map(([, event]) => event),
      nextCursor: last ? `${last[0] + 1}` : page.cursor,
      hasMore: found.length > shown.length,
    };
  }
}

/** Uploads in memory, at most so many bytes of each account. */
export class MemoryUploads implements UploadStore {
  readonly rows = new Map<FileId, Upload & { removed: boolean }>();
  quotaBytes = Number.POSITIVE_INFINITY;

  async recordUpload(upload: Upload): Promise<'recorded' | 'quota_reached'> {
    const mine = [...this.rows.values()].filter((row) => row.account === upload.account);
    const kept = mine.reduce((sum, row) => sum + row.bytes, 0);
    if (kept + upload.bytes > this.quotaBytes) return 'quota_reached';
    this.rows.set(upload.id, { ...upload, removed: false });
    return 'recorded';
  }

  async upload(id: FileId) {
    return this.rows.get(id) ?? null;
  }
}

/** Real files in a temporary folder and the real inspector, with uploads in memory. */
export async function openShelf() {
  const folder = await mkdtemp(join(tmpdir(), 'reelay-uploads-'));
  const files = await openLocalFiles({ folder, minFreeBytes: 0, clock: systemClock });
  const inspector = openInspector();
  const store = new MemoryUploads();
  return {
    files,
    uploads: { store, inspector, tokenKey: 'of tests' },
    folder,
    async [Symbol.asyncDispose]() {
      inspector.close();
      await rm(folder, { recursive: true });
    },
  };
}
