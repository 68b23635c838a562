import { LRUCache } from 'lru-cache';
import type { ApiKey } from '../core/ports/accounts.ts';
import type { LimitStore } from '../core/ports/store.ts';
import type { Refusal } from '../core/refusal.ts';
import { refuse } from '../core/refusal.ts';
import type { KeyId } from '../core/values.ts';

/**
 * A process leases a two-hundredth of a key's minute at a time and gives it up after 5 s. So all processes together
 * never pass the limit, what a slow caller leaves unused is small beside it, and the burst past the end of a minute is
 * one block a process.
 */
const BLOCKS_PER_MINUTE = 200;
const BLOCK_LIFE_MS = 5_000;
const REMEMBERED_KEYS = 20_000;

interface Allowance {
  left: number;
  endsAtMs: number;
  /** Refused until then, without asking again. */
  refusedUntilMs: number;
  leasing: Promise<void> | null;
}

/** Requests a minute of each key, polls and creates together, over all processes. */
export class RateLimiter {
  readonly #allowances = new LRUCache<KeyId, Allowance>({ max: REMEMBERED_KEYS });
  readonly #store: LimitStore;
  readonly #elapsedMs: () => number;

  constructor(store: LimitStore, elapsedMs: () => number) {
    this.#store = store;
    this.#elapsedMs = elapsedMs;
  }

  /** Takes one request out of a key's minute; null when it may go on. Throws `StoreUnavailable`. */
  async take(key: Pick<ApiKey, 'id' | 'requestsPerMinute'>): Promise<Refusal | null> {
    const allowance = this.#allowance(key.id);
    for (;;) {
      const nowMs = this.#elapsedMs();
      if (allowance.left > 0 && nowMs < allowance.endsAtMs) {
        allowance.left -= 1;
        return null;
      }
      if (nowMs < allowance.refusedUntilMs) return over(key, allowance.refusedUntilMs - nowMs);
      allowance.leasing ??= this.#lease(key, allowance).finally(() => {
        allowance.leasing = null;
      });
      await allowance.leasing;
    }
  }

  async #lease(key: Pick<ApiKey, 'id' | 'requestsPerMinute'>, allowance: Allowance): Promise<void> {
    const perMinute = key.requestsPerMinute;
    const wanted = Math.max(1, Math.floor(perMinute / BLOCKS_PER_MINUTE));
    const { granted, retryAfterMs } = await this.#store.leaseAllowance(key.id, wanted, perMinute);
    const nowMs = this.#elapsedMs();
    allowance.left = granted;
    allowance.endsAtMs = nowMs + BLOCK_LIFE_MS;
    if (granted === 0) allowance.refusedUntilMs = nowMs + Math.max(retryAfterMs, 10);
  }

  #allowance(id: KeyId): Allowance {
    const known = this.#allowances.get(id);
    if (known) return known;
    const fresh: Allowance = { left: 0, endsAtMs: 0, refusedUntilMs: 0, leasing: null };
    this.#allowances.set(id, fresh);
    return fresh;
  }
}

function over(key: Pick<ApiKey, 'requestsPerMinute'>, retryAfterMs: number): Refusal {
  const message = `Rate limit exceeded: at most ${key.requestsPerMinute} requests a minute. Wait and retry.`;
  return refuse('rate_limited', message, { retryAfterMs });
}
