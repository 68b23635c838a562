import type { Instant } from '../core/values.ts';

/** Longer waits are shortened to it: nobody asks in earnest for more, and timers stay small. */
const RETRY_AFTER_MAX_MS = 86_400_000;

/**
 * How long a `Retry-After` header asks to wait, 0 to one day; null where there is none that can be read.
 * Seconds or an HTTP date (RFC 9110, 10.2.3); a moment in the past is 0.
 */
export function retryAfterMs(header: string | undefined, now: Instant): number | null {
  const text = header?.trim() ?? '';
  const waitMs = /^\d{1,15}$/.test(text) ? Number(text) * 1000 : httpDate(text) - now;
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(waitMs, 0), RETRY_AFTER_MAX_MS);
}

/** NaN for anything but a date that begins with the name of a day, as HTTP's do. */
function httpDate(text: string): number {
  return /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN;
}
