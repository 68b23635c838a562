import { timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { hashKey, isKey } from '../core/apikey.ts';
import type { AccountStore, ApiKey } from '../core/ports/accounts.ts';
import type { Clock } from '../core/ports/world.ts';
import type { Refusal } from '../core/refusal.ts';
import { refuse } from '../core/refusal.ts';

/** A revocation acts within 5 s on every process (invariant 21): what is remembered of a key lives shorter. */
const REMEMBERED_MS = 2_000;
const REMEMBERED_KEYS = 20_000;

const ABSENT = Symbol('no such key');

/** Tells who calls by their API key. */
export class Keys {
  readonly #cache: LRUCache<string, ApiKey | typeof ABSENT>;
  readonly #clock: Clock;

  constructor(store: Pick<AccountStore, 'keyByHash'>, clock: Clock) {
    this.#clock = clock;
    this.#cache = new LRUCache({
      max: REMEMBERED_KEYS,
      ttl: REMEMBERED_MS,
      fetchMethod: async (hash) => (await store.keyByHash(hash)) ?? ABSENT,
    });
  }

  /** The key of an `Authorization: Bearer` header. Throws `StoreUnavailable`. */
  async authenticate(header: string | undefined): Promise<ApiKey | Refusal> {
    const given = bearer(header);
    if (given === null) {
      return refuse('key_missing', 'Missing API key: send it as Authorization: Bearer YOUR_API_KEY');
    }
    if (!isKey(given)) return refuse('key_invalid', 'Invalid API key');
    const hash = hashKey(given);
    const key = this.#cache.get(hash) ?? (await this.#cache.fetch(hash)) ?? ABSENT;
    if (key === ABSENT) return refuse('key_invalid', 'Invalid API key');
    if (key.revokedAt !== null) return refuse('key_revoked', 'this key was revoked');
    if (key.expiresAt !== null && key.expiresAt <= this.#clock.now()) {
      return refuse('key_expired', 'this key has expired');
    }
    return key;
  }
}

/** Whether a header carries the operator's token. A customer's key never is one: it is compared as a whole. */
export function isAdmin(header: string | undefined, tokenHash: string): boolean {
  const given = Buffer.from(hashKey(bearer(header) ?? ''));
  const wanted = Buffer.from(tokenHash);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function bearer(header: string | undefined): string | null {
  return /^bearer +(\S+) *$/i.exec(header ?? '')?.[1] ?? null;
}
