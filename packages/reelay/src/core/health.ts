import { backoffMs } from './backoff.ts';
import type { TroubleKind } from './failure.ts';
import type { Tried } from './task.ts';
import type { Instant } from './values.ts';

/**
 * What a route did, as flows report it. `accepted`: a submit was taken; `succeeded`: its film was kept, so long after
 * the attempt began; `refused`: the customer's doing, which says nothing about the route but that it answers.
 */
export type RouteReport =
  | { readonly is: 'accepted' }
  | { readonly is: 'succeeded'; readonly latencyMs: number }
  | { readonly is: 'refused' }
  | { readonly is: 'throttled'; readonly retryAfterMs: number | null }
  | {
      readonly is: 'failed';
      readonly stage: 'submit' | 'film';
      readonly kind: TroubleKind | Tried['reason'];
    };

/** How a route has been doing: a row of the database, so that all processes know the same. */
export interface RouteHealth {
  /** Failures in a row, none of them a customer's doing. */
  readonly failures: number;
  /** The last films and failures, newest last: `s` or `f`. */
  readonly recent: string;
  readonly lastFailure: {
    readonly kind: string;
    readonly stage: 'submit' | 'film';
    readonly at: Instant;
  } | null;
  /** How often the breaker has opened without a success in between. */
  readonly openings: number;
  /** Set: the breaker is open; past it, one attempt at a time may try. */
  readonly openUntil: Instant | null;
  /** Until then somebody tries already. */
  readonly probeUntil: Instant | null;
  /** The upstream asked for rest. */
  readonly restUntil: Instant | null;
}

export const FRESH: RouteHealth = {
  failures: 0,
  recent: '',
  lastFailure: null,
  openings: 0,
  openUntil: null,
  probeUntil: null,
  restUntil: null,
};

/** Failures in a row that open the breaker; or half of the last films, once there are some. */
const FAILURES_MAX = 5;
const RECENT_MAX = 20;
const RECENT_MIN = 10;
/** What does not go away by itself opens it at once. */
const LASTING = new Set<string>(['auth', 'insufficient_upstream_credits', 'misconfigured']);
const OPEN_MS = 30_000;
const OPEN_MAX_MS = 600_000;
/** An attempt that tries and is never heard of again stands in nobody's way for longer. */
const PROBE_MS = 300_000;
const REST_MS = 5_000;
const REST_MAX_MS = 86_400_000;

/** Whether work can be given to a route now. @param limit unfinished jobs at a time; null: no limit */
export function condition(
  health: RouteHealth,
  unfinished: number,
  limit: number | null,
  now: Instant,
): 'well' | 'ill' | 'full' {
  if (health.openUntil !== null && (health.openUntil > now || (health.probeUntil ?? 0) > now)) return 'ill';
  if ((health.restUntil ?? 0) > now) return 'full';
  return limit !== null && unfinished >= limit ? 'full' : 'well';
}

/** A route whose breaker is open and may be tried is tried by one. */
export function probing(health: RouteHealth, now: Instant): RouteHealth {
  return health.openUntil === null ? health : { ...health, probeUntil: now + PROBE_MS };
}

/** What a report makes of a route's health. */
export function afterReport(health: RouteHealth, report: RouteReport, now: Instant): RouteHealth {
  switch (report.is) {
    case 'accepted':
      // Whatever kept submits from being taken is over; whether films are made is another question.
      return health.lastFailure?.stage === 'submit'
        ? { ...health, failures: 0, openUntil: null, probeUntil: null }
        : health;
    case 'succeeded':
      return {
        ...health,
        failures: 0,
        recent: remembered(health, 's'),
        openings: 0,
        openUntil: null,
        probeUntil: null,
      };
    case 'refused':
      return { ...health, probeUntil: null };
    case 'throttled': {
      const restMs = Math.min(report.retryAfterMs ?? REST_MS, REST_MAX_MS);
      return { ...health, probeUntil: null, restUntil: Math.max(health.restUntil ?? 0, now + restMs) };
    }
    case 'failed':
      return afterFailure(health, report, now);
  }
}

function afterFailure(
  health: RouteHealth,
  { kind, stage }: Extract<RouteReport, { is: 'failed' }>,
  now: Instant,
): RouteHealth {
  const failed: RouteHealth = {
    ...health,
    failures: health.failures + 1,
    recent: remembered(health, 'f'),
    lastFailure: { kind, stage, at: now },
    probeUntil: null,
  };
  // A job that was taken before the breaker opened fails late: that says nothing new.
  if (health.openUntil !== null && health.openUntil > now) return failed;
  const opens =
    health.openUntil !== null ||
    failed.failures >= FAILURES_MAX ||
    LASTING.has(kind) ||
    mostFail(failed.recent);
  if (!opens) return failed;
  const openMs = backoffMs(health.openings, 1, OPEN_MS, OPEN_MAX_MS);
  return { ...failed, recent: '', openings: health.openings + 1, openUntil: now + openMs };
}

function remembered(health: RouteHealth, outcome: 's' | 'f'): string {
  return (health.recent + outcome).slice(-RECENT_MAX);
}

function mostFail(recent: string): boolean {
  const failures = recent.replaceAll('s', '').length;
  return recent.length >= RECENT_MIN && failures * 2 >= recent.length;
}
