import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Transfer } from '../../src/core/ledger.ts';
import type { Change, TaskEvent, TaskEventName } from '../../src/core/lifecycle.ts';
import { accept, deadline, destination, longestLifeMs, MOVES, next } from '../../src/core/lifecycle.ts';
import type { Task, TaskStateName } from '../../src/core/task.ts';
import { isOver, phase } from '../../src/core/task.ts';
import { Bug } from '../../src/core/values.ts';
import { aFile, anAttempt, aTask, EVENTS, STATES, T0 } from '../world.ts';

const STATE_NAMES = Object.keys(STATES) as TaskStateName[];
const EVENT_NAMES = Object.keys(EVENTS) as TaskEventName[];

/** The machine as it was decided (design, “MOVES”). A change of it is a decision, not an edit. */
const GOLDEN: Record<TaskStateName, Partial<Record<TaskEventName, TaskStateName>>> = {
  queued: {
    prepared: 'queued',
    deferred: 'queued',
    attempted: 'submitting',
    failed: 'failed',
    expired: 'failed',
    cancelRequested: 'canceled',
  },
  submitting: {
    submitted: 'running',
    rendered: 'storing',
    doubted: 'unknown',
    expired: 'unknown',
    deferred: 'queued',
    rerouted: 'queued',
    failed: 'failed',
    cancelRequested: 'submitting',
  },
  unknown: {
    found: 'running',
    absent: 'queued',
    deferred: 'unknown',
    cancelRequested: 'unknown',
    expired: 'failed',
  },
  running: {
    progressed: 'running',
    deferred: 'running',
    cancelRequested: 'running',
    rendered: 'storing',
    rerouted: 'queued',
    canceled: 'canceled',
    failed: 'failed',
    expired: 'failed',
  },
  storing: {
    deferred: 'storing',
    rendered: 'storing',
    stored: 'succeeded',
    rerouted: 'queued',
    expired: 'failed',
  },
  succeeded: {},
  failed: {},
  canceled: {},
};

function inState(name: TaskStateName, more: Partial<Task> = {}): Task {
  const started = name === 'queued' ? {} : { attempts: 1, startedAt: T0 };
  const over = isOver(STATES[name]) ? { escrow: 0, completedAt: T0 } : {};
  return { ...aTask(), state: STATES[name], ...started, ...over, ...more };
}

describe('the machine', () => {
  test('is the one that was decided', () => assert.deepEqual(MOVES, GOLDEN));

  for (const state of STATE_NAMES) {
    for (const event of EVENT_NAMES) {
      const to = GOLDEN[state][event];
      test(`${state} + ${event} → ${to ?? 'cannot happen'}`, () => {
        assert.equal(destination(state, event), to ?? null);
        const decide = () => next(inState(state), EVENTS[event], T0 + 1);
        if (to === undefined) assert.throws(decide, Bug);
        else assert.equal(decide().task.state.name, to);
      });
      if (to === 'queued' && state !== 'queued') {
        test(`${state} + ${event}, but canceled meanwhile → canceled, refunded`, () => {
          const { task, transfers } = next(inState(state, { cancelRequested: true }), EVENTS[event], T0 + 1);
          assert.deepEqual(task.state, { name: 'canceled', outcome: 'stopped' });
          assert.deepEqual(
            transfers.map((one) => one.kind),
            ['refund'],
          );
        });
      }
    }
  }
});

