import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAILURE_CODES } from '../../src/core/failure.ts';
import { readMagic, shownProgress } from '../../src/providers/studio/magic.ts';

test('a prompt without magic words asks for a film at once', () => {
  const magic = readMagic('a cat [on a roof]');
  assert.deepEqual(magic, {
    prompt: 'a cat [on a roof]',
    outcome: 'film',
    afterMs: 0,
    steps: null,
    bytes: 0,
    instant: false,
    seed: null,
  });
});

test('every fail code of the contract can be asked for', () => {
  for (const code of FAILURE_CODES) {
    const { outcome } = readMagic(`sea [reelay:fail ${code.toUpperCase()}]`);
    assert.equal(typeof outcome === 'object' && outcome.code, code);
  }
});

test('words combine, in any case and anywhere, and are taken out of the prompt', () => {
  const magic = readMagic(
    '[Reelay: AFTER 1.5s] a sea [reelay:steps 4][reelay:size 5 MB] at dawn [reelay:instant] [reelay:seed 9]',
  );
  assert.equal(magic.prompt, 'a sea at dawn');
  assert.deepEqual(
    [magic.afterMs, magic.steps, magic.bytes, magic.instant, magic.seed],
    [1500, 4, 5_000_000, true, 9],
  );
});

test('a mistyped word fails the job and is named', () => {
  for (const word of [
    'fial',
    'fail NO_SUCH',
    'after soon',
    'after 25h',
    'steps 0',
    'size 1TB',
    'never ever',
    'constructor',
  ]) {
    const { outcome } = readMagic(`sea [reelay:${word}]`);
    assert.ok(typeof outcome === 'object' && outcome.code === 'invalid_prompt', word);
    assert.ok(outcome.message.includes(word), outcome.message);
  }
});

test('progress goes in the asked steps, by time and by work, and never shows the end before it', () => {
  const magic = readMagic('[reelay:after 10s][reelay:steps 4]');
  assert.deepEqual(
    [0, 2499, 2500, 6000, 10_000].map((ms) => shownProgress(magic, 100, ms)),
    [0, 0, 25, 50, 75],
  );
  assert.equal(shownProgress(magic, 30, 9000), 25);
  assert.equal(shownProgress(readMagic('[reelay:fail][reelay:after 10s]'), 0, 5000), 50);
});
