import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { frame } from '../../src/providers/studio/render/planes.ts';
import { composeScene } from '../../src/providers/studio/render/scene.ts';
import { RENDER_FLAGS } from '../../src/providers/studio/renderer.ts';

// Compiled as a render process compiles.
for (const flag of RENDER_FLAGS.filter((one) => one.includes('maglev'))) setFlagsFromString(flag);

/** The frames at two moments, as one hash. */
function fingerprint(prompt: string, seed: number): string {
  const scene = composeScene(prompt, seed, 320, 180, 5);
  const picture = frame(320, 180);
  const hash = createHash('sha256');
  for (const seconds of [0, 3.25]) {
    scene.draw(picture, seconds);
    hash.update(picture.bytes);
  }
  return hash.digest('hex');
}

test('the same prompt and seed give the same frames; another prompt or seed gives others', () => {
  const first = fingerprint('mountains at dawn', 5);
  assert.equal(fingerprint('mountains at dawn', 5), first);
  assert.notEqual(fingerprint('mountains at dawn', 6), first);
  assert.notEqual(fingerprint('mountains at night', 5), first);
});

test('a frame does not depend on the frames that were drawn before it', () => {
  const picture = frame(320, 180);
  const straight = composeScene('a stormy sea', 3, 320, 180, 5);
  straight.draw(picture, 2);
  const direct = Buffer.from(picture.bytes);
  const wandering = composeScene('a stormy sea', 3, 320, 180, 5);
  wandering.draw(picture, 4.5);
  wandering.draw(picture, 0);
  wandering.draw(picture, 2);
  assert.ok(direct.equals(Buffer.from(picture.bytes)));
});

test('a prompt of unknown words gets the landscape of no place', () => {
  assert.deepEqual(composeScene('qwerty zxcvb', 1, 320, 180, 5).subjects, ['abstract']);
});