describe('single moves', () => {
  test('a wish to cancel does not end the lease of whoever is submitting', () => {
    const { dueInMs, task } = next(inState('submitting'), EVENTS.cancelRequested, T0 + 10_000);
    assert.equal(dueInMs, 75_000);
    assert.equal(task.cancelRequested, true);
    assert.equal(next(inState('submitting'), EVENTS.cancelRequested, T0 + 100_000).dueInMs, 0);
  });

  test('whoever prepared a task keeps it for the attempt', () => {
    assert.equal(next(inState('queued'), EVENTS.prepared, T0).dueInMs, 90_000);
  });

  test('no delay outlasts the deadline', () => {
    const forever = 1e12;
    const late: [TaskStateName, TaskEvent, number][] = [
      ['queued', { ...EVENTS.deferred, dueInMs: forever }, 86_400_000],
      ['submitting', { ...EVENTS.deferred, dueInMs: forever }, 86_400_000],
      ['submitting', { ...EVENTS.submitted, dueInMs: forever }, 900_000],
      ['submitting', { ...EVENTS.doubted, dueInMs: forever }, 86_400_000],
      ['unknown', { ...EVENTS.deferred, dueInMs: forever }, 86_400_000],
      ['running', { ...EVENTS.progressed, dueInMs: forever }, 900_000],
      ['storing', { ...EVENTS.deferred, dueInMs: forever }, 3_000_000],
    ];
    for (const [state, event, expected] of late) {
      assert.equal(next(inState(state), event, T0).dueInMs, expected, `${state} ${event.is}`);
    }
    const past = next(inState('running'), { ...EVENTS.progressed, dueInMs: forever }, T0 + forever);
    assert.equal(past.dueInMs, 1_000, 'past the deadline there is no busy loop either');
  });

  test('only empty reads are counted as such', () => {
    const once = next(inState('unknown'), EVENTS.deferred, T0).task;
    assert.deepEqual(once.state, { ...STATES.unknown, emptyReads: 1 });
    const wished = next(once, EVENTS.cancelRequested, T0).task;
    assert.deepEqual(wished.state, { ...STATES.unknown, emptyReads: 1 });
  });

  test('what an upstream may have taken for nothing is recorded', () => {
    const money = (state: TaskStateName, event: TaskEvent, more: Partial<Task> = {}) => {
      const { ambiguity } = next(inState(state, more), event, T0);
      return ambiguity && [ambiguity.reason, ambiguity.decision, ambiguity.costMicros];
    };
    const gone: TaskEvent = { is: 'rerouted', reason: 'gone', dueInMs: 0 };
    assert.deepEqual(money('unknown', EVENTS.expired), ['never_resolved', 'refunded', 350_000]);
    assert.deepEqual(money('running', EVENTS.expired), ['never_finished', 'refunded', 350_000]);
    assert.deepEqual(money('storing', EVENTS.expired), ['never_finished', 'refunded', 350_000]);
    assert.deepEqual(money('unknown', EVENTS.absent), ['absent', 'submitted_again', 350_000]);
    assert.deepEqual(money('unknown', EVENTS.absent, { cancelRequested: true }), [
      'absent',
      'refunded',
      350_000,
    ]);
    assert.deepEqual(money('running', gone), ['stopped_watching', 'submitted_again', 350_000]);
    assert.equal(money('queued', EVENTS.expired), null);
    assert.equal(money('running', EVENTS.rerouted), null);
    assert.equal(money('running', EVENTS.canceled), null);
    const billed = { ...STATES.storing, usage: { costMicros: 420_000 } };
    assert.deepEqual(money('storing', EVENTS.expired, { state: billed }), [
      'never_finished',
      'refunded',
      420_000,
    ]);
    const own = { ...STATES.running, attempt: anAttempt({ tier: 'own', costMicros: null }) };
    assert.equal(money('running', gone, { state: own }), null, 'our own hardware takes no money');
  });

  test('a canceled task says whether it had begun', () => {
    const { task } = next(inState('queued'), EVENTS.cancelRequested, T0);
    assert.deepEqual(task.state, { name: 'canceled', outcome: 'before_start' });
    const again = inState('queued', { attempts: 1, startedAt: T0 });
    assert.deepEqual(next(again, EVENTS.cancelRequested, T0).task.state, {
      name: 'canceled',
      outcome: 'stopped',
    });
  });

  test('a film that costs nothing moves no credits', () => {
    const free = aTask({ price: 0 });
    assert.deepEqual(accept(free).transfers, []);
    assert.deepEqual(next(free, EVENTS.expired, T0).transfers, []);
  });

  test('the timeline never carries a prompt, a link or a failure’s text', () => {
    for (const state of STATE_NAMES) {
      for (const event of EVENT_NAMES) {
        if (destination(state, event) === null) continue;
        const { detail } = next(inState(state), EVENTS[event], T0).event;
        assert.doesNotMatch(JSON.stringify(detail), /waterfall|upstream\.example|The generation failed/);
      }
    }
  });

  test('inputs are kept as long as any task can live', () => {
    const { terms } = aTask();
    const day = 86_400_000;
    assert.equal(longestLifeMs(terms), day + 5 * (15 * 60_000 + day + 50 * 60_000));
  });
});

const anEvent = (state: TaskStateName): fc.Arbitrary<TaskEvent> => {
  const names = Object.keys(MOVES[state]) as TaskEventName[];
  const delay = fc.integer({ min: 0, max: 10 ** 9 });
  return fc
    .record({ name: fc.constantFrom(...names), dueInMs: delay, cost: fc.option(delay) })
    .map(({ name, dueInMs, cost }) => {
      const event = EVENTS[name];
      if (event.is === 'rendered') return { ...event, usage: { costMicros: cost } };
      return 'dueInMs' in event ? { ...event, dueInMs } : event;
    });
};

interface Step {
  readonly waitMs: number;
  readonly pick: number;
}

/** Any legal story: what happens next is drawn from what can happen next, on a clock that may step back. */
const aStory = fc.record({
  price: fc.oneof(fc.integer({ min: 1, max: 1_000 }), fc.constant(Number.MAX_SAFE_INTEGER)),
  steps: fc.array(fc.record({ waitMs: fc.integer({ min: -100_000, max: 10 ** 8 }), pick: fc.nat() }), {
    maxLength: 30,
  }),
});

function told(price: number, steps: readonly Step[]): { changes: Change[]; last: Task } {
  const changes = [accept({ ...aTask({ price }), version: 0, escrow: 0 })];
  let now = T0;
  for (const { waitMs, pick } of steps) {
    const before = changes.at(-1)?.task ?? aTask();
    const names = Object.keys(MOVES[before.state.name]) as TaskEventName[];
    const name = names[pick % names.length];
    if (!name) break;
    now += waitMs;
    const attempt = anAttempt({ number: before.attempts + 1, startedAt: Math.max(now, T0) });
    const event = name === 'attempted' ? { ...EVENTS.attempted, attempt } : EVENTS[name];
    changes.push(next(before, event, now));
  }
  return { changes, last: changes.at(-1)?.task ?? aTask() };
}

