import assert from 'node:assert/strict';
import type { TaskId } from '../../src/core/values.ts';
import type { Fleet, Reply } from './processes.ts';

export const PRICE = 55;
export const GENERATIONS = '/api/v1/generations';
export const ORDER = JSON.stringify({
  model: 'kling-2-6',
  prompt: 'a kettle boils [reelay:never]',
  params: { duration: '5' },
});
const ROUNDS = 200;

/** Every task of the account of a key. */
export async function tasksOf(fleet: Fleet, reply: Reply | undefined): Promise<readonly TaskId[]> {
  const task = await fleet.store.summary(reply?.body.id as TaskId);
  assert.ok(task, JSON.stringify(reply));
  const ids: TaskId[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const filter = { account: task.account, limit: 100, ...(cursor === undefined ? {} : { cursor }) };
    const page = await fleet.store.list(filter);
    ids.push(...page.tasks.map((one) => one.id));
    cursor = page.nextCursor;
  }
  return ids;
}

/**
 * In each of 200 rounds every process is asked `atOnce` times at once under one Idempotency-Key: one task a round, held
 * for once, and the same answer for all.
 */
export async function raceForKeys(fleet: Fleet, atOnce: number): Promise<void> {
  const key = await fleet.key((ROUNDS + 10) * PRICE);
  const made = new Set<string>();
  let last: Reply | undefined;
  for (let round = 0; round < ROUNDS; round += 1) {
    const replies = await Promise.all(
      Array.from({ length: atOnce }, () =>
        fleet.post.map((post) => post(GENERATIONS, key, ORDER, `order-${round}`)),
      ).flat(),
    );
    const [first, ...others] = new Set(replies.map(({ status, body }) => `${status} ${body.id}`));
    assert.deepEqual(others, [], `round ${round}: ${first}`);
    assert.match(first ?? '', /^200 task_/);
    assert.equal(replies.filter(({ replayed }) => !replayed).length, 1, `round ${round}: one is the first`);
    made.add(first ?? '');
    last = replies[0];
  }
  assert.equal(made.size, ROUNDS);
  assert.equal((await tasksOf(fleet, last)).length, ROUNDS);
  const task = await fleet.store.summary(last?.body.id as TaskId);
  assert.ok(task);
  assert.deepEqual(await fleet.store.balance(task.wallet), { available: 10 * PRICE, held: ROUNDS * PRICE });
}
