import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DeliveryAttempt, DeliveryOutcome } from '../../src/core/ports/letters.ts';
import type { Commit, Verdict } from '../../src/core/ports/tasks.ts';
import type { LetterId } from '../../src/core/values.ts';
import { keep } from '../../src/flow/advance/keep.ts';
import { move } from '../../src/flow/move.ts';
import { MemoryStore } from '../contract/store/memory.ts';
import type { Verbs } from './gateway.ts';
import { planOf } from './story.ts';
import { told } from './telling.ts';

const STORIES = 600;

/** Tells stories with something broken until a law notices; what it said. */
async function caught(options: { verbs?: Partial<Verbs>; store?: typeof MemoryStore }): Promise<string> {
  for (let seed = 1; seed <= STORIES; seed += 1) {
    const { broken } = await told(planOf(seed), options);
    if (broken[0] !== undefined) return broken[0];
  }
  assert.fail(`no law noticed in ${STORIES} stories`);
}

describe('the laws notice', () => {
  test('a worker that sends again when a lease has run out', async () => {
    const takeOver: Verbs['takeOver'] = async (deps, task) => {
      await move(deps, task, { is: 'deferred', reason: 'once more', dueInMs: 0 });
    };
    assert.match(await caught({ verbs: { takeOver } }), /billed/);
  });

  test('an absence concluded from the first empty look', async () => {
    const resolveDoubt: Verbs['resolveDoubt'] = async (deps, task) => {
      await move(deps, task, { is: 'absent', evidence: 'not listed yet' });
    };
    assert.match(await caught({ verbs: { resolveDoubt } }), /absent|billed/);
  });

  test('a submit before its intent is committed', async () => {
    const advanceQueued: Verbs['advanceQueued'] = async (deps, task, now) => {
      const route = (await deps.routes.all())[0];
      if (!route) return;
      const attempt = {
        number: task.attempts + 1,
        route: route.name,
        provider: route.provider,
        tier: route.tier,
        startedAt: now,
        sendBy: now + 85_000,
        reference: task.id,
        costMicros: null,
      };
      const { adapter, upstream } = route;
      const job = { task: task.id, order: task.order, attempt, media: [], prepared: null };
      const handle = await adapter.submit(job, upstream).catch(() => null);
      const begun = await move(deps, task, { is: 'attempted', attempt, leaseMs: 90_000 });
      if (begun) await move(deps, begun, { is: 'submitted', handle, dueInMs: 0 });
    };
    assert.match(await caught({ verbs: { advanceQueued } }), /before the intent was committed/);
  });

  test('a doubt that nobody resolves', async () => {
    const resolveDoubt: Verbs['resolveDoubt'] = async (deps, task) => {
      await deps.store.postpone([{ id: task.id, version: task.version, dueInMs: 60_000 }]);
    };
    assert.match(await caught({ verbs: { resolveDoubt } }), /for ever|in circles/);
  });

  test('a film that is replaced by whoever copies it last', async () => {
    const sameId: Verbs['keep'] = (deps, task, now) =>
      keep({ ...deps, ids: { ...deps.ids, file: () => `file_${task.id}` } }, task, now);
    // Copies must overlap: a slow one beside the one that takes over.
    assert.match(await caught({ verbs: { keep: sameId } }), /not the one on disk/);
  });

  test('a message that is given up after its first failure', async () => {
    class Hasty extends MemoryStore {
      override recordDelivery(id: LetterId, attempt: DeliveryAttempt, outcome: DeliveryOutcome) {
        return super.recordDelivery(id, attempt, outcome.is === 'again' ? { is: 'dead' } : outcome);
      }
    }
    assert.match(await caught({ store: Hasty }), /was given up after 1/);
  });

  const stores: [string, RegExp, (change: Commit) => Commit][] = [
    [
      'forgets refunds',
      /audit|has \d+ and holds/,
      (change) => ({ ...change, transfers: change.transfers.filter((one) => one.kind !== 'refund') }),
    ],
    ['loses letters', /0 letters instead of 1|has no letter/, (change) => ({ ...change, letters: [] })],
    [
      'never frees an escrow',
      /audit/,
      (change) => ({ ...change, task: { ...change.task, escrow: change.task.price } }),
    ],
    [
      'lets a finished task be due',
      /over ⇔ never due again/,
      (change) => ({ ...change, dueInMs: change.dueInMs ?? 10 ** 12 }),
    ],
  ];
  for (const [what, said, spoil] of stores) {
    test(`a store that ${what}`, async () => {
      class Spoilt extends MemoryStore {
        override commit(change: Commit): Promise<Verdict> {
          return super.commit(spoil(change));
        }
      }
      assert.match(await caught({ store: Spoilt }), said);
    });
  }

  test('a store that does not mind the version', async () => {
    class Unfenced extends MemoryStore {
      override async commit(change: Commit): Promise<Verdict> {
        const version = (await this.task(change.task.id))?.version ?? null;
        return super.commit(change.expects === null ? change : { ...change, expects: version });
      }
    }
    assert.match(await caught({ store: Unfenced }), /was decided on|exists|after it was over/);
  });

  test('a store that says committed and forgets', async () => {
    class Forgetful extends MemoryStore {
      override async commit(change: Commit): Promise<Verdict> {
        return change.event.name === 'progressed' ? 'committed' : super.commit(change);
      }
    }
    assert.match(await caught({ store: Forgetful }), /the store has|was decided on/);
  });

  test('a store that makes two tasks of one key', async () => {
    class Twice extends MemoryStore {
      override async original() {
        return null;
      }
      override commit(change: Commit): Promise<Verdict> {
        const origin = { ...change.task.origin, idempotency: null };
        return super.commit({ ...change, task: { ...change.task, origin } });
      }
    }
    assert.match(await caught({ store: Twice }), /are of one key/);
  });
});
