import type { Registry } from 'prom-client';
import type { RouteReport } from '../core/health.ts';
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

interface Belief {
  readonly now: Instant;
  readonly routes: ReadonlyMap<string, { readonly route: Standing; readonly enabled: boolean }>;
  readonly standings: ReadonlyMap<string, RouteStanding>;
}

/** What is kept of a route while its row does not change; null: it cannot be used. */
interface Built {
  readonly updatedAt: Instant;
  readonly route: Standing | null;
}

/** The routes of the database beside the studio. */
export class StoredRoutes implements Routes {
  readonly #deps: RoutesDeps;
  readonly #reports: Reports;
  readonly #built = new Map<string, Built>();
  readonly #keys = new Map<string, Promise<string | null>>();
  readonly #turns = new Map<string, Promise<unknown>>();
  #belief: Promise<Belief> | null = null;
  #latest: Belief | null = null;

  constructor(deps: RoutesDeps) {
    this.#deps = deps;
    this.#reports = new Reports({ ...deps, onWritten: () => this.#forget() });
  }

  async all(): Promise<readonly Route[]> {
    const { studio } = this.#deps;
    const from = await this.#read();
    const enabled = [...from.routes.values()].filter((one) => one.enabled);
    return [...(studio ? [studio] : []), ...enabled.map(({ route }) => withHealth(route, from))];
  }

  async byName(name: string): Promise<Route | null> {
    if (this.#isStudio(name)) return this.#deps.studio;
    const from = await this.#read();
    const found = from.routes.get(name);
    return found ? withHealth(found.route, from) : null;
  }

  async take(name: string, task: TaskId): Promise<boolean> {
    if (this.#isStudio(name)) return true;
    const from = await this.#read();
    const limit = from.routes.get(name)?.route.limit ?? null;
    // Nothing to share: nobody has to be asked.
    if (limit === null && standingIn(from, name).health.openUntil === null) return true;
    // One of this process at a time: the others would wait for the same row, each with a connection of its own.
    const takeSlot = () => this.#takeSlot(name, task, limit);
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(takeSlot, takeSlot);
    this.#turns.set(name, turn);
    return turn;
  }

  report(name: string, report: RouteReport): void {
    if (this.#isStudio(name)) return;
    // The common case changes nothing.
    const isWell = this.#latest !== null && standingIn(this.#latest, name).health.failures === 0;
    if (report.is === 'accepted' && isWell) return;
    const provider = this.#latest?.routes.get(name)?.route.provider ?? 'unknown';
    this.#reports.add(name, provider, report);
  }

  async claim(name: string, handle: Json, task: TaskId): Promise<boolean> {
    return this.#isStudio(name) || this.#deps.store.claimJob(name, jobOf(handle), task);
  }

  callbackKey(route: Route): Promise<string | null> {
    const { adapter, upstream, name } = route;
    const id = `${name} ${this.#built.get(name)?.updatedAt ?? 0}`;
    const known = this.#keys.get(id);
    if (known) return known;
    const reading = adapter.callbackKey?.(upstream) ?? Promise.resolve(null);
    this.#keys.set(id, reading);
    const end = () => void this.#keys.delete(id);
    reading.then(() => setTimeout(end, KEY_LIFE_MS).unref(), end);
    return reading;
  }

  /** Resolves when everything that was reported is written. */
  settled(): Promise<void> {
    return this.#reports.settled();
  }

  #isStudio(name: string): boolean {
    return name === this.#deps.studio?.name;
  }

  async #takeSlot(name: string, task: TaskId, limit: number | null): Promise<boolean> {
    const from = await this.#read();
    const known = standingIn(from, name);
    if (condition(known.health, known.unfinished, limit, from.now) !== 'well') return false;
    let taken = false;
    await this.#deps.store.decideOnRoute(name, ({ health, unfinished }, now) => {
      taken = condition(health, unfinished, limit, now) === 'well';
      if (!taken) return { health, slotFor: null };
      return { health: probing(health, now), slotFor: limit === null ? null : task };
    });
    if (!taken) this.#forget();
    return taken;
  }

  #forget(): void {
    this.#belief = null;
  }

  #read(): Promise<Belief> {
    if (this.#belief) return this.#belief;
    const reading = look(this.#deps, this.#built);
    const end = () => {
      if (this.#belief === reading) this.#forget();
    };
    reading.then((seen) => {
      this.#latest = seen;
      setTimeout(end, BELIEF_MS).unref();
    }, end);
    this.#belief = reading;
    return reading;
  }
}

function standingIn(from: Belief, name: string): RouteStanding {
  return from.standings.get(name) ?? { health: FRESH, unfinished: 0 };
}

function withHealth({ limit, ...route }: Standing, from: Belief): Route {
  const { health, unfinished } = standingIn(from, route.name);
  return { ...route, health: condition(health, unfinished, limit, from.now) };
}

/** Reads what is set up and how it stands. What did not change is not built anew. */
async function look(deps: RoutesDeps, built: Map<string, Built>): Promise<Belief> {
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
