import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Param } from '../../src/core/model.ts';
import { check, chooseParam, promptLength, ratio, usualMs } from '../../src/core/model.ts';
import { MODELS } from '../../src/models/catalogue.ts';
import { kling26 } from '../../src/models/kling-2-6.ts';
import { anOrder } from '../world.ts';

const FIELDS = { prompt: 'input.prompt', media: 'input.image_urls', params: 'input' };
const wrong = (more: Parameters<typeof anOrder>[0]) => check(kling26, anOrder(more), FIELDS);
const picture = { role: 'first_frame', kind: 'image', url: 'https://a.example/a.png' } as const;

const param = (key: Param['key']): Param => {
  const found = kling26.params.find((one) => one.key === key);
  assert.ok(found);
  return found;
};

describe('what callers may give for a parameter', () => {
  const rows: [Param['key'], unknown, number | boolean | string | null][] = [
    ['duration', undefined, 5],
    ['duration', null, 5],
    ['duration', 5, 5],
    ['duration', '10', 10],
    ['duration', 10, 10],
    ['duration', 7, null],
    ['duration', '5.0', null],
    ['duration', ' 5', null],
    ['duration', '', null],
    ['duration', true, null],
    ['duration', [5], null],
    ['duration', {}, null],
    ['duration', Number.NaN, null],
    ['duration', Number.POSITIVE_INFINITY, null],
    ['sound', undefined, false],
    ['sound', true, true],
    ['sound', 'true', true],
    ['sound', 'false', false],
    ['sound', 'True', null],
    ['sound', 1, null],
    ['sound', 0, null],
    ['sound', '', null],
    ['aspect_ratio', undefined, '1:1'],
    ['aspect_ratio', '16:9', '16:9'],
    ['aspect_ratio', '4:3', null],
    ['aspect_ratio', '', null],
  ];
  for (const [key, given, chosen] of rows) {
    test(`${key} ${JSON.stringify(given) ?? 'left out'} → ${chosen}`, () =>
      assert.equal(chooseParam(param(key), given), chosen));
  }

  test('anything else is an option of its own type, or nothing', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kling26.params), fc.anything(), (one, given) => {
        const chosen = chooseParam(one, given);
        assert.ok(chosen === null || one.options.includes(chosen));
      }),
    );
  });
});

describe('an order held against its model', () => {
  test('the seeds’ examples are fine', () => {
    assert.equal(wrong({ durationSeconds: 10, sound: true, aspectRatio: '16:9', strategy: 'value' }), null);
    assert.equal(wrong({ mode: 'image-to-video', media: [picture], sound: true, aspectRatio: null }), null);
  });

  const bad: [string, Parameters<typeof anOrder>[0], string][] = [
    ['no prompt', { prompt: '' }, 'input.prompt'],
    ['a blank prompt', { prompt: ' \n\t' }, 'input.prompt'],
    ['a prompt of 1001', { prompt: 'a'.repeat(1001) }, 'input.prompt'],
    ['a duration it has not', { durationSeconds: 6 }, 'input.duration'],
    ['a duration that is no number', { durationSeconds: Number.NaN }, 'input.duration'],
    ['a ratio it has not', { aspectRatio: '4:3' }, 'input.aspect_ratio'],
    ['a picture with text-to-video', { media: [picture] }, 'input.image_urls'],
    ['no picture with image-to-video', { mode: 'image-to-video' }, 'input.image_urls'],
    ['three pictures', { mode: 'image-to-video', media: [picture, picture, picture] }, 'input.image_urls'],
  ];
  for (const [what, more, field] of bad) {
    test(`${what} is refused, naming ${field}`, () => {
      const refusal = wrong(more);
      assert.equal(refusal?.refused, 'invalid');
      assert.equal(refusal?.field, field);
      assert.ok(refusal?.message.startsWith(field));
    });
  }

  test('prompts are counted in code points, at both bounds', () => {
    assert.equal(wrong({ prompt: '🌊' }), null);
    assert.equal(wrong({ prompt: '🌊'.repeat(1000) }), null);
    assert.notEqual(wrong({ prompt: '🌊'.repeat(1001) }), null);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) =>
        assert.equal(promptLength(text), [...text].length),
      ),
    );
  });

  test('a mode the model has not is refused', () => {
    assert.equal(check({ ...kling26, modes: ['image-to-video'] }, anOrder(), FIELDS)?.refused, 'invalid');
  });
});

describe('models as data', () => {
  for (const model of MODELS) {
    test(`${model.id}: its defaults are options, its deadlines and prices whole numbers`, () => {
      for (const one of model.params) assert.ok(one.options.includes(one.default), one.key);
      for (const value of [model.price, model.retentionMs, ...Object.values(model.deadlines)]) {
        assert.ok(Number.isSafeInteger(value) && value > 0);
      }
      assert.ok(model.attemptsMax >= 1);
      for (const mode of model.modes) assert.ok(model.media.images[mode].max >= model.media.images[mode].min);
      for (const { minMs, maxMs } of model.usual) assert.ok(minMs <= maxMs);
    });
  }

  test('kling-2-6 is what the seed says: 55 credits, 50–70 s and 80–100 s, first look after 50 s, then every 5', () => {
    assert.equal(kling26.price, 55);
    assert.deepEqual(usualMs(kling26, 5), { durationSeconds: 5, minMs: 50_000, maxMs: 70_000 });
    assert.deepEqual(usualMs(kling26, 10), { durationSeconds: 10, minMs: 80_000, maxMs: 100_000 });
    assert.equal(usualMs(kling26, 99).maxMs, 100_000);
    assert.deepEqual(kling26.polling, { firstMs: 50_000, thenMs: 5_000 });
    assert.equal(kling26.retentionMs, 15 * 86_400_000);
  });

  test('ratios are numbers', () => {
    assert.equal(ratio('16:9'), 16 / 9);
    assert.equal(ratio('1:1'), 1);
  });
});
