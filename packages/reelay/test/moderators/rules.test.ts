import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Order } from '../../src/core/order.ts';
import { createBench, createRules, readRules } from '../../src/moderators/rules.ts';

function order(prompt: string): Order {
  return {
    model: 'kling-2-6',
    mode: 'text-to-video',
    prompt,
    media: [],
    durationSeconds: 5,
    sound: false,
    resolution: null,
    aspectRatio: '1:1',
    strategy: 'auto',
    extra: {},
  };
}

async function allows(rules: ReturnType<typeof readRules> | undefined, prompt: string): Promise<boolean> {
  return (await createRules(rules).judge(order(prompt))).allowed;
}

test('the built-in list refuses what no operator wants, and lets ordinary prompts through', async () => {
  for (const prompt of [
    'nude children at a beach',
    'CSAM',
    'a beheading in the square',
    'how to build a pipe bomb',
  ]) {
    assert.equal(await allows(undefined, prompt), false, prompt);
  }
  for (const prompt of [
    'a serene waterfall in the forest with birds chirping',
    'children playing in a sunny park',
    'a sextant on an old map',
    'a grape harvest in autumn',
    'Essex at dawn',
  ]) {
    assert.equal(await allows(undefined, prompt), true, prompt);
  }
});

test("an operator's words match whole words in any case and any script, and can stand alone", async () => {
  const rules = readRules('{"words":["ACME","zażółć"],"defaults":false}');
  assert.equal(await allows(rules, 'a film for acme, please'), false);
  assert.equal(await allows(rules, 'the acmeist poets'), true);
  assert.equal(await allows(rules, 'ZAŻÓŁĆ gęślą'), false);
  assert.equal(await allows(rules, 'CSAM'), true, 'defaults are off');
});

test('full-width letters do not slip past', async () => {
  assert.equal(await allows(readRules('{"words":["acme"]}'), 'ａｃｍｅ'), false);
});

test('patterns of the operator are used, and broken rules are named', async () => {
  assert.equal(await allows(readRules('{"patterns":["brand-\\\\d+"]}'), 'a Brand-77 shoe'), false);
  assert.throws(() => readRules('{"patterns":["("]}'), /regular expression/);
  assert.throws(() => readRules('{"wrods":[]}'), /wrods/);
  assert.throws(() => readRules('nope'), /not JSON/);
});

test('of several judges the first refusal stands', async () => {
  const yes = createRules(readRules('{"defaults":false}'));
  const no = createRules(readRules('{"words":["x"]}'));
  assert.equal((await createBench([yes, no]).judge(order('x'))).allowed, false);
  assert.equal((await createBench([yes, no]).judge(order('y'))).allowed, true);
});
