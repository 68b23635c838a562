import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hashKey, isKey, keyHint, makeKey } from '../../src/core/apikey.ts';
import { backoffMs } from '../../src/core/backoff.ts';
import type { UpstreamFailureKind } from '../../src/core/failure.ts';
import { customerFailure, FAILURE_CODES, failure, isCustomersDoing } from '../../src/core/failure.ts';
import { hold, resolve } from '../../src/core/ledger.ts';
import { phase, shownFailure } from '../../src/core/task.ts';
import { Bug } from '../../src/core/values.ts';
import { aTask, STATES, T0 } from '../world.ts';

describe('backoff', () => {
  test('is between half and all of base × 2^n, and never past the most', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 10_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 10_000, max: 10 ** 9 }),
        (tries, chance, baseMs, maxMs) => {
          const full = Math.min(maxMs, baseMs * 2 ** Math.min(tries, 30));
          const delayMs = backoffMs(tries, chance, baseMs, maxMs);
          assert.ok(Number.isInteger(delayMs));
          assert.ok(delayMs >= Math.floor(full / 2) && delayMs <= full);
        },
      ),
    );
  });

  test('grows with the tries', () => {
    const delays = [0, 1, 2, 3, 10].map((tries) => backoffMs(tries, 1));
    assert.deepEqual(delays, [1_000, 2_000, 4_000, 8_000, 60_000]);
  });
});

describe('the ledger', () => {
  const task = { id: 'task_1', wallet: 'acc_1', price: 55, escrow: 55 } as const;

  test('hold, charge and refund are named after the task: there is never a second one', () => {
    assert.deepEqual(
      [...hold(task, T0), ...resolve(task, 20, T0)].map(({ id, from, to, amount }) => [id, from, to, amount]),
      [
        ['task_1:hold', 'account:acc_1', 'task:task_1', 55],
        ['task_1:charge', 'task:task_1', 'house:earned', 20],
        ['task_1:refund', 'task:task_1', 'account:acc_1', 35],
      ],
    );
  });

  test('a charge beyond the hold, or below nothing, is a bug', () => {
    assert.throws(() => resolve(task, 56, T0), Bug);
    assert.throws(() => resolve(task, -1, T0), Bug);
    assert.throws(() => resolve({ ...task, escrow: 0 }, 1, T0), Bug);
  });

  test('whatever is charged, the escrow ends empty and nothing else changes', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.double({ min: 0, max: 1, noNaN: true }), (escrow, share) => {
        const charge = Math.min(escrow, Math.floor(escrow * share));
        const transfers = resolve({ ...task, escrow }, charge, T0);
        assert.equal(
          transfers.reduce((sum, one) => sum + one.amount, 0),
          escrow,
        );
        assert.ok(transfers.every((one) => one.from === 'task:task_1' && one.amount > 0));
      }),
    );
  });
});

describe('failures', () => {
  const kinds: [UpstreamFailureKind, string, boolean][] = [
    ['content_violation', 'content_violation', true],
    ['invalid_input', 'invalid_prompt', true],
    ['insufficient_upstream_credits', 'generation_failed', false],
    ['rate_limited', 'generation_failed', false],
    ['concurrency_limited', 'generation_failed', false],
    ['auth', 'generation_failed', false],
    ['timeout', 'processing_timeout', false],
    ['canceled', 'generation_failed', false],
    ['internal', 'generation_failed', false],
  ];
  for (const [kind, code, theirs] of kinds) {
    test(`${kind}: the customer reads ${code}, never the upstream's words`, () => {
      const shown = customerFailure({ kind, message: 'sk-secret at 10.0.0.1', charged: null });
      assert.equal(shown.code, code);
      assert.doesNotMatch(shown.message, /secret|10\.0/);
      assert.equal(isCustomersDoing(kind), theirs);
    });
  }

  test('a failure in our own vocabulary is handed on literally', () => {
    const literal = failure('nsfw_detected');
    assert.equal(
      customerFailure({ kind: 'internal', message: '', charged: false, failure: literal }),
      literal,
    );
  });

  test('every code has a standing text', () => {
    for (const code of FAILURE_CODES) assert.match(failure(code).message, /^[A-Z].+[^.]$/);
  });
});

describe('what clients are shown', () => {
  const shown = (name: keyof typeof STATES, startedAt: number | null) =>
    phase({ ...aTask(), state: STATES[name], startedAt });

  test('pending only before the first attempt, also through a failover (decision 37)', () => {
    assert.equal(shown('queued', null), 'pending');
    for (const name of ['queued', 'submitting', 'unknown', 'running', 'storing'] as const) {
      assert.equal(shown(name, T0), 'processing', name);
    }
    assert.equal(shown('succeeded', T0), 'succeeded');
    assert.equal(shown('failed', T0), 'failed');
    assert.equal(shown('canceled', null), 'failed');
  });

  test('a canceled task shows as one that failed (decision 37)', () => {
    assert.deepEqual(shownFailure({ ...aTask(), state: STATES.canceled }), {
      code: 'generation_failed',
      message: 'Canceled',
    });
    assert.equal(shownFailure({ ...aTask(), state: STATES.failed }), STATES.failed.failure);
    assert.equal(shownFailure({ ...aTask(), state: STATES.running }), null);
  });
});

describe('API keys', () => {
  test('have their shape, and a checksum that any change of a character breaks', () => {
    for (const sandbox of [true, false]) {
      const key = makeKey(sandbox);
      assert.match(key, sandbox ? /^rly_test_[0-9A-Za-z]{36}$/ : /^rly_live_[0-9A-Za-z]{36}$/);
      assert.equal(isKey(key), true);
      for (let at = 9; at < key.length; at += 1) {
        const other = key[at] === 'a' ? 'b' : 'a';
        assert.equal(isKey(key.slice(0, at) + other + key.slice(at + 1)), false);
      }
    }
  });

  test('are never made twice, and are known by their hash and their ends alone', () => {
    const keys = Array.from({ length: 1_000 }, () => makeKey(true));
    assert.equal(new Set(keys).size, keys.length);
    const key = keys[0] ?? '';
    assert.match(hashKey(key), /^[0-9a-f]{64}$/);
    const hint = keyHint(key);
    assert.deepEqual(hint, { prefix: key.slice(0, 13), last4: key.slice(-4) });
  });

  test('no other text is taken for one', () => {
    for (const text of [
      '',
      'rly_live_',
      `rly_prod_${'a'.repeat(36)}`,
      ` ${makeKey(true)}`,
      `${makeKey(true)}a`,
    ]) {
      assert.equal(isKey(text), false, text);
    }
    fc.assert(fc.property(fc.string(), (text) => assert.equal(isKey(text), false)));
  });
});
