import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Renderer, startRenderer } from '../../src/providers/studio/renderer.ts';
import { filmOrder, scratch, until } from './helpers.ts';

const clock = { now: () => Date.now() };

test('what cannot be drawn is reported as failed, and the queue goes on', async (t) => {
  const folder = await scratch(t);
  const ended: string[] = [];
  const renderer: Renderer = startRenderer({ slots: 1, clock, onEnd: (id) => ended.push(id) });
  t.after(() => renderer.close());
  renderer.start('picture', {
    film: filmOrder(folder, { pictures: ['/no/such/file'] }),
    instant: false,
    bytes: 0,
  });
  renderer.start('ratio', { film: filmOrder(folder, { aspectRatio: 'wide' }), instant: true, bytes: 0 });
  renderer.start('good', { film: filmOrder(folder), instant: true, bytes: 0 });
  await until(() => ended.length === 3);
  assert.deepEqual(ended, ['picture', 'ratio', 'good']);
  const picture = renderer.state('picture');
  assert.equal(picture?.is, 'failed');
  assert.equal(picture?.is === 'failed' && picture.reason, 'internal');
  assert.equal(renderer.state('ratio')?.is, 'failed');
  assert.equal(renderer.state('good')?.is, 'rendered');
  renderer.forget('good');
  assert.equal(renderer.state('good'), null);
});

test('jobs that wait tell their place and an estimate that grows with it', async (t) => {
  const folder = await scratch(t);
  const renderer = startRenderer({ slots: 1, clock, onEnd: () => undefined });
  t.after(() => renderer.close());
  for (const id of ['a', 'b', 'c']) renderer.start(id, { film: filmOrder(folder), instant: false, bytes: 0 });
  const [b, c] = [renderer.state('b'), renderer.state('c')];
  assert.ok(b?.is === 'waiting' && c?.is === 'waiting');
  assert.deepEqual([b.position, c.position], [0, 1]);
  assert.ok(c.estimateMs > b.estimateMs && b.estimateMs > 0);
  assert.equal(renderer.cancel('b'), true);
  const next = renderer.state('c');
  assert.equal(next?.is === 'waiting' && next.position, 0);
});
