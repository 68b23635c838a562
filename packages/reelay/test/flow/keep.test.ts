import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StorageFull } from '../../src/core/ports/files.ts';
import { MediaFault } from '../../src/core/ports/net.ts';
import type { Task } from '../../src/core/task.ts';
import { keep } from '../../src/flow/advance/keep.ts';
import { forget } from '../../src/flow/forget.ts';
import { anOrder, STATES, T0 } from '../world.ts';
import { Bench, FROM_PICTURE } from './bench.ts';

describe('a result', () => {
  async function kept(change: (bench: Bench) => void, more: Partial<Task> = {}, afterMs = 0) {
    const bench = await Bench.open();
    change(bench);
    const task = await bench.put({ state: STATES.storing, attempts: 1, startedAt: T0, ...more });
    bench.now = T0 + afterMs;
    await keep(bench.deps, task, bench.now);
    return { bench, task, now: await bench.fresh(task) };
  }

  test('that is what was ordered: kept byte for byte, for fifteen days', async () => {
    const { bench, now } = await kept(() => {});
    assert.ok(now.state.name === 'succeeded');
    const [file] = now.state.files;
    assert.ok(file);
    assert.equal(bench.disk.get(file.id), 'https://upstream.example/film.mp4');
    assert.equal(file.expiresAt, T0 + 15 * 86_400_000);
  });

  const films: [string, Partial<Bench['film']>, Partial<Task>, boolean][] = [
    ['a little long', { durationMs: 5_500 }, {}, true],
    ['too long', { durationMs: 5_501 }, {}, false],
    ['of no length', { durationMs: Number.NaN }, {}, false],
    ['of no size', { width: 0, height: 0 }, {}, false],
    ['upright', { width: 720, height: 1280 }, {}, false],
    ['upright, like its picture', { width: 720, height: 1280 }, { order: FROM_PICTURE }, true],
    ['mute, but sound was ordered', {}, { order: anOrder({ sound: true }) }, false],
    ['with sound that nobody ordered', { hasAudio: true }, {}, true],
  ];
  for (const [what, film, more, fine] of films) {
    test(`that is ${what}: ${fine ? 'taken' : 'not taken'}`, async () => {
      const { bench, now } = await kept((one) => (one.film = { ...one.film, ...film }), more);
      assert.equal(now.state.name, fine ? 'succeeded' : 'queued');
      assert.equal(now.tried[0]?.reason, fine ? undefined : 'bad_film');
      assert.equal(bench.disk.size, fine ? 1 : 0, 'what is not taken is not left on disk');
    });
  }

  test('without a film: another route', async () => {
    const poster = {
      ...STATES.storing,
      outputs: [{ kind: 'poster', at: { url: 'https://u.example/p.jpg' } }],
    } as const;
    const { bench, now } = await kept(() => {}, { state: poster });
    assert.deepEqual([now.state.name, bench.disk.size], ['queued', 0]);
  });

  test('that our own machine lost: made again', async () => {
    const { now } = await kept((bench) => {
      bench.keep = () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOENT' }));
    });
    assert.equal(now.tried[0]?.reason, 'gone');
  });

  test('that cannot be reached: tried again with growing pauses, whatever the clock says, until the deadline', async () => {
    const unreachable = (bench: Bench) =>
      (bench.download = () => Promise.reject(new MediaFault('unreachable', 'x')));
    const waits = [];
    for (const afterMs of [-60_000, 0, 30_000, 1_200_000]) {
      const { bench, task } = await kept(unreachable, {}, afterMs);
      waits.push(bench.dueInMs(task));
    }
    assert.deepEqual(waits, [2_000, 2_000, 32_000, 60_000]);
    const { now } = await kept(unreachable, {}, 3_000_000);
    assert.equal(now.state.name, 'failed');
  });

  test('on a full disk: later', async () => {
    const { now, bench, task } = await kept((one) => (one.keep = () => Promise.reject(new StorageFull('x'))));
    assert.deepEqual([now.state.name, bench.dueInMs(task)], ['storing', 30_000]);
  });

  test('that meets a bug: reported, and nothing decided', async () => {
    const bench = await Bench.open();
    bench.keep = () => Promise.reject(new TypeError('x'));
    const task = await bench.put({ state: STATES.storing, attempts: 1 });
    await assert.rejects(keep(bench.deps, task, bench.now), TypeError);
    assert.equal((await bench.fresh(task)).version, 1);
  });

  test('whose time is over is removed, even if another one cannot be', async () => {
    const { bench, now } = await kept(() => {});
    assert.ok(now.state.name === 'succeeded');
    bench.now += 16 * 86_400_000;
    const stuck: string[] = [];
    const files = {
      remove: async (id: string) => {
        if (stuck.includes(id)) throw new Error('EACCES');
        bench.disk.delete(id);
      },
    };
    bench.store.fileRows.set('file_stuck', {
      file: { ...(now.state.files[0] ?? assert.fail()), id: 'file_stuck' },
      task: now.id,
      removed: false,
    });
    stuck.push('file_stuck');
    await assert.rejects(forget({ store: bench.store, files }), /EACCES/);
    assert.equal(bench.disk.size, 0);
    stuck.pop();
    assert.equal(await forget({ store: bench.store, files }), 1);
    assert.equal(await forget({ store: bench.store, files }), 0);
  });
});
