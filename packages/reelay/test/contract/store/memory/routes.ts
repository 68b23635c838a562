import { FRESH, type RouteHealth } from '../../../../src/core/health.ts';
import type {
  Evidence,
  RouteChange,
  RouteScore,
  RouteStanding,
  RouteStore,
  StoredRoute,
} from '../../../../src/core/ports/routes.ts';
import type { TaskState } from '../../../../src/core/task.ts';
import type { Instant, TaskId } from '../../../../src/core/values.ts';
import { MemoryLetters } from './letters.ts';

const SLOT_MS = 15_000;
const HOUR_MS = 3_600_000;
const ON_ROUTE: readonly string[] = ['submitting', 'unknown', 'running'];

interface RouteRow {
  route: StoredRoute;
  health: RouteHealth;
  readonly slots: Map<TaskId, Instant>;
  readonly scores: Map<number, RouteScore>;
}

/** Routes in memory: how they stand, whose jobs are whose, what was learned of them. */
export abstract class MemoryRoutes extends MemoryLetters implements RouteStore {
  readonly routeRows = new Map<string, RouteRow>();
  readonly #jobs = new Map<string, TaskId>();
  readonly #evidence: Evidence[] = [];

  protected abstract stateOf(task: TaskId): TaskState | null;
  protected abstract states(): Iterable<TaskState>;

  async storedRoutes(): Promise<readonly StoredRoute[]> {
    return [...this.routeRows.values()].map((row) => row.route).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async addRoute(route: StoredRoute): Promise<'added' | 'duplicate'> {
    if (this.routeRows.has(route.name)) return 'duplicate';
    this.routeRows.set(route.name, { route, health: FRESH, slots: new Map(), scores: new Map() });
    return 'added';
  }

  async changeRoute(name: string, change: RouteChange, at: Instant): Promise<StoredRoute | null> {
    const row = this.routeRows.get(name);
    if (!row) return null;
    row.route = { ...row.route, ...change, updatedAt: Math.max(at, row.route.updatedAt + 1) };
    return row.route;
  }

  async removeRoute(name: string): Promise<'removed' | 'in_use' | 'none'> {
    const used = [...this.states()].some(
      (state) => (ON_ROUTE.includes(state.name) || state.name === 'storing') && isOn(state, name),
    );
    if (used) return this.routeRows.has(name) ? 'in_use' : 'none';
    return this.routeRows.delete(name) ? 'removed' : 'none';
  }

  async standings(): Promise<{ now: Instant; of: ReadonlyMap<string, RouteStanding> }> {
    const of = new Map([...this.routeRows].map(([name, row]) => [name, this.#standing(name, row)]));
    return { now: this.now(), of };
  }

  async decideOnRoute(name: string, decide: Parameters<RouteStore['decideOnRoute']>[1]): Promise<void> {
    const row = this.routeRows.get(name);
    if (!row) return;
    const { health, slotFor } = decide(this.#standing(name, row), this.now());
    row.health = health;
    if (slotFor !== null) row.slots.set(slotFor, this.now() + SLOT_MS);
  }

  #standing(name: string, { health, slots }: RouteRow): RouteStanding {
    const held = [...slots].filter(([task, until]) => {
      const state = this.stateOf(task);
      if (state?.name === 'queued') return until > this.now();
      return state !== null && ON_ROUTE.includes(state.name) && isOn(state, name);
    });
    return { health, unfinished: held.length };
  }

  async addScores(scores: readonly { route: string; score: RouteScore }[]): Promise<void> {
    const hour = this.now() - (this.now() % HOUR_MS);
    for (const { route, score } of scores) {
      const row = this.routeRows.get(route);
      row?.scores.set(hour, sum([row.scores.get(hour) ?? NOTHING, score]));
    }
  }

  async scores(since: Instant): Promise<ReadonlyMap<string, RouteScore>> {
    const of = new Map<string, RouteScore>();
    for (const [name, row] of this.routeRows) {
      const recent = [...row.scores].filter(([hour]) => hour > since - HOUR_MS).map(([, score]) => score);
      if (recent.length > 0) of.set(name, sum(recent));
    }
    return of;
  }

  async claimJob(route: string, job: string, task: TaskId): Promise<boolean> {
    const name = JSON.stringify([route, job]);
    const owner = this.#jobs.get(name) ?? task;
    this.#jobs.set(name, owner);
    return owner === task;
  }

  async addEvidence(evidence: Evidence): Promise<void> {
    this.#evidence.push(evidence);
  }

  async evidence(): Promise<readonly Evidence[]> {
    return [...new Map(this.#evidence.map((one) => [`${one.route} ${one.operation}`, one])).values()];
  }
}

const NOTHING: RouteScore = { succeeded: 0, failed: 0, refused: 0, latencyMs: 0 };

function sum(scores: readonly RouteScore[]): RouteScore {
  return scores.reduce((a, b) => ({
    succeeded: a.succeeded + b.succeeded,
    failed: a.failed + b.failed,
    refused: a.refused + b.refused,
    latencyMs: a.latencyMs + b.latencyMs,
  }));
}

function isOn(state: TaskState, route: string): boolean {
  return 'attempt' in state && state.attempt.route === route;
}
