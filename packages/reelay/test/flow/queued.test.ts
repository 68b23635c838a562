import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Trouble } from '../../src/core/failure.ts';
import { FileTooLarge, StorageFull } from '../../src/core/ports/files.ts';
import type { MediaProblem } from '../../src/core/ports/net.ts';
import { MediaFault } from '../../src/core/ports/net.ts';
import type { Provider } from '../../src/core/ports/provider.ts';
import { ModerationUnavailable } from '../../src/core/ports/world.ts';
import { advanceQueued } from '../../src/flow/advance/queued.ts';
import { T0 } from '../world.ts';
import { advanced, aRouteOf, Bench, FROM_PICTURE } from './bench.ts';

describe('a queued task', () => {
  test('past its deadline: failed, nobody asked', async () => {
    const { now } = await advanced({}, { createdAt: T0 - 86_400_000 });
    assert.deepEqual(now.state.name === 'failed' && now.state.failure.code, 'processing_timeout');
  });

  test('whose prompt is refused: failed, nobody asked', async () => {
    const { now } = await advanced({}, {}, (bench) => {
      bench.moderate = async () => ({ allowed: false, reason: 'a word' });
    });
    assert.deepEqual(now.state.name === 'failed' && now.state.failure.code, 'content_violation');
  });

  test('that cannot be judged now: waits', async () => {
    const { bench, task, now } = await advanced({}, {}, (one) => {
      one.moderate = () => Promise.reject(new ModerationUnavailable('x'));
    });
    assert.equal(now.state.name, 'queued');
    assert.equal(bench.dueInMs(task), 4_000);
  });

  test('after its last attempt: failed, even if a route may get well', async () => {
    const tried = [1, 2, 3, 4, 5].map((attempt) => ({
      attempt,
      route: `r${attempt}`,
      reason: 'internal' as const,
    }));
    const { now } = await advanced({}, { tried, attempts: 5 }, (bench) => {
      bench.routes = [aRouteOf({}, { health: 'ill' })];
    });
    assert.deepEqual(now.state.name === 'failed' && now.state.failure.code, 'generation_failed');
  });

  test('without any route left: failed; with one that is ill: waits', async () => {
    const none = await advanced({}, {}, (bench) => (bench.routes = []));
    assert.deepEqual(none.now.state.name === 'failed' && none.now.state.failure.code, 'model_unavailable');
    const ill = await advanced({}, {}, (bench) => (bench.routes = [aRouteOf({}, { health: 'ill' })]));
    assert.equal(ill.now.state.name, 'queued');
  });

  test('with a picture: fetched and checked once, and nobody else is given it meanwhile', async () => {
    const due: (number | null)[] = [];
    const bench = await Bench.open();
    const task = await bench.put({ order: FROM_PICTURE });
    const submit: Provider['submit'] = async (job) => {
      due.push(bench.dueInMs(task));
      assert.match(job.media[0]?.path ?? '', /^\/disk\//);
      throw new Trouble('rate_limited', 'x');
    };
    bench.routes = [aRouteOf({ submit })];
    await advanceQueued(bench.deps, task, bench.now);
    bench.download = () => Promise.reject(new Error('it was fetched already'));
    await advanceQueued(bench.deps, await bench.fresh(task), bench.now);
    assert.deepEqual(due, [90_000, 90_000]);
    assert.equal([...bench.store.fileRows.values()][0]?.file.kind, 'input');
  });

  const faults: [string, (bench: Bench) => void, string][] = [
    ...(
      [
        ['unreachable', 'invalid_image_url'],
        ['forbidden', 'invalid_image_url'],
        ['broken_off', 'image_download_failed'],
        ['too_large', 'image_too_large'],
      ] as [MediaProblem, string][]
    ).map(([problem, code]): [string, (bench: Bench) => void, string] => [
      problem,
      (bench) => (bench.download = () => Promise.reject(new MediaFault(problem, 'x'))),
      code,
    ]),
    [
      'too many bytes',
      (bench) => (bench.keep = () => Promise.reject(new FileTooLarge('x'))),
      'image_too_large',
    ],
    ['too small', (bench) => (bench.picture = { ...bench.picture, width: 299 }), 'unsupported_format'],
    [
      'too narrow',
      (bench) => (bench.picture = { ...bench.picture, width: 1600, height: 600 }),
      'unsupported_format',
    ],
    [
      'no picture',
      (bench) => {
        bench.inspect = () => {
          throw new MediaFault('unsupported', 'no picture');
        };
      },
      'unsupported_format',
    ],
  ];
  for (const [what, spoil, code] of faults) {
    test(`whose picture is ${what}: failed ${code}, and nothing is left on disk`, async () => {
      const { bench, now } = await advanced({}, { order: FROM_PICTURE }, spoil);
      assert.equal(now.state.name === 'failed' && now.state.failure.code, code);
      assert.equal(bench.disk.size, 0);
    });
  }

  test('with a picture and a full disk: waits', async () => {
    const { now } = await advanced({}, { order: FROM_PICTURE }, (bench) => {
      bench.keep = () => Promise.reject(new StorageFull('x'));
    });
    assert.equal(now.state.name, 'queued');
  });
});
