import type { Registry } from 'prom-client';
import { condition, FRESH, probing } from '../core/health.ts';
import type { Provider, Route, Routes } from '../core/ports/provider.ts';
import type { RouteStanding, RouteStore } from '../core/ports/routes.ts';
import type { Instant, Json, TaskId } from '../core/values.ts';
import type { Log } from '../log.ts';
import type { Door, Standing } from './build.ts';
import { BadRoute, buildRoute } from './build.ts';
import { Reports } from './reports.ts';

/** How long a process believes what it read: a change counts everywhere without a restart. */
const BELIEF_MS = 1_000;
/** How long what an upstream publishes to verify its callbacks is kept. */
const KEY_LIFE_MS = 3_600_000;

export interface RoutesDeps {
  readonly store: RouteStore;
  readonly providers: readonly Provider[];
  /** The built-in route, which is in no database; null where this process has none. */
  readonly studio: Route | null;
  readonly door: Door;
  readonly log: Log;
  readonly metrics: Registry;
  callbackUrl(route: string, task: TaskId): string | null;
}

export interface OpenRoutes extends Routes {
  /** Resolves when everything that was reported is written. */
  settled(): Promise<void>;
}

interface Belief {
  readonly now: Instant;
  readonly routes: ReadonlyMap<string, { readonly route: Standing; readonly enabled: boolean }>;
  readonly standings: ReadonlyMap<string, RouteStanding>;
}

/** The routes of the database beside the studio. */
export function openRoutes(deps: RoutesDeps): OpenRoutes {
  const { store, studio } = deps;
  const built = new Map<string, { readonly updatedAt: Instant; readonly route: Standing | null }>();
  const keys = new Map<string, Promise<string | null>>();
  const turns = new Map<string, Promise<unknown>>();
  let belief: Promise<Belief> | null = null;
  let latest: Belief | null = null;

  const forget = () => {
    belief = null;
  };
  const reports = new Reports({ ...deps, onWritten: forget });

  const standing = (name: string, from: Belief): RouteStanding =>
    from.standings.get(name) ?? { health: FRESH, unfinished: 0 };

  function read(): Promise<Belief> {
    if (belief) return belief;
    const reading = look(deps, built);
    const end = () => {
      if (belief === reading) belief = null;
    };
    reading.then((seen) => {
      latest = seen;
      setTimeout(end, BELIEF_MS).unref();
    }, end);
    belief = reading;
    return reading;
  }

  async function takeSlot(name: string, task: TaskId, limit: number | null): Promise<boolean> {
    const from = await read();
    const known = standing(name, from);
    if (condition(known.health, known.unfinished, limit, from.now) !== 'well') return false;
    let taken = false;
    await store.decideOnRoute(name, ({ health, unfinished }, now) => {
      taken = condition(health, unfinished, limit, now) === 'well';
      if (!taken) return { health, slotFor: null };
      return { health: probing(health, now), slotFor: limit === null ? null : task };
    });
    if (!taken) forget();
    return taken;
  }

  /** One of this process at a time: the others would wait for the same row, each with a connection of its own. */
  function inTurn(name: string, act: () => Promise<boolean>): Promise<boolean> {
    const turn = (turns.get(name) ?? Promise.resolve()).then(act, act);
    turns.set(name, turn);
    return turn;
  }

  function withHealth({ limit, ...route }: Standing, from: Belief): Route {
    const { health, unfinished } = standing(route.name, from);
    return { ...route, health: condition(health, unfinished, limit, from.now) };
  }

  return {
    async all() {
      const from = await read();
      const enabled = [...from.routes.values()].filter((one) => one.enabled);
      return [...(studio ? [studio] : []), ...enabled.map(({ route }) => withHealth(route, from))];
    },
    async byName(name) {
      if (name === studio?.name) return studio;
      const from = await read();
      const found = from.routes.get(name);
      return found ? withHealth(found.route, from) : null;
    },
    async take(name, task) {
      if (name === studio?.name) return true;
      const from = await read();
      const limit = from.routes.get(name)?.route.limit ?? null;
      // Nothing to share: nobody has to be asked.
      if (limit === null && standing(name, from).health.openUntil === null) return true;
      return inTurn(name, () => takeSlot(name, task, limit));
    },
    report(name, report) {
      if (name === studio?.name) return;
      // The common case changes nothing.
      const isWell = latest !== null && standing(name, latest).health.failures === 0;
      if (report.is === 'accepted' && isWell) return;
      reports.add(name, latest?.routes.get(name)?.route.provider ?? 'unknown', report);
    },
    claim: async (name, handle, task) => name === studio?.name || store.claimJob(name, jobOf(handle), task),
    callbackKey(route) {
      const { adapter, upstream, name } = route;
      const id = `${name} ${built.get(name)?.updatedAt ?? 0}`;
      const known = keys.get(id);
      if (known) return known;
      const reading = adapter.callbackKey?.(upstream) ?? Promise.resolve(null);
      keys.set(id, reading);
      const end = () => void keys.delete(id);
      reading.then(() => setTimeout(end, KEY_LIFE_MS).unref(), end);
      return reading;
    },
    settled: () => reports.settled(),
  };
}

/** Reads what is set up and how it stands. What did not change is not built anew. */
async function look(
  deps: RoutesDeps,
  built: Map<string, { readonly updatedAt: Instant; readonly route: Standing | null }>,
): Promise<Belief> {
  const [stored, { now, of }] = await Promise.all([deps.store.storedRoutes(), deps.store.standings()]);
  const routes = new Map<string, { readonly route: Standing; readonly enabled: boolean }>();
  for (const one of stored) {
    let known = built.get(one.name);
    if (known?.updatedAt !== one.updatedAt) {
      known = { updatedAt: one.updatedAt, route: tryBuild(deps, one) };
      built.set(one.name, known);
    }
    if (known.route) routes.set(one.name, { route: known.route, enabled: one.enabled });
  }
  return { now, routes, standings: of };
}

function tryBuild(deps: RoutesDeps, stored: Parameters<typeof buildRoute>[0]): Standing | null {
  try {
    return buildRoute(stored, deps.providers, deps.door, deps.callbackUrl);
  } catch (error) {
    if (!(error instanceof BadRoute)) throw error;
    deps.log.error('a route cannot be used', { route: stored.name, reason: error.message });
    return null;
  }
}

/** What names a job at its upstream. */
function jobOf(handle: Json): string {
  const named = typeof handle === 'object' && handle !== null && 'id' in handle ? handle.id : null;
  return typeof named === 'string' || typeof named === 'number' ? String(named) : JSON.stringify(handle);
}
