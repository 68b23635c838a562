import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Task } from '../../../../src/core/task.ts';
import type { Bench } from '../contract.ts';
import { born, customer, failed, happen } from '../sample.ts';

const DRAFT = { to: 'callback', type: 'failed', body: '{"code":200,"text":"“ü”"}' } as const;

export function letterTests(bench: () => Bench): void {
  async function ended(callbackUrl = 'https://client.example/hook?x=1'): Promise<Task> {
    const { store } = bench();
    const { key } = await customer(store, { callbackSecrets: ['whsec_BBBB', 'whsec_CCCC'] });
    const task = await born(store, key, { callbackUrl });
    assert.equal((await happen(store, task, failed, [DRAFT])).verdict, 'committed');
    return task;
  }

  function attempt(number: number, status: number | null = 500) {
    const error = status === 200 ? null : 'HTTP 500';
    return { number, at: 5_000, status, durationMs: 12, error, excerpt: 'oh\u0000 no\ud800' };
  }

  const claim = async (leaseMs = 60_000) => (await bench().store.claimLetters(1_000, leaseMs)).letters;
  /** Only this task's: time that passes brings the letters of the tests before back too. */
  const claimOf = async (task: Task) => (await claim()).filter((letter) => letter.task === task.id);

  describe('letters', () => {
    test('the finishing commit writes the letter, with what it takes to send it', async () => {
      await claim(1e12);
      const task = await ended();
      const [letter, ...others] = await claim();
      assert.deepEqual(others, []);
      assert.match(letter?.id ?? '', /^evt_/);
      assert.deepEqual(letter, {
        id: letter?.id,
        task: task.id,
        account: task.account,
        key: task.key,
        kind: 'callback',
        endpoint: null,
        url: 'https://client.example/hook?x=1',
        type: 'failed',
        body: DRAFT.body,
        attempts: 0,
        secrets: ['whsec_BBBB', 'whsec_CCCC'],
      });
    });

    test('a stale change leaves no letter, nor does a task without a callback', async () => {
      const { store } = bench();
      const { key } = await customer(store);
      const stale = await born(store, key, { callbackUrl: 'https://client.example/' });
      await happen(store, { ...stale, version: 7 }, failed, [DRAFT]);
      assert.deepEqual(await store.deliveries(stale.id), []);
      const silent = await born(store, key);
      await happen(store, silent, failed, [{ ...DRAFT, to: 'endpoints' }]);
      assert.deepEqual(await store.deliveries(silent.id), []);
      await happen(store, stale, failed, [DRAFT]);
    });

    test('under way it is nobody else’s; it comes again when asked for, with its attempts counted', async () => {
      const { store, pass } = bench();
      await claim(1e12);
      const task = await ended();
      const [letter] = await claimOf(task);
      assert.ok(letter);
      assert.deepEqual(await claimOf(task), []);
      await store.recordDelivery(letter.id, attempt(1), { is: 'again', dueInMs: 30_000 });
      await pass(29_000);
      assert.deepEqual(await claimOf(task), []);
      await pass(2_000);
      const [again] = await claimOf(task);
      assert.deepEqual(again, { ...letter, attempts: 1 });
      await pass(61_000);
      assert.deepEqual(await claimOf(task), [again]);
      await store.recordDelivery(letter.id, attempt(2, 200), { is: 'delivered' });
      await pass(1_000_000);
      assert.equal(
        (await claimOf(task)).some((one) => one.id === letter.id),
        false,
      );
      const [delivery] = await store.deliveries(task.id);
      assert.equal(delivery?.letter, letter.id);
      assert.equal(delivery?.state, 'delivered');
      assert.equal(delivery?.url, letter.url);
      assert.deepEqual(
        delivery?.attempts.map(({ number, status, error, durationMs }) => [
          number,
          status,
          error,
          durationMs,
        ]),
        [
          [1, 500, 'HTTP 500', 12],
          [2, 200, null, 12],
        ],
      );
    });

    test('a dead letter stays dead, and a late attempt is still recorded', async () => {
      const { store, pass } = bench();
      await claim(1e12);
      const task = await ended();
      const [letter] = await claimOf(task);
      assert.ok(letter);
      await store.recordDelivery(letter.id, attempt(1, null), { is: 'dead' });
      await store.recordDelivery(letter.id, attempt(1, null), { is: 'again', dueInMs: 0 });
      await pass(1_000_000);
      assert.equal(
        (await claimOf(task)).some((one) => one.id === letter.id),
        false,
      );
      const [delivery] = await store.deliveries(task.id);
      assert.equal(delivery?.state, 'dead');
      assert.equal(delivery?.attempts.length, 2);
    });

    test('an operator sends a letter again that is over, with its own id and body', async () => {
      const { store } = bench();
      const task = await ended();
      const [letter] = await claimOf(task);
      assert.ok(letter);
      assert.equal(await store.replay(letter.id), false);
      await store.recordDelivery(letter.id, attempt(1), { is: 'dead' });
      assert.equal(await store.replay(letter.id), true);
      assert.deepEqual(await claimOf(task), [{ ...letter, attempts: 1 }]);
      assert.equal(await store.replay('evt_nobody'), false);
    });

    test('one slow receiver does not take all the hands', async () => {
      const { store } = bench();
      await claim(1e12);
      const { account, key } = await customer(store, { credits: 10_000 });
      for (let index = 0; index < 40; index += 1) {
        const task = await born(store, key, { callbackUrl: `https://slow.example/${index}` });
        await happen(store, task, failed, [DRAFT]);
      }
      const other = await ended('https://quick.example/');
      const taken = [
        ...(await store.claimLetters(30, 60_000)).letters,
        ...(await store.claimLetters(30, 60_000)).letters,
      ];
      assert.ok(taken.some((letter) => letter.task === other.id));
      const slow = taken.filter((letter) => letter.account === account.id);
      assert.equal(slow.length, 4);
      const [first] = slow;
      assert.ok(first);
      await store.recordDelivery(first.id, attempt(1, 200), { is: 'delivered' });
      assert.equal((await claim()).length, 1);
    });

    test('the laws hold', async () => {
      assert.deepEqual(await bench().store.audit(), []);
    });
  });
}
