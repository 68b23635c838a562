import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RouteHealth, RouteReport } from '../../src/core/health.ts';
import { afterReport, condition, FRESH, probing } from '../../src/core/health.ts';

const FAILED: RouteReport = { is: 'failed', stage: 'film', kind: 'internal' };
const SUCCEEDED: RouteReport = { is: 'succeeded', latencyMs: 60_000 };
const after = (reports: readonly RouteReport[], now = 0, from: RouteHealth = FRESH) =>
  reports.reduce((health, report) => afterReport(health, report, now), from);
const times = (count: number, report: RouteReport) => Array.from({ length: count }, () => report);

describe('the health of a route', () => {
  test('five failures in a row open the breaker, one success before the fifth does not', () => {
    assert.equal(condition(after(times(4, FAILED)), 0, null, 0), 'well');
    assert.equal(condition(after(times(5, FAILED)), 0, null, 0), 'ill');
    assert.equal(condition(after([...times(4, FAILED), SUCCEEDED, FAILED]), 0, null, 0), 'well');
  });

  test('every other film failing opens it as well', () => {
    const mixed = Array.from({ length: 10 }, (_, turn) => (turn % 2 === 0 ? SUCCEEDED : FAILED));
    assert.equal(condition(after(mixed), 0, null, 0), 'ill');
  });

  test('what a customer did says nothing', () => {
    assert.deepEqual(after(times(50, { is: 'refused' })), FRESH);
  });

  test('what does not go away by itself opens it at once', () => {
    for (const kind of ['auth', 'insufficient_upstream_credits', 'misconfigured'] as const) {
      assert.equal(condition(after([{ is: 'failed', stage: 'submit', kind }]), 0, null, 0), 'ill', kind);
    }
  });

  test('half open: one tries, the others wait; it opens for longer each time, and closes with a film', () => {
    let health = after(times(5, FAILED));
    assert.equal(condition(health, 0, null, 29_999), 'ill');
    assert.equal(condition(health, 0, null, 30_000), 'well');
    health = probing(health, 30_000);
    assert.equal(condition(health, 0, null, 30_001), 'ill', 'somebody tries already');
    health = after([FAILED], 31_000, health);
    assert.equal(condition(health, 0, null, 90_999), 'ill');
    assert.equal(condition(health, 0, null, 91_000), 'well');
    health = after([{ is: 'accepted' }], 92_000, probing(health, 91_000));
    assert.equal(condition(health, 0, null, 92_000), 'ill', 'films failed: a film has to be made');
    assert.equal(condition(after([SUCCEEDED], 93_000, health), 0, null, 93_000), 'well');
  });

  test('where submits failed, one that is taken closes it', () => {
    const health = after(times(5, { is: 'failed', stage: 'submit', kind: 'not_sent' }));
    assert.equal(condition(after([{ is: 'accepted' }], 0, health), 0, null, 0), 'well');
  });

  test('a try that is refused for its content, or forgotten, lets the next one try', () => {
    const tried = probing(after(times(5, FAILED)), 30_000);
    assert.equal(condition(after([{ is: 'refused' }], 30_001, tried), 0, null, 30_001), 'well');
    assert.equal(condition(tried, 0, null, 330_000), 'well');
  });

  test('rest that is asked for is given, for a day at most; a limit is kept', () => {
    const asked = (retryAfterMs: number | null) => after([{ is: 'throttled', retryAfterMs }]);
    assert.equal(condition(asked(60_000), 0, null, 59_999), 'full');
    assert.equal(condition(asked(60_000), 0, null, 60_000), 'well');
    assert.equal(condition(asked(null), 0, null, 4_999), 'full');
    assert.equal(condition(asked(10 ** 12), 0, null, 86_400_000), 'well');
    assert.equal(condition(FRESH, 2, 3, 0), 'well');
    assert.equal(condition(FRESH, 3, 3, 0), 'full');
  });
});
