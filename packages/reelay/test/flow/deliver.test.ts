import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import type { Letter } from '../../src/core/ports/letters.ts';
import { deliver } from '../../src/flow/deliver.ts';
import { createScribe } from '../../src/flow/scribe.ts';
import { anOrigin, aTask, STATES } from '../world.ts';
import { Bench } from './bench.ts';

const SECRET = 'whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=';

async function letter(bench: Bench, more: Partial<Letter> = {}): Promise<Letter> {
  const one: Letter = {
    id: 'evt_1',
    task: 'task_1',
    account: 'acc_1',
    key: 'key_1',
    kind: 'callback',
    endpoint: null,
    url: 'https://me.example/hook',
    type: 'succeeded',
    body: '{"a":"é"}',
    attempts: 0,
    secrets: [SECRET],
    ...more,
  };
  const row = { state: 'pending', dueAt: bench.now, attempts: [], receiver: one.url, leased: false } as const;
  bench.store.letterRows.set(one.id, { ...row, letter: one, attempts: [] });
  return one;
}

/** Attempts until it is over; how long each waited for the next. */
async function waits(kind: Letter['kind'], reply: Partial<Bench['reply']>): Promise<(number | string)[]> {
  const bench = await Bench.open();
  bench.reply = { ...bench.reply, ...reply };
  const one = await letter(bench, { kind });
  const row = bench.store.letterRows.get(one.id) ?? assert.fail();
  const seen: (number | string)[] = [];
  while (row.state === 'pending') {
    await deliver(bench.deps, { ...one, attempts: row.attempts.length });
    seen.push(row.state === 'pending' ? row.dueAt - bench.now : row.state);
  }
  assert.deepEqual(
    row.attempts.map((attempt) => attempt.number),
    seen.map((_, index) => index + 1),
  );
  return seen;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

describe('a message', () => {
  test('is posted as it stands, signed for this attempt', async () => {
    const bench = await Bench.open();
    bench.now = Date.now();
    await deliver(bench.deps, await letter(bench));
    const [post] = bench.posted;
    assert.ok(post);
    assert.deepEqual([post.url, post.timeoutMs], ['https://me.example/hook', 30_000]);
    assert.equal(post.headers['webhook-id'], 'evt_1');
    new Webhook(SECRET).verify(post.body, { ...post.headers });
  });

  const accepted: [number, boolean][] = [
    [200, true],
    [204, true],
    [299, true],
    [199, false],
    [300, false],
    [302, false],
    [404, false],
    [500, false],
  ];
  for (const [status, fine] of accepted) {
    test(`is ${fine ? 'delivered' : 'not delivered'} by ${status}`, async () => {
      assert.equal((await waits('callback', { status }))[0] === 'delivered', fine);
    });
  }

  test('to a callback address: after 30 s, 2 min, 10 min, then given up (decision 14)', async () => {
    const schedule = [30 * second, 2 * minute, 10 * minute, 'dead'];
    assert.deepEqual(await waits('callback', { status: 500 }), schedule);
    assert.deepEqual(await waits('callback', { status: null, error: 'reset' }), schedule);
  });

  test('to a registered endpoint: over about three days (decision 30)', async () => {
    const seen = await waits('endpoint', { status: 503 });
    assert.equal(seen.length, 10);
    assert.equal(seen.at(-1), 'dead');
    const total = seen.slice(0, -1).reduce<number>((sum, ms) => sum + Number(ms), 0);
    assert.ok(total > 70 * hour && total < 80 * hour, `${total / hour} h`);
  });

  test('is given up at once where the receiver is gone for good', async () => {
    assert.deepEqual(await waits('callback', { status: 410 }), ['dead']);
  });

  test('waits as long as it is asked to, up to a day', async () => {
    assert.deepEqual((await waits('callback', { status: 429, retryAfterMs: hour }))[0], hour);
    assert.deepEqual((await waits('callback', { status: 429, retryAfterMs: 10 ** 12 }))[0], 24 * hour);
    assert.deepEqual((await waits('callback', { status: 429, retryAfterMs: 1 }))[0], 30 * second);
  });
});

test('the scribe writes to the order’s own address in its own dialect, and to nobody who did not ask', () => {
  const surface = (name: string, more: object) => ({
    name,
    title: name,
    about: '',
    routes: [],
    prefixes: [],
    refuse: () => ({ status: 400, body: null }),
    ...more,
  });
  const context = {
    models: [],
    resultUrl: () => '',
    judgeUrl: () => null,
    settings: { apixoInsufficientCreditsStatus: 400, apixoSoundRequired: false, creditsPerUsd: 100 },
  } as const;
  const scribe = createScribe(
    [
      surface('apixo', { callback: () => ({ in: 'apixo' }) }),
      surface('rivya', { event: () => ({ type: 'generation.succeeded', body: { in: 'rivya' } }) }),
    ],
    context,
  );
  const task = aTask({ state: STATES.succeeded, origin: anOrigin({ callbackUrl: 'https://me.example' }) });
  assert.deepEqual(scribe.letters(task, ['succeeded']), [
    { to: 'callback', type: 'succeeded', body: '{"in":"apixo"}' },
    { to: 'endpoints', type: 'generation.succeeded', body: '{"in":"rivya"}' },
  ]);
  assert.deepEqual(scribe.letters(task, []), []);
  const silent = { ...task, origin: anOrigin() };
  assert.deepEqual(
    scribe.letters(silent, ['failed']).map((one) => one.to),
    ['endpoints'],
  );
});
