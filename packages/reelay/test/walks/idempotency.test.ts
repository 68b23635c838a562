import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Fleet } from './processes.ts';
import { openFleet } from './processes.ts';
import { GENERATIONS, ORDER, PRICE, raceForKeys, tasksOf } from './race.ts';

const PROCESSES = 3;
/** More than 50 over all processes; the night asks each of them 50. */
const AT_ONCE = 17;

let fleet: Fleet;
before(async () => {
  fleet = await openFleet(PROCESSES, AT_ONCE);
});
after(() => fleet.close());

test(`${AT_ONCE} requests at each of ${PROCESSES} processes at once under one key, 200 times: 200 tasks`, () =>
  raceForKeys(fleet, AT_ONCE));

test('two processes race for the last credits, 20 times: one task, one refusal', async () => {
  for (let round = 0; round < 20; round += 1) {
    const key = await fleet.key(PRICE);
    const replies = await Promise.all(fleet.post.slice(0, 2).map((post) => post(GENERATIONS, key, ORDER)));
    const [won, lost] = replies.toSorted((a, b) => a.status - b.status);
    assert.deepEqual([won?.status, won?.body.reserved_credits], [200, PRICE], JSON.stringify(replies));
    assert.deepEqual([lost?.status, lost?.body.error?.code], [402, 'insufficient_credits']);
    assert.equal((await tasksOf(fleet, won)).length, 1);
  }
});

test('after all this every law holds', async () => {
  assert.deepEqual(await fleet.store.audit(), []);
});
