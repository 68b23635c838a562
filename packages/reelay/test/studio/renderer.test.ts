import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
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

test('a render process ends when its parent is gone, in the middle of a film', async (t) => {
  const folder = await scratch(t);
  const child = fork(new URL('../../src/providers/studio/child.ts', import.meta.url), {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const ended = once(child, 'exit');
  child.send({ film: filmOrder(folder), instant: false, bytes: 0 });
  await once(child, 'message');
  child.disconnect();
  const [code] = await ended;
  assert.equal(code, 0);
});

test('results that cannot be written fail the job, and the next one is rendered', async (t) => {
  const folder = await scratch(t);
  const ended: string[] = [];
  const renderer = startRenderer({ slots: 1, clock, onEnd: (id) => ended.push(id) });
  t.after(() => renderer.close());
  const bad = filmOrder(folder, { folder: '/dev/null/no-such-folder' });
  renderer.start('first', { film: bad, instant: true, bytes: 0 });
  renderer.start('second', { film: filmOrder(folder), instant: true, bytes: 0 });
  await until(() => ended.length === 2);
  assert.equal(renderer.state('first')?.is, 'failed');
  assert.equal(renderer.state('second')?.is, 'rendered');
});
