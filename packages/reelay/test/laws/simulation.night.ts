import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { tellMany } from './many.ts';

/** Beyond the seeds of every day. */
const FIRST = 1_000_000;
const STORIES = 2_000_000;

test(`the laws hold in ${STORIES} random stories from seed ${FIRST}`, {
  timeout: 4 * 3_600_000,
}, async () => {
  const threads = availableParallelism();
  const count = Math.ceil(STORIES / threads);
  const told = await Promise.all(
    Array.from({ length: threads }, (_, thread) => tellMany(FIRST + thread * count, count)),
  );
  assert.deepEqual(
    told.map((one) => one.failure),
    told.map(() => null),
  );
});
