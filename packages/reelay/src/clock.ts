import type { Clock } from './core/ports/world.ts';
import type { Instant } from './core/values.ts';

/** The machine's clock: the only reader of it. */
export const systemClock: Clock = { now: () => Date.now() };

/** A stopwatch for durations, in milliseconds: monotonic, so that a stepped clock cannot make them negative. */
export function stopwatch(): () => number {
  const start = performance.now();
  return () => performance.now() - start;
}

/** A moment in ISO 8601, UTC, with milliseconds. */
export function isoTime(at: Instant): string {
  return new Date(at).toISOString();
}
