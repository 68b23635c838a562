import { Counter, Histogram, type Registry } from 'prom-client';
import type { RouteHealth, RouteReport } from '../core/health.ts';
import { afterReport } from '../core/health.ts';
import type { RouteScore, RouteStore } from '../core/ports/routes.ts';
import type { Log } from '../log.ts';

export interface ReportsDeps {
  readonly store: Pick<RouteStore, 'decideOnRoute' | 'addScores'>;
  readonly log: Log;
  readonly metrics: Registry;
  /** Told when a route's health was written anew. */
  onWritten(): void;
}

/** What came of attempts, written in groups: what arrives during a write goes with the next. */
export class Reports {
  readonly #deps: ReportsDeps;
  readonly #attempts: Counter<'route' | 'provider' | 'outcome'>;
  readonly #seconds: Histogram<'route' | 'provider'>;
  #waiting = new Map<string, RouteReport[]>();
  #writing: Promise<void> | null = null;

  constructor(deps: ReportsDeps) {
    this.#deps = deps;
    const registers = [deps.metrics];
    this.#attempts = new Counter({
      name: 'reelay_route_outcomes_total',
      help: 'What came of attempts, by route',
      labelNames: ['route', 'provider', 'outcome'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'reelay_route_film_seconds',
      help: 'Time from the beginning of an attempt to its film being kept',
      labelNames: ['route', 'provider'],
      buckets: [1, 5, 10, 20, 40, 60, 80, 100, 150, 200, 300, 600, 900],
      registers,
    });
  }

  add(route: string, provider: string, report: RouteReport): void {
    const outcome = report.is === 'failed' ? report.kind : report.is;
    if (outcome !== 'accepted') this.#attempts.inc({ route, provider, outcome });
    if (report.is === 'succeeded') this.#seconds.observe({ route, provider }, report.latencyMs / 1_000);
    if (report.is === 'failed' && report.kind === 'misconfigured') {
      this.#deps.log.error('a route is misconfigured', { route, provider, reason: report.kind });
    }
    this.#waiting.set(route, [...(this.#waiting.get(route) ?? []), report]);
    this.#writing ??= this.#write();
  }

  /** Resolves when everything that was added is written. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    // What comes in the same turn goes along.
    await null;
    while (this.#waiting.size > 0) {
      const batch = this.#waiting;
      this.#waiting = new Map();
      try {
        await this.#writeBatch(batch);
      } catch (error) {
        this.#deps.log.error('the health of routes could not be written', { error });
      }
      this.#deps.onWritten();
    }
    this.#writing = null;
  }

  async #writeBatch(batch: ReadonlyMap<string, readonly RouteReport[]>): Promise<void> {
    const { store } = this.#deps;
    for (const [route, reports] of batch) {
      await store.decideOnRoute(route, ({ health: before }, now) => {
        const health = reports.reduce((sum, report) => afterReport(sum, report, now), before);
        this.#tell(route, before, health);
        return { health, slotFor: null };
      });
    }
    const scores = [...batch].map(([route, reports]) => ({ route, score: scoreOf(reports) }));
    await store.addScores(scores.filter(({ score }) => score.succeeded + score.failed + score.refused > 0));
  }

  #tell(route: string, before: RouteHealth, after: RouteHealth): void {
    const { log } = this.#deps;
    if (before.openUntil === null && after.openUntil !== null) {
      log.warn('a route is ill', { route, reason: after.lastFailure?.kind ?? null });
    }
    if (before.openUntil !== null && after.openUntil === null) log.info('a route is well again', { route });
  }
}

function scoreOf(reports: readonly RouteReport[]): RouteScore {
  const count = (is: RouteReport['is']) => reports.filter((report) => report.is === is).length;
  const latencyMs = reports.reduce(
    (sum, report) => sum + (report.is === 'succeeded' ? Math.max(0, Math.round(report.latencyMs)) : 0),
    0,
  );
  return { succeeded: count('succeeded'), failed: count('failed'), refused: count('refused'), latencyMs };
}
