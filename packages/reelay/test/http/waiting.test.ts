import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failure } from '../../src/core/failure.ts';
import type { TaskId } from '../../src/core/values.ts';
import { SURFACES } from '../../src/surfaces/catalogue.ts';
import { World } from './world.ts';

const CLIENTS = 2_000;
const GENERATIONS = '/api/v1/generations';
const ORDER = { model: 'kling-2-6', prompt: 'a kettle boils', params: { duration: '5' } };

const turn = () => new Promise((resolve) => setImmediate(resolve));

test(`${CLIENTS} clients that wait cost one listener and no poll each`, async (t) => {
  // Only the timer that all waiters share: it rings when the test says so.
  t.mock.timers.enable({ apis: ['setInterval'] });
  let listeners = 0;
  await using world = await World.open(SURFACES, {
    settings: { connectionsMax: CLIENTS + 100 },
    change: ({ store }) => ({
      store: new Proxy(store, {
        get(target, name) {
          if (name === 'onMoved') listeners += 1;
          return Reflect.get(target, name);
        },
      }),
    }),
  });
  const key = await world.key({ credits: 10_000 });
  const order = async () => Object(await (await world.post(GENERATIONS, key, ORDER)).json()).id as TaskId;
  const tasks = await Promise.all(Array.from({ length: 100 }, order));
  const unwatched = await order();
  const before = world.summaries;
  const answers = Array.from({ length: CLIENTS }, async (_, at) => {
    const wait = at % 2 === 0 ? 'generations' : 'events';
    const path = `${GENERATIONS}/${tasks[at % tasks.length]}${wait === 'events' ? '/events' : '?wait=60'}`;
    const answer = await fetch(world.url + path, { headers: { authorization: `Bearer ${key}` } });
    if (wait === 'generations') return Object(await answer.json()).status as string;
    const told = (await answer.text()).match(/"status":"(\w+)"/g);
    return told?.at(-1)?.slice('"status":"'.length, -1);
  });
  // Each is read when it comes, and once more when it has begun to listen.
  while (world.summaries < before + 2 * CLIENTS) await turn();
  assert.equal(listeners, 1);

  const settled = world.summaries;
  await world.start(unwatched);
  for (let turns = 0; turns < 100; turns += 1) await turn();
  assert.equal(world.summaries, settled, 'a task that nobody waits for wakes nobody');

  t.mock.timers.tick(5_000);
  while (world.summaries < settled + CLIENTS) await turn();
  for (let turns = 0; turns < 100; turns += 1) await turn();
  assert.equal(world.summaries, settled + CLIENTS, 'one timer for all, and each looks once');

  for (const task of tasks) await world.start(task);
  for (const task of tasks) await world.move(task, { is: 'failed', failure: failure('nsfw_detected') });
  const told = new Map<string | undefined, number>();
  for (const status of await Promise.all(answers)) told.set(status, (told.get(status) ?? 0) + 1);
  assert.equal(told.get('failed') ?? 0, CLIENTS - (told.get('processing') ?? 0), JSON.stringify([...told]));
  assert.ok((told.get('failed') ?? 0) >= CLIENTS / 2, 'every stream goes to the end');
});
