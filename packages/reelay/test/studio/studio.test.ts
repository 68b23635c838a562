import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { Json } from '../../src/core/values.ts';
import { type Studio, startStudio } from '../../src/providers/studio/studio.ts';
import { inspect, scratch, studioJob, until } from './helpers.ts';

const upstream = {
  credential: {},
  callbackUrl: () => null,
  call: () => Promise.reject(new Error('the studio has no upstream')),
  callOnce: () => Promise.reject(new Error('the studio has no upstream')),
  now: () => Date.now(),
};

async function open(
  t: TestContext,
  given: { slots?: number; alive?: boolean } = {},
): Promise<{ studio: Studio; woken: string[]; clock: { at: number }; folder: string }> {
  const folder = await scratch(t);
  const woken: string[] = [];
  const clock = { at: 1000 };
  const studio = startStudio({
    node: 'node-a',
    folder,
    slots: given.slots ?? 2,
    encoder: 'packaged',
    abilities: [],
    clock: { now: () => clock.at },
    isAlive: () => Promise.resolve(given.alive ?? true),
    wake: (task) => woken.push(task),
  });
  t.after(() => studio.close());
  return { studio, woken, clock, folder };
}

async function look(studio: Studio, handle: Json): Promise<Awaited<ReturnType<Studio['watch']>>[number]> {
  const [sighting] = await studio.watch([handle], upstream);
  assert.ok(sighting);
  return sighting;
}

test('a job is rendered in a process of its own, its task woken, its files told', async (t) => {
  const { studio, woken } = await open(t);
  const handle = await studio.submit(studioJob('one', 'a sea [reelay:instant]'), upstream);
  assert.deepEqual(handle, { node: 'node-a', job: 'task_one-1' });
  await until(() => woken.length > 0);
  await until(async () => (await look(studio, handle)).is !== 'running');
  const sighting = await look(studio, handle);
  assert.equal(sighting.is, 'rendered');
  assert.deepEqual(sighting.is === 'rendered' && sighting.outputs.map((one) => one.kind), [
    'video',
    'poster',
    'preview',
  ]);
  const at = sighting.is === 'rendered' ? sighting.outputs[0]?.at : undefined;
  assert.ok(at && 'path' in at);
  assert.equal((await inspect(at.path)).videoSeconds, 5);
  assert.ok(woken.every((task) => task === 'task_one'));
});

test('the same attempt submitted twice is one job', async (t) => {
  const { studio } = await open(t);
  const job = studioJob('two', 'a sea [reelay:never]');
  assert.deepEqual(await studio.submit(job, upstream), await studio.submit(job, upstream));
});

test('a canceled render is killed, forgotten, and its slot goes to the next', async (t) => {
  const { studio, woken, folder } = await open(t, { slots: 1 });
  const first = await studio.submit(studioJob('long', 'mountains'), upstream);
  const second = await studio.submit(studioJob('next', 'a sea [reelay:instant]'), upstream);
  assert.equal(studio.queue(second)?.position, 0);
  await until(async () => {
    const sighting = await look(studio, first);
    return sighting.is === 'running' && (sighting.progress ?? 0) > 0;
  });
  assert.equal(await studio.cancel?.(first, upstream), 'stopped');
  assert.deepEqual(await look(studio, first), { is: 'gone' });
  assert.equal(await studio.cancel?.(first, upstream), 'too_late');
  await until(() => woken.includes('task_next'));
  assert.equal(existsSync(`${folder}/task_long-1`), false);
});

test('a failure that the prompt asks for comes after its time, in the words of the contract', async (t) => {
  const { studio, clock } = await open(t);
  const job = studioJob('bad', 'x [reelay:fail CONTENT_VIOLATION] [reelay:after 30s]');
  const handle = await studio.submit(job, upstream);
  assert.deepEqual(await look(studio, handle), { is: 'running', progress: 0 });
  clock.at += 15_000;
  assert.deepEqual(await look(studio, handle), { is: 'running', progress: 50 });
  clock.at += 15_000;
  const sighting = await look(studio, handle);
  assert.equal(sighting.is === 'failed' && sighting.failure.failure?.code, 'content_violation');
  assert.equal(sighting.is === 'failed' && sighting.failure.charged, false);
});

test('a film that is asked for later is held back until then', async (t) => {
  const { studio, clock, folder } = await open(t);
  const handle = await studio.submit(studioJob('held', 'sea [reelay:instant][reelay:after 5s]'), upstream);
  await until(() => existsSync(`${folder}/task_held-1/preview.mp4`));
  assert.equal((await look(studio, handle)).is, 'running');
  clock.at += 5000;
  await until(async () => (await look(studio, handle)).is === 'rendered');
});

test('a job of another node runs while that node lives, and is gone with it', async (t) => {
  const handle = { node: 'node-b', job: 'task_x-1' };
  assert.deepEqual(await look((await open(t)).studio, handle), { is: 'running', progress: null });
  assert.deepEqual(await look((await open(t, { alive: false })).studio, handle), { is: 'gone' });
});

test('an unknown job of this node, and a handle that is none, are gone', async (t) => {
  const { studio } = await open(t);
  const sightings = await studio.watch(
    [{ node: 'node-a', job: 'task_no-1' }, null, 'x', { node: 1 }],
    upstream,
  );
  assert.deepEqual(
    sightings.map((one) => one.is),
    ['gone', 'gone', 'gone', 'gone'],
  );
});
