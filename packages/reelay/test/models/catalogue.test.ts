import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseParam, usualMs } from '../../src/core/model.ts';
import { MODELS } from '../../src/models/catalogue.ts';
import { kling26 } from '../../src/models/kling-2-6.ts';

const day = 86_400_000;

for (const model of MODELS) {
  test(`${model.id} keeps the model contract`, () => {
    assert.match(model.id, /^[a-z0-9][a-z0-9-]{1,62}$/);
    assert.ok(Number.isSafeInteger(model.price) && model.price >= 0);
    assert.ok(model.prompt.min >= 1 && model.prompt.max >= model.prompt.min);
    assert.ok(model.modes.length > 0 && model.attemptsMax >= 1 && model.retentionMs > 0);
    for (const mode of model.modes) {
      const { min, max } = model.media.images[mode];
      assert.ok(min >= 0 && max >= min, `${mode} takes ${min} to ${max} images`);
    }
    for (const param of model.params) {
      assert.ok(param.options.includes(param.default), `${param.key}: the default is an option`);
      assert.equal(
        new Set(param.options.map(String)).size,
        param.options.length,
        `${param.key}: no option twice`,
      );
      for (const option of param.options) assert.equal(chooseParam(param, String(option)), option);
    }
    for (const ms of Object.values(model.deadlines)) assert.ok(ms > 0);
    for (const length of model.params.find((param) => param.key === 'duration')?.options ?? []) {
      const usual = usualMs(model, Number(length));
      assert.ok(usual.minMs <= usual.maxMs && usual.maxMs < model.deadlines.attemptMs, `${length} s`);
    }
  });
}

test('no model is listed twice', () => {
  assert.equal(new Set(MODELS.map((model) => model.id)).size, MODELS.length);
});

test('Kling 2.6 is what the seeds say', () => {
  const param = (key: string) => kling26.params.find((one) => one.key === key);
  // seed 003: "55 … FIXED … 1000 tekens"; "duration … 5 … 5, 10"; "sound … false"; "aspect_ratio … 1:1"
  assert.equal(kling26.price, 55);
  assert.equal(kling26.billing, 'FIXED');
  assert.equal(kling26.prompt.max, 1000);
  assert.deepEqual(param('duration')?.options, [5, 10]);
  assert.equal(param('duration')?.default, 5);
  assert.equal(param('sound')?.default, false);
  assert.deepEqual(param('aspect_ratio')?.options, ['1:1', '16:9', '9:16']);
  assert.equal(param('aspect_ratio')?.default, '1:1');
  // seed 000: "image_urls supports JPG, PNG, WebP, max 10MB per image"
  assert.deepEqual(kling26.media.mimeTypes, ['image/jpeg', 'image/png', 'image/webp']);
  assert.equal(kling26.media.maxBytes, 10 * 1024 * 1024);
  // seed 000: "5-second video: ~50-70 seconds", "10-second video: ~80-100 seconds"
  assert.deepEqual(usualMs(kling26, 5), { durationSeconds: 5, minMs: 50_000, maxMs: 70_000 });
  assert.deepEqual(usualMs(kling26, 10), { durationSeconds: 10, minMs: 80_000, maxMs: 100_000 });
  // seed 000: "Submit task, wait 50 seconds, then poll every 5 seconds"
  assert.deepEqual(kling26.polling, { firstMs: 50_000, thenMs: 5_000 });
  // seed 000: "Result URLs are valid for 15 days"
  assert.equal(kling26.retentionMs, 15 * day);
});