function moved(transfers: readonly Transfer[], kind: Transfer['kind']): number {
  return transfers.filter((one) => one.kind === kind).reduce((sum, one) => sum + one.amount, 0);
}

describe('any legal story', () => {
  const holds = (check: (story: ReturnType<typeof told>, price: number) => void) =>
    fc.assert(
      fc.property(aStory, ({ price, steps }) => check(told(price, steps), price)),
      { numRuns: 3_000 },
    );

  test('over ⇔ never due again ⇔ nothing in escrow ⇔ completed', () =>
    holds(({ changes }) => {
      for (const { task, dueInMs } of changes) {
        const over = isOver(task.state);
        assert.equal(dueInMs === null, over);
        assert.equal(task.escrow === 0, over);
        assert.equal(task.completedAt !== null, over);
        assert.equal(deadline(task) === null, over);
        assert.ok(dueInMs === null || (dueInMs >= 0 && Number.isFinite(dueInMs)));
      }
    }));

  test('hold = charge + refund, each once, and only a film is charged', () =>
    holds(({ changes, last }, price) => {
      const transfers = changes.flatMap((change) => change.transfers);
      assert.equal(new Set(transfers.map((one) => one.id)).size, transfers.length);
      assert.ok(transfers.every((one) => one.amount >= 1 && one.from !== one.to));
      assert.equal(moved(transfers, 'hold'), price);
      const back = moved(transfers, 'charge') + moved(transfers, 'refund');
      assert.equal(back, isOver(last.state) ? price : 0);
      assert.equal(moved(transfers, 'charge'), last.state.name === 'succeeded' ? price : 0);
      // What a holder has is what came in less what went out; only the house may owe.
      const escrow = transfers.reduce(
        (sum, one) =>
          sum + (one.to === 'task:task_1' ? one.amount : one.from === 'task:task_1' ? -one.amount : 0),
        0,
      );
      assert.equal(escrow, last.escrow);
    }));

  test('versions count up, and each change was decided on the one before', () =>
    holds(({ changes }) => {
      for (const [index, { expects, task }] of changes.entries()) {
        assert.equal(task.version, index + 1);
        assert.equal(expects, index === 0 ? null : index);
      }
    }));

  test('a task is told about once, when it is over', () =>
    holds(({ changes, last }) => {
      const notices = changes.flatMap((change) => change.notices);
      const wanted = last.state.name === 'succeeded' ? ['succeeded'] : isOver(last.state) ? ['failed'] : [];
      assert.deepEqual(notices, wanted);
    }));

  test('nothing happens before its creation, whatever the clock says', () =>
    holds(({ changes }) => {
      for (const { task } of changes) {
        assert.ok(task.updatedAt >= task.createdAt && task.stateSince >= task.createdAt);
        assert.ok((task.completedAt ?? T0) >= task.createdAt && (task.startedAt ?? T0) >= task.createdAt);
      }
    }));

  test('clients see pending, then processing, then the end; never back', () =>
    holds(({ changes }) => {
      const ranks = { pending: 0, processing: 1, succeeded: 2, failed: 2 };
      const seen = changes.map(({ task }) => ranks[phase(task)]);
      assert.deepEqual(
        seen,
        [...seen].sort((a, b) => a - b),
      );
    }));

  test('a file becomes ours once: what was prepared and what was stored', () =>
    holds(({ changes }) => {
      for (const { event, files } of changes) {
        const expected =
          event.name === 'prepared' ? [aFile({ kind: 'input' })] : event.name === 'stored' ? [aFile()] : [];
        assert.deepEqual(files, expected);
      }
    }));

  test('a task in doubt is queued again only by a proven absence, with a record', () =>
    holds(({ changes }) => {
      for (const [index, change] of changes.entries()) {
        const before = changes[index - 1]?.task.state.name;
        if (before !== 'unknown' || change.task.state.name !== 'queued') continue;
        assert.equal(change.event.name, 'absent');
        assert.equal(change.ambiguity?.decision, 'submitted_again');
        assert.equal(change.task.tried.at(-1)?.reason, 'absent');
      }
    }));

  test('every pair that is not in the table throws', () =>
    fc.assert(
      fc.property(aStory, fc.constantFrom(...EVENT_NAMES), ({ price, steps }, name) => {
        const { last } = told(price, steps);
        if (destination(last.state.name, name) !== null) return;
        assert.throws(() => next(last, EVENTS[name], T0), Bug);
      }),
      { numRuns: 3_000 },
    ));

  test('a change is plain data: the task before is untouched', () => {
    const before = Object.freeze({ ...inState('running'), tried: Object.freeze([]) as Task['tried'] });
    fc.assert(
      fc.property(anEvent('running'), (event) => {
        const change = next(before, event, T0 + 5);
        assert.deepEqual(JSON.parse(JSON.stringify(change)), change);
        assert.equal(before.version, 1);
      }),
    );
  });
});
