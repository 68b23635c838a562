import { Trouble } from '../core/failure.ts';
import type { Order } from '../core/order.ts';
import type { Job, Route } from '../core/ports/provider.ts';
import type { Evidence, RouteStore } from '../core/ports/routes.ts';
import type { Clock, Ids } from '../core/ports/world.ts';
import type { Attempt } from '../core/task.ts';
import type { Json, UsdMicros } from '../core/values.ts';

export interface TrialDeps {
  readonly store: Pick<RouteStore, 'addEvidence'>;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'task'>;
}

const SEND_WITHIN_MS = 60_000;

/** The cheapest film that a route makes, and what it lists for it; null where nothing is billed. */
export function cheapestOrder(route: Route): {
  readonly order: Order;
  readonly costMicros: UsdMicros | null;
} {
  const [ability] = route.abilities;
  const order: Order = {
    model: ability?.model ?? '',
    mode: 'text-to-video',
    prompt: 'a calm sea',
    media: [],
    durationSeconds: Math.min(...(ability?.durationsSeconds ?? [5])),
    sound: false,
    resolution: null,
    aspectRatio: '16:9',
    strategy: 'auto',
    extra: {},
  };
  return { order, costMicros: ability?.costMicros?.(order) ?? null };
}

/**
 * Tries a route on the real upstream and records what came of each step. Looking a job up that nobody made costs nothing
 * and proves address and credential; only with `submit` is a film ordered, looked at once, and canceled where that is possible.
 */
export async function tryRoute(
  deps: TrialDeps,
  route: Route,
  options: { readonly submit: boolean },
): Promise<readonly Evidence[]> {
  const { adapter, upstream } = route;
  const found: Evidence[] = [];
  const attemptTo = async <Result>(
    operation: Evidence['operation'],
    act: () => Promise<Result>,
    say: (result: Result) => string,
  ): Promise<Result | null> => {
    const { result, ok, detail } = await outcome(act, say);
    const { name, provider } = route;
    const evidence = { route: name, provider, operation, ok, detail, at: deps.clock.now() };
    await deps.store.addEvidence(evidence);
    found.push(evidence);
    return result;
  };

  const attempt = trialAttempt(deps, route);
  const { find, cancel } = adapter;
  if (find) {
    const say = (handle: Json | null) => (handle === null ? 'knows no such job, as is right' : 'found a job');
    await attemptTo('find', () => find(attempt, upstream), say);
  }
  if (!options.submit) return found;
  const { order } = cheapestOrder(route);
  const job: Job = { task: deps.ids.task(), order, attempt, media: [], prepared: null };
  const submit = async () =>
    adapter.submit({ ...job, prepared: (await adapter.prepare?.(job, upstream)) ?? null }, upstream);
  const handle = await attemptTo('submit', submit, () => 'took the order');
  if (handle === null) return found;
  await attemptTo(
    'watch',
    () => adapter.watch([handle], upstream),
    ([sighting]) => `says ${sighting?.is}`,
  );
  if (cancel)
    await attemptTo(
      'cancel',
      () => cancel(handle, upstream),
      (what) => `says ${what}`,
    );
  return found;
}

async function outcome<Result>(act: () => Promise<Result>, say: (result: Result) => string) {
  try {
    const result = await act();
    return { result, ok: true, detail: say(result) };
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    return { result: null, ok: false, detail: `${error.kind}: ${error.message}` };
  }
}

function trialAttempt({ clock, ids }: TrialDeps, { name, provider, tier }: Route): Attempt {
  const now = clock.now();
  return {
    number: 1,
    route: name,
    provider,
    tier,
    startedAt: now,
    sendBy: now + SEND_WITHIN_MS,
    reference: ids.task(),
    costMicros: null,
  };
}
