import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tellMany } from './many.ts';
import { POINTS } from './points.ts';
import type { Story } from './story.ts';
import { planOf, SETUPS } from './story.ts';
import { told } from './telling.ts';

/** `REELAY_LAWS_SEED=n` begins elsewhere, `REELAY_LAWS_STORIES=n` tells more: a failure names the seed to replay. */
const FIRST = Number(process.env.REELAY_LAWS_SEED ?? 1);
const STORIES = Number(process.env.REELAY_LAWS_STORIES ?? 20_000);

describe('the laws', () => {
  test(`hold in ${STORIES} random stories from seed ${FIRST}`, async (t) => {
    const { failure, ends } = await tellMany(FIRST, STORIES);
    assert.deepEqual(failure, null);
    t.diagnostic(JSON.stringify(ends));
    // Stories in which nothing happens would prove nothing.
    for (const end of [
      'succeeded',
      'canceled',
      'processing_timeout',
      'generation_failed',
      'content_violation',
    ]) {
      assert.ok((ends[end] ?? 0) > STORIES / 200, `only ${ends[end]} tasks ended ${end}`);
    }
  });

  test('hold on 1,000 calm days, when cancels are the only trouble', async () => {
    for (let seed = 1; seed <= 1_000; seed += 1) {
      const plan = { ...planOf(seed), storm: { rate: 0, honest: true }, pauseChance: 0, crashRate: 0 };
      const { broken } = await told({ ...plan, skewMs: 0, sandbox: false, routes: SETUPS });
      assert.deepEqual(broken, [], `seed ${seed}`);
    }
  });

  test('a seed tells the same story every time', async () => {
    for (const seed of [7, 42, 4711]) {
      const [one, again] = [await told(planOf(seed)), await told(planOf(seed))];
      assert.equal(fingerprint(one.story), fingerprint(again.story));
      assert.notEqual(fingerprint(one.story), fingerprint((await told(planOf(seed + 1))).story));
    }
  });
});

function fingerprint({ journal, stage, surroundings }: Story): string {
  return JSON.stringify([[...journal.entries], stage.steps, [...stage.passings], [...surroundings.received]]);
}

describe('a crash', () => {
  for (const point of POINTS) {
    test(`at ${point} breaks no law, the first time or the third`, async () => {
      let crashes = 0;
      for (let seed = 1; seed <= 2_000 && crashes < 10; seed += 1) {
        const passing = seed % 3 === 0 ? 3 : 1;
        const plan = { ...planOf(seed), crashRate: 0, pauseChance: 0 };
        const { story, broken } = await told(plan, {
          crashes: { at: (name, number) => name === point && number === passing },
        });
        crashes += story.stage.fallen;
        assert.deepEqual(broken, [], `seed ${seed}, crash at passing ${passing} of ${point}`);
      }
      assert.ok(crashes >= 10, `${point} was reached ${crashes} times`);
    });
  }
});

/** The longest lease is that of storing, 11 minutes. */
const RECOVERED_MS = 15 * 60_000;

test('after any one crash on a calm day every film is still made, where a submit can be looked up', async () => {
  const calm = { storm: { rate: 0, honest: true }, pauseChance: 0, skewMs: 0, sandbox: false };
  const routes = SETUPS.filter((setup) => setup.dedupe !== 'none');
  let crashes = 0;
  for (const point of POINTS) {
    for (let seed = 1; seed <= 20; seed += 1) {
      const passing = 1 + (seed % 3);
      const { story, broken } = await told(
        { ...planOf(seed), ...calm, routes },
        { crashes: { at: (name, number) => name === point && number === passing } },
      );
      crashes += story.stage.fallen;
      assert.deepEqual(broken, [], `seed ${seed}, ${point}`);
      for (const [id, entries] of story.journal.entries) {
        const task = entries.at(-1)?.change.task;
        assert.match(task?.state.name ?? '', /^(succeeded|canceled)$/, `seed ${seed}, ${point}: ${id}`);
        const tookMs = (task?.completedAt ?? 0) - (task?.createdAt ?? 0);
        assert.ok(tookMs < RECOVERED_MS, `seed ${seed}, ${point}: ${id} took ${tookMs} ms`);
      }
    }
  }
  assert.ok(crashes > 300, `only ${crashes} crashes`);
});
