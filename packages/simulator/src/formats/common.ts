import { randomInt } from 'node:crypto';
import type { Submission } from '../job.ts';
import { dataUrlBytes } from '../pictures.ts';

/** One hour in milliseconds. */
export const HOUR_MS = 3_600_000;
/** One day in milliseconds. */
export const DAY_MS = 24 * HOUR_MS;

/** Kling's public list price in US dollars a second: resellers whose own price is not documented are counted at it. */
export function klingListPrice(order: Submission): number {
  const perSecond = order.sound ? 0.14 : order.resolution === '1080p' ? 0.07 : 0.042;
  return Math.round(perSecond * order.durationSeconds * 1e6) / 1e6;
}

/** A picture as an order gives it: an address, a `data:` address or bare base64. */
export function pictureFrom(value: string): string | Buffer {
  if (/^https?:\/\//i.test(value)) return value;
  return dataUrlBytes(value) ?? Buffer.from(value, 'base64');
}

/** ISO 8601 of a time; null of none. */
export function iso(at: number): string;
export function iso(at: number | null): string | null;
export function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

/** Decimal digits, the first of them 9: with 18 of them the number is beyond 2^53. */
export function digits(count: number): string {
  let text = '9';
  while (text.length < count) text += randomInt(10).toString();
  return text;
}

/** The resolution that a size in pixels comes nearest to. */
export function resolutionOf(width: number, height: number): '720p' | '1080p' {
  return Math.min(width, height) >= 1000 ? '1080p' : '720p';
}
