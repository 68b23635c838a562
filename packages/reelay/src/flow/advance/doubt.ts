import { backoffMs } from '../../core/backoff.ts';
import { Trouble } from '../../core/failure.ts';
import { deadline } from '../../core/lifecycle.ts';
import type { Route } from '../../core/ports/provider.ts';
import type { Task } from '../../core/task.ts';
import type { Instant, Json } from '../../core/values.ts';
import { move } from '../move.ts';
import type { AdvanceDeps } from './deps.ts';
import { LEASE_MS, SEND_MARGIN_MS } from './deps.ts';
import { jobOf } from './submit.ts';

/** “Absent” takes this many empty looks, over at least this long (`invariants.md`, “Submitting once”, 7). */
const EMPTY_READS = 3;
const ABSENT_AFTER_MS = 120_000;

/** How long upstreams that take a key are trusted to remember it; none says (contract 5), so less than the usual day. */
const KEY_LIFE_MS = 12 * 3_600_000;

/** A submit whose lease ran out: its process died or stalled, so nobody knows whether it landed. Never sent again as it is. */
export async function takeOver(deps: AdvanceDeps, task: Task): Promise<void> {
  await move(deps, task, { is: 'doubted', reason: 'the lease ran out while submitting', dueInMs: 0 });
}

/** Resolves a doubtful submit by looking it up; sent again only when it is proven absent, or free. */
export async function resolveDoubt(deps: AdvanceDeps, task: Task, now: Instant): Promise<void> {
  if (task.state.name !== 'unknown') return;
  if (now >= (deadline(task) ?? now)) {
    await move(deps, task, { is: 'expired' });
    return;
  }
  const { attempt, emptyReads } = task.state;
  const route = await deps.routes.byName(attempt.route);
  if (route?.adapter.dedupe === 'free') {
    await move(deps, task, {
      is: 'absent',
      evidence: { because: 'own hardware: doing it again costs nothing' },
    });
    return;
  }
  const seen =
    route?.adapter.dedupe === 'key' ? await sendAgain(deps, route, task, now) : await lookUp(route, task);
  if (seen.is === 'found' && (await deps.routes.claim(attempt.route, seen.handle, task.id))) {
    await move(deps, task, { is: 'found', handle: seen.handle, dueInMs: 0 });
  } else if (seen.is === 'refused') {
    await move(deps, task, {
      is: 'absent',
      evidence: { because: 'the same key was refused', by: seen.reason },
    });
  } else if (seen.is === 'nothing' && emptyReads >= EMPTY_READS && provable(task, now)) {
    const evidence = { because: 'looked up by our reference', emptyReads, sinceMs: now - task.stateSince };
    await move(deps, task, { is: 'absent', evidence });
  } else {
    const ageMs = Math.max(0, now - task.stateSince);
    const dueInMs = backoffMs(Math.floor(Math.log2(1 + ageMs / 5_000)), deps.ids.chance(), 5_000, 300_000);
    // Only a look that saw nothing counts as an empty read; one that saw not at all says nothing.
    if (seen.is === 'nothing') await move(deps, task, { is: 'deferred', reason: 'not listed', dueInMs });
    else await deps.store.postpone([{ id: task.id, version: task.version, dueInMs }]);
  }
}

/** Past the last moment at which the request could still have been on its way, and the upstream's listing lag. */
function provable(task: Task, now: Instant): boolean {
  return (
    task.state.name === 'unknown' &&
    now >= Math.max(task.state.attempt.sendBy, task.stateSince) + ABSENT_AFTER_MS
  );
}

type Seen =
  | { readonly is: 'found'; readonly handle: Json }
  | { readonly is: 'nothing' }
  | { readonly is: 'refused'; readonly reason: string }
  | { readonly is: 'cannot_say' };

/**
 * Where the upstream knows a request again by its key, the same request is the way to ask: on the same route, with the
 * same reference and body, while it remembers. Pictures are uploaded anew each time, so their requests are never the same.
 */
async function sendAgain(deps: AdvanceDeps, route: Route, task: Task, now: Instant): Promise<Seen> {
  if (task.state.name !== 'unknown' || task.order.media.length > 0) return { is: 'cannot_say' };
  const { attempt } = task.state;
  if (now >= attempt.startedAt + KEY_LIFE_MS) return { is: 'cannot_say' };
  const sendBy = deps.clock.now() + LEASE_MS - SEND_MARGIN_MS;
  try {
    const { job } = await jobOf(deps, task, { ...attempt, sendBy }, route.adapter);
    return { is: 'found', handle: await route.adapter.submit(job, route.upstream) };
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    const refused = error.kind === 'content_violation' || error.kind === 'invalid_input';
    return refused ? { is: 'refused', reason: error.kind } : { is: 'cannot_say' };
  }
}

async function lookUp(route: Route | null, task: Task): Promise<Seen> {
  if (task.state.name !== 'unknown' || !route?.adapter.find) return { is: 'cannot_say' };
  try {
    const handle = await route.adapter.find(task.state.attempt, route.upstream);
    return handle === null ? { is: 'nothing' } : { is: 'found', handle };
  } catch (error) {
    if (error instanceof Trouble) return { is: 'cannot_say' };
    throw error;
  }
}
