import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ApiKey } from '../../../../src/core/ports/accounts.ts';
import type { Endpoint } from '../../../../src/core/ports/endpoints.ts';
import type { DeliveryOutcome, Letter } from '../../../../src/core/ports/letters.ts';
import type { Task } from '../../../../src/core/task.ts';
import type { LetterId } from '../../../../src/core/values.ts';
import type { Bench } from '../contract.ts';
import { born, customer, failed, happen, unique } from '../sample.ts';

const DAY_MS = 86_400_000;
const TYPE = 'generation.failed';
const DRAFT = { to: 'endpoints', type: TYPE, body: '{"id":"evt_same","text":"“ü”"}' } as const;
const DEAD = { is: 'dead' } as const;

export function endpointTests(bench: () => Bench): void {
  async function registered(key: ApiKey, wish: Partial<Endpoint> = {}): Promise<Endpoint> {
    const endpoint: Endpoint = {
      id: `whend_${unique()}`,
      account: key.account,
      name: 'mine',
      url: 'https://client.example/events',
      eventTypes: [TYPE],
      status: 'active',
      secrets: [{ secret: 'whsec_DDDD', until: null }],
      lastSuccessAt: null,
      lastFailureAt: null,
      failureCount: 0,
      createdAt: 4_000,
      updatedAt: 4_000,
      disabledAt: null,
      revokedAt: null,
      ...wish,
    };
    assert.equal(await bench().store.createEndpoint(endpoint, 20), 'created');
    return endpoint;
  }

  async function ended(key: ApiKey): Promise<Task> {
    const { store } = bench();
    const task = await born(store, key, { price: 0 });
    assert.equal((await happen(store, task, failed, [DRAFT])).verdict, 'committed');
    return task;
  }

  async function claimOf(endpoint: Endpoint, leaseMs = 60_000): Promise<readonly Letter[]> {
    const { letters } = await bench().store.claimLetters(1_000, leaseMs);
    return letters.filter((letter) => letter.endpoint === endpoint.id);
  }

  async function record(letter: Letter | undefined, status: number, at: number, outcome: DeliveryOutcome) {
    assert.ok(letter);
    const error = outcome.is === 'delivered' ? null : `HTTP ${status}`;
    const attempt = { number: letter.attempts + 1, at, status, durationMs: 3, error, excerpt: 'ok' };
    await bench().store.recordDelivery(letter.id, attempt, outcome);
  }

  /** An end of a task, whose letter comes back with this status for good. */
  async function givenUp(key: ApiKey, endpoint: Endpoint, status: number, at: number): Promise<void> {
    await ended(key);
    const [letter] = await claimOf(endpoint);
    await record(letter, status, at, DEAD);
  }

  describe('endpoints', () => {
    test('are kept as they were registered, newest first, and no more than there may be', async () => {
      const { store } = bench();
      const { account, key } = await customer(store);
      const one = await registered(key);
      const two = await registered(key, { name: '“2”', createdAt: 5_000, updatedAt: 5_000 });
      assert.deepEqual(await store.endpoint(one.id), one);
      assert.deepEqual(await store.endpoints(account.id), [two, one]);
      const more = Array.from({ length: 5 }, () => ({ ...one, id: `whend_${unique()}` as const }));
      const said = await Promise.all(more.map((endpoint) => store.createEndpoint(endpoint, 4)));
      assert.equal(said.filter((outcome) => outcome === 'created').length, 2);
      assert.equal((await store.endpoints(account.id)).length, 4);
      assert.equal(await store.endpoint('whend_nobody'), null);
    });

    test('are changed in what is given; revoked, they are history and make room', async () => {
      const { store } = bench();
      const { account, key } = await customer(store);
      const endpoint = await registered(key);
      const secrets = [
        { secret: 'whsec_EEEE', until: null },
        { secret: 'whsec_DDDD', until: 9_000 },
      ];
      const changed = await store.updateEndpoint(endpoint.id, { name: 'new', secrets }, 6_000);
      assert.deepEqual(changed, { ...endpoint, name: 'new', secrets, updatedAt: 6_000 });
      const off = await store.updateEndpoint(endpoint.id, { status: 'disabled', disabledAt: 7_000 }, 7_000);
      assert.deepEqual([off?.status, off?.disabledAt], ['disabled', 7_000]);
      const on = await store.updateEndpoint(endpoint.id, { status: 'active', disabledAt: null }, 7_500);
      assert.deepEqual([on?.status, on?.disabledAt], ['active', null]);
      const gone = await store.updateEndpoint(endpoint.id, { status: 'revoked', revokedAt: 8_000 }, 8_000);
      assert.deepEqual(gone, await store.endpoint(endpoint.id));
      assert.equal(gone?.revokedAt, 8_000);
      assert.deepEqual(await store.endpoints(account.id), []);
      assert.equal(await store.updateEndpoint(endpoint.id, { name: 'x' }, 9_000), null);
      assert.equal(await store.createEndpoint({ ...endpoint, id: `whend_${unique()}` }, 1), 'created');
    });

    test('the finishing commit writes one letter to each that wants the type, and the same body', async () => {
      const { store } = bench();
      const { key } = await customer(store);
      const one = await registered(key, { secrets: [{ secret: 'whsec_EEEE', until: null }] });
      const two = await registered(key, { url: 'https://other.example/' });
      await registered(key, { eventTypes: ['generation.succeeded'] });
      const off = await registered(key);
      await store.updateEndpoint(off.id, { status: 'disabled', disabledAt: 1 }, 1);
      await registered((await customer(store)).key);
      const task = await ended(key);
      const letters = (await store.claimLetters(1_000, 60_000)).letters.filter((one) => one.task === task.id);
      assert.deepEqual(new Set(letters.map((letter) => letter.endpoint)), new Set([one.id, two.id]));
      assert.equal(new Set(letters.map((letter) => letter.id)).size, 2);
      const mine = letters.find((letter) => letter.endpoint === one.id);
      assert.match(mine?.id ?? '', /^evt_[A-Za-z0-9_-]+$/);
      assert.deepEqual(mine, {
        id: mine?.id,
        task: task.id,
        account: key.account,
        key: key.id,
        kind: 'endpoint',
        endpoint: one.id,
        url: one.url,
        type: TYPE,
        body: DRAFT.body,
        attempts: 0,
        secrets: ['whsec_EEEE'],
      });
      assert.equal((await store.deliveries(task.id)).length, 2);
    });

    test('a letter is signed with every secret that still stands, and goes where the endpoint is now', async () => {
      const { store, now } = bench();
      const { key } = await customer(store);
      const at = await now();
      const endpoint = await registered(key);
      await ended(key);
      const secrets = [
        { secret: 'whsec_NEW0', until: null },
        { secret: 'whsec_DDDD', until: at + DAY_MS },
        { secret: 'whsec_OLD0', until: at - 1 },
      ];
      await store.updateEndpoint(endpoint.id, { secrets, url: 'https://moved.example/' }, at);
      const [letter] = await claimOf(endpoint);
      assert.deepEqual(letter?.secrets, ['whsec_NEW0', 'whsec_DDDD']);
      assert.equal(letter?.url, 'https://moved.example/');
    });

    test('a test is a letter of its own; deliveries are listed newest first, page by page', async () => {
      const { store } = bench();
      const { key } = await customer(store);
      const endpoint = await registered(key);
      await ended(key);
      const ids: LetterId[] = [];
      for (let index = 0; index < 3; index += 1) {
        const id: LetterId = `evt_${unique()}`;
        ids.push(id);
        await store.writeLetter(endpoint.id, { id, type: 'webhook.test', body: `{"n":${index}}` });
      }
      await store.writeLetter('whend_nobody', { id: `evt_${unique()}`, type: 'webhook.test', body: '{}' });
      const letters = await claimOf(endpoint);
      assert.equal(letters.length, 4);
      await record(
        letters.find((letter) => letter.id === ids[1]),
        204,
        5_000,
        { is: 'delivered' },
      );
      const found = [];
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof store.endpointDeliveries>> = await store.endpointDeliveries(
          endpoint.id,
          { cursor, limit: 3 },
        );
        assert.ok(page.deliveries.length <= 3);
        found.push(...page.deliveries);
        cursor = page.nextCursor;
      } while (cursor !== null);
      assert.equal(found.length, 4);
      assert.deepEqual(
        found.map((one) => one.createdAt),
        found.map((one) => one.createdAt).toSorted((a, b) => b - a),
      );
      const sent = found.find((one) => one.letter === ids[1]);
      assert.deepEqual([sent?.type, sent?.state, sent?.attempts.length], ['webhook.test', 'delivered', 1]);
      assert.deepEqual(sent?.attempts[0]?.status, 204);
    });

    test('a replay sends the same letter again, to its own endpoint only', async () => {
      const { store } = bench();
      const { key } = await customer(store);
      const endpoint = await registered(key);
      const other = await registered(key, { eventTypes: [] });
      await ended(key);
      const [letter] = await claimOf(endpoint);
      await record(letter, 200, 5_000, { is: 'delivered' });
      assert.ok(letter);
      assert.equal(await store.replayLetter(other.id, letter.id), false);
      assert.deepEqual(await claimOf(endpoint), []);
      assert.equal(await store.replayLetter(endpoint.id, letter.id), true);
      assert.deepEqual(await claimOf(endpoint), [{ ...letter, attempts: 1 }]);
      assert.equal(await store.replayLetter(endpoint.id, letter.id), true);
      assert.deepEqual(await claimOf(endpoint), [], 'it is under way');
      await record({ ...letter, attempts: 1 }, 500, 6_000, { is: 'again', dueInMs: DAY_MS });
      assert.equal(await store.replayLetter(endpoint.id, letter.id), true);
      assert.equal((await claimOf(endpoint)).length, 1, 'now instead of tomorrow');
      assert.equal(await store.replayLetter(endpoint.id, 'evt_nobody'), false);
    });

    test('what comes of attempts is kept; success and a new start forget the failures', async () => {
      const { store } = bench();
      const { key } = await customer(store);
      const endpoint = await registered(key);
      await ended(key);
      const [letter] = await claimOf(endpoint);
      await record(letter, 500, 5_000, { is: 'again', dueInMs: 0 });
      await record(letter, 500, 6_000, { is: 'again', dueInMs: 0 });
      const failing = await store.endpoint(endpoint.id);
      assert.deepEqual(
        [failing?.failureCount, failing?.lastFailureAt, failing?.lastSuccessAt],
        [2, 6_000, null],
      );
      await record(letter, 200, 7_000, { is: 'delivered' });
      const well = await store.endpoint(endpoint.id);
      assert.deepEqual([well?.failureCount, well?.lastFailureAt, well?.lastSuccessAt], [0, 6_000, 7_000]);
    });

    test('an endpoint that says it is gone is disabled at once, and the account is told', async () => {
      const { store } = bench();
      const { account, key } = await customer(store);
      const endpoint = await registered(key);
      const watcher = await registered(key, { eventTypes: ['webhook_endpoint.disabled'] });
      await givenUp(key, endpoint, 410, 5_000);
      const off = await store.endpoint(endpoint.id);
      assert.deepEqual([off?.status, off?.disabledAt], ['disabled', 5_000]);
      const [news] = await claimOf(watcher);
      assert.equal(JSON.parse(news?.body ?? '{}').disabled, endpoint.id);
      const feed = await store.feed(account.id, {
        cursor: null,
        limit: 10,
        type: 'webhook_endpoint.disabled',
      });
      assert.ok(feed !== 'expired');
      assert.deepEqual(feed.events, [{ type: 'webhook_endpoint.disabled', body: news?.body }]);
    });

    test('one that took nothing for three days is disabled, not for a bad hour', async () => {
      const { store } = bench();
      const { key } = await customer(store);
      const endpoint = await registered(key);
      const status = async () => (await store.endpoint(endpoint.id))?.status;
      for (const at of [1, 2, 3, 4]) await givenUp(key, endpoint, 500, at);
      assert.equal(await status(), 'active', 'an hour of four letters is not long');
      await ended(key);
      const [taken] = await claimOf(endpoint);
      await record(taken, 200, 5, { is: 'delivered' });
      await givenUp(key, endpoint, 500, 10);
      await givenUp(key, endpoint, 500, 10 + 4 * DAY_MS);
      assert.equal(await status(), 'active', 'two letters are not several');
      await givenUp(key, endpoint, 500, 11 + 4 * DAY_MS);
      assert.equal(await status(), 'disabled');
      const on = await store.updateEndpoint(endpoint.id, { status: 'active', disabledAt: null }, 5);
      assert.deepEqual([on?.status, on?.failureCount], ['active', 0]);
      await givenUp(key, endpoint, 500, 12 + 4 * DAY_MS);
      assert.equal(await status(), 'active', 'its failures are forgotten');
    });

    test('letters wait while their endpoint is disabled, tests and replays go; revoked, they are given up', async () => {
      const { store } = bench();
      const { key } = await customer(store);
      const endpoint = await registered(key);
      await ended(key);
      await store.updateEndpoint(endpoint.id, { status: 'disabled', disabledAt: 1 }, 1);
      assert.deepEqual(await claimOf(endpoint), []);
      const id = `evt_${unique()}` as const;
      await store.writeLetter(endpoint.id, { id, type: 'webhook.test', body: '{}' });
      const [letter, ...others] = await claimOf(endpoint);
      assert.deepEqual([letter?.id, others], [id, []]);
      await record(letter, 200, 5_000, { is: 'delivered' });
      assert.equal(await store.replayLetter(endpoint.id, id), true);
      const [again] = await claimOf(endpoint);
      assert.equal(again?.id, id);
      await record(again, 500, 5_000, { is: 'again', dueInMs: 0 });
      assert.deepEqual(await claimOf(endpoint), [], 'once is what was asked for');
      await store.updateEndpoint(endpoint.id, { name: 'still off' }, 2);
      assert.deepEqual(await claimOf(endpoint), []);
      await store.updateEndpoint(endpoint.id, { status: 'active', disabledAt: null }, 2);
      assert.equal((await claimOf(endpoint)).length, 2);
      await ended(key);
      await store.updateEndpoint(endpoint.id, { status: 'revoked', revokedAt: 3 }, 3);
      assert.deepEqual(await claimOf(endpoint), []);
      const { deliveries } = await store.endpointDeliveries(endpoint.id, { cursor: null, limit: 10 });
      assert.ok(deliveries.every((one) => one.state === 'dead'));
    });

    test('one that hangs holds a few hands only, and the rest are shared fairly', async () => {
      const { store } = bench();
      await store.claimLetters(1_000, 1e12);
      const { key } = await customer(store);
      const slow = await registered(key, { url: 'https://same.example/slow' });
      const quick = await registered(key, { url: 'https://same.example/quick', eventTypes: [TYPE, 'other'] });
      const others = await Promise.all(
        [1, 2, 3].map(async () => {
          const { key: theirs } = await customer(store);
          return { theirs, endpoint: await registered(theirs) };
        }),
      );
      for (let index = 0; index < 10; index += 1) await ended(key);
      for (const { theirs } of others) await ended(theirs);
      const first = (await store.claimLetters(5, 60_000)).letters;
      const all = [slow, quick, ...others.map((other) => other.endpoint)];
      assert.deepEqual(
        new Set(first.map((letter) => letter.endpoint)),
        new Set(all.map((endpoint) => endpoint.id)),
        'one of each first',
      );
      const rest = (await store.claimLetters(1_000, 60_000)).letters;
      const underWay = [...first, ...rest].filter((letter) => letter.endpoint === slow.id).length;
      assert.equal(underWay, 4);
      for (const letter of [...first, ...rest]) {
        if (letter.endpoint === quick.id) await record(letter, 200, 5_000, { is: 'delivered' });
      }
      const next = (await store.claimLetters(1_000, 60_000)).letters;
      assert.deepEqual(new Set(next.map((letter) => letter.endpoint)), new Set([quick.id]));
    });

    test('the laws hold', async () => {
      assert.deepEqual(await bench().store.audit(), []);
    });
  });
}
