import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RateLimiter } from '../../src/http/limit.ts';
import { SURFACES } from '../../src/surfaces/catalogue.ts';
import { MemoryStore } from '../contract/store/memory.ts';
import { World } from './world.ts';

/** A minute that stands still until it is told to go on, and what was leased in it. */
function aMinute() {
  const time = { nowMs: 1_000_000 };
  const store = new MemoryStore(() => time.nowMs);
  const leases: number[] = [];
  const leaseAllowance: typeof store.leaseAllowance = async (key, wanted, perMinute) => {
    const lease = await store.leaseAllowance(key, wanted, perMinute);
    leases.push(lease.granted);
    return lease;
  };
  const limiter = () => new RateLimiter({ leaseAllowance }, () => time.nowMs);
  return { time, leases, limiter };
}

const key = (requestsPerMinute: number) => ({ id: 'key_1', requestsPerMinute }) as const;

describe('requests a minute', () => {
  it('are exactly as many as the key may, over four processes at once', async () => {
    const { limiter } = aMinute();
    const processes = [limiter(), limiter(), limiter(), limiter()];
    let taken = 0;
    for (let round = 0; round < 3_000; round += 1) {
      const answers = await Promise.all(processes.map((process) => process.take(key(10_000))));
      taken += answers.filter((refused) => refused === null).length;
    }
    assert.equal(taken, 10_000);
  });

  it('are leased in blocks, once for all who wait', async () => {
    const { leases, limiter } = aMinute();
    const one = limiter();
    await Promise.all(Array.from({ length: 120 }, () => one.take(key(10_000))));
    assert.deepEqual(leases, [50, 50, 50]);
  });

  it('of a small limit are leased one by one, so that none is lost', async () => {
    const { leases, limiter } = aMinute();
    const [one, other] = [limiter(), limiter()];
    const refused = [];
    for (let turn = 0; turn < 4; turn += 1) refused.push(await one.take(key(6)), await other.take(key(6)));
    assert.deepEqual(
      refused.map((answer) => answer?.refused ?? null),
      [null, null, null, null, null, null, 'rate_limited', 'rate_limited'],
    );
    assert.equal(leases.length, 8);
  });

  it('that were refused are not asked for again before their time, and then they are', async () => {
    const { time, leases, limiter } = aMinute();
    const one = limiter();
    for (let turn = 0; turn < 6; turn += 1) await one.take(key(6));
    const refused = await one.take(key(6));
    assert.equal(refused?.retryAfterMs, 10_000);
    const asked = leases.length;
    time.nowMs += 9_999;
    assert.equal((await one.take(key(6)))?.refused, 'rate_limited');
    assert.equal(leases.length, asked);
    time.nowMs += 1;
    assert.equal(await one.take(key(6)), null);
  });

  it('are given up with their block: what was leased long ago is not used now', async () => {
    const { time, leases, limiter } = aMinute();
    const one = limiter();
    await one.take(key(10_000));
    time.nowMs += 5_000;
    await one.take(key(10_000));
    assert.deepEqual(leases, [50, 50]);
  });
});

describe('a revoked key', () => {
  it('is refused within 5 s although it was remembered', { timeout: 5_000 }, async () => {
    await using world = await World.open(SURFACES);
    const secret = await world.key();
    const status = async () => (await world.fetch('/api/v1/credits', { key: secret })).status;
    assert.equal(await status(), 200);
    const [row] = [...world.store.keyRows.values()];
    assert.ok(row && (await world.store.revokeKey(row.key.id, Date.now())));
    while ((await status()) !== 401) await new Promise((resolve) => setTimeout(resolve, 50));
  });
});
