import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Grouped, type GroupOptions } from '../../src/store/group.ts';

interface Item {
  readonly name: string;
  readonly lane?: string;
}

describe('calls in groups', () => {
  /** Runs groups that end when told, and records them. */
  function bench(options: Partial<GroupOptions<Item, string>> = {}) {
    const groups: string[][] = [];
    const ends: (() => void)[] = [];
    const grouped = new Grouped<Item, string>({
      lanes: 1,
      size: 4,
      laneName: (item) => item.lane ?? '',
      exclusive: (item) => [item.name],
      onError: () => 'split',
      async run(items) {
        groups.push(items.map((item) => item.name));
        await new Promise<void>((resolve) => ends.push(resolve));
        return items.map((item) => item.name.toUpperCase());
      },
      ...options,
    });
    const settle = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const end = async () => {
      ends.shift()?.();
      await settle();
    };
    return { grouped, groups, settle, end };
  }

  test('what arrives while a group runs goes into the next one, each with its own answer', async () => {
    const { grouped, groups, end, settle } = bench();
    const first = grouped.call({ name: 'a' });
    await settle();
    const others = ['b', 'c', 'd'].map((name) => grouped.call({ name }));
    await end();
    assert.deepEqual(groups, [['a'], ['b', 'c', 'd']]);
    await end();
    assert.deepEqual(await Promise.all([first, ...others]), ['A', 'B', 'C', 'D']);
  });

  test('a group is never larger than it may be', async () => {
    const { grouped, groups, end, settle } = bench();
    const calls = Array.from({ length: 10 }, (_, index) => grouped.call({ name: `${index}` }));
    await settle();
    for (let count = 0; count < 3; count += 1) await end();
    await Promise.all(calls);
    assert.deepEqual(
      groups.map((group) => group.length),
      [4, 4, 2],
    );
  });

  test('namesakes are never in one group, and keep their order', async () => {
    const { grouped, groups, end, settle } = bench();
    const calls = ['a', 'b', 'a', 'a', 'c'].map((name) => grouped.call({ name }));
    await settle();
    for (let count = 0; count < 3; count += 1) await end();
    await Promise.all(calls);
    assert.deepEqual(groups, [['a', 'b', 'c'], ['a'], ['a']]);
  });

  test('lanes run side by side', async () => {
    const { grouped, groups, end, settle } = bench({ lanes: 8 });
    const calls = ['one', 'two', 'three', 'four'].map((lane) => grouped.call({ name: lane, lane }));
    await settle();
    assert.ok(groups.length > 1);
    for (let count = 0; count < 4; count += 1) await end();
    await Promise.all(calls);
    await grouped.idle();
  });

  test('one bad item fails alone', async () => {
    const { grouped } = bench({
      size: 16,
      async run(items) {
        if (items.some((item) => item.name === 'bad')) throw new Error('no');
        return items.map((item) => item.name);
      },
    });
    const names = ['a', 'b', 'c', 'bad', 'd', 'e'];
    const results = await Promise.allSettled(names.map((name) => grouped.call({ name })));
    assert.deepEqual(
      results.map((one) => one.status === 'fulfilled'),
      [true, true, true, false, true, true],
    );
  });

  test('where splitting is no use the whole group fails, and the next one runs', async () => {
    let isDown = true;
    const { grouped } = bench({
      onError: () => 'reject',
      async run(items) {
        if (isDown) throw new Error('down');
        return items.map((item) => item.name);
      },
    });
    const results = await Promise.allSettled(['a', 'b'].map((name) => grouped.call({ name })));
    assert.ok(results.every((one) => one.status === 'rejected'));
    isDown = false;
    assert.equal(await grouped.call({ name: 'c' }), 'c');
  });
});
