/**
 * Exponential backoff with full jitter: a delay between half and all of base × 2^n, at most `maxMs`.
 * @param tries how often it was tried already, from 0
 * @param chance from 0 to 1, the caller's randomness
 */
export function backoffMs(tries: number, chance: number, baseMs = 1_000, maxMs = 60_000): number {
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(tries, 30));
  return Math.round(full / 2 + (full / 2) * chance);
}
