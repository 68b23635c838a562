import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { judgeRange, type RangeVerdict } from '../../src/files/range.ts';

const etag = '"abc"';
const part = (start: number, end: number): RangeVerdict => ({ status: 206, start, end });
const whole: RangeVerdict = { status: 200 };
const none: RangeVerdict = { status: 416 };

test('a single range of a file of 1000 bytes', () => {
  const table: readonly (readonly [range: string | undefined, wanted: RangeVerdict])[] = [
    [undefined, whole],
    ['bytes=0-', part(0, 999)],
    ['bytes=0-0', part(0, 0)],
    ['bytes=0-999', part(0, 999)],
    ['bytes=0-1000', part(0, 999)],
    ['bytes=500-', part(500, 999)],
    ['bytes=999-', part(999, 999)],
    ['bytes=999-999', part(999, 999)],
    ['bytes=-1', part(999, 999)],
    ['bytes=-1000', part(0, 999)],
    ['bytes=-5000', part(0, 999)],
    [`bytes=5-${'9'.repeat(400)}`, part(5, 999)],
    [`bytes=-${'9'.repeat(400)}`, part(0, 999)],
    ['BYTES=1-2', part(1, 2)],
    [' bytes=1-2 ', part(1, 2)],
    ['bytes=007-0008', part(7, 8)],
    ['bytes=1000-', none],
    ['bytes=1000-2000', none],
    ['bytes=-0', none],
    [`bytes=${'9'.repeat(400)}-`, none],
    ['bytes=0-0,2-2', none],
    ['bytes=0-0,', none],
    [`bytes=${'0-1,'.repeat(1000)}0-1`, none],
    ['bytes=5-2', whole],
    ['bytes=', whole],
    ['bytes=-', whole],
    ['bytes=a-b', whole],
    ['bytes=1-2-3', whole],
    ['bytes=--1', whole],
    ['bytes=1.5-2', whole],
    ['bytes=0x1-0x2', whole],
    ['bytes 1-2', whole],
    ['lines=1-2', whole],
    ['1-2', whole],
    ['', whole],
  ];
  for (const [range, wanted] of table) {
    assert.deepEqual(judgeRange(range, undefined, { size: 1000, etag }), wanted, range?.slice(0, 60));
  }
});

test('an empty file has no part', () => {
  for (const range of ['bytes=0-', 'bytes=0-0', 'bytes=-1']) {
    assert.deepEqual(judgeRange(range, undefined, { size: 0, etag }), none, range);
  }
});

test('If-Range holds for the very tag only', () => {
  for (const ifRange of [
    '"abd"',
    'W/"abc"',
    'abc',
    '',
    'Thu, 01 Jan 2026 00:00:00 GMT',
    '"abc", "abd"',
    '*',
  ]) {
    assert.deepEqual(judgeRange('bytes=1-2', ifRange, { size: 1000, etag }), whole, ifRange);
  }
  assert.deepEqual(judgeRange('bytes=1-2', '"abc"', { size: 1000, etag }), part(1, 2));
  assert.deepEqual(judgeRange('bytes=1000-', '"abd"', { size: 1000, etag }), whole);
});

test('whatever is asked for, a part lies within the file', () => {
  const numbers = fc.oneof(fc.constant(''), fc.nat(50).map(String), fc.bigInt({ min: 0n }).map(String));
  const spec = fc.oneof(
    fc.tuple(numbers, numbers).map(([a, b]) => `bytes=${a}-${b}`),
    fc.string(),
  );
  fc.assert(
    fc.property(spec, fc.nat(40), (range, size) => {
      const verdict = judgeRange(range, undefined, { size, etag });
      if (verdict.status !== 206) return;
      assert.ok(0 <= verdict.start && verdict.start <= verdict.end && verdict.end < size);
    }),
    { numRuns: 2000 },
  );
});
