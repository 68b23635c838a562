/** How much of a file is answered with: all of it, one part (bounds inclusive), or nothing. */
export type RangeVerdict =
  | { readonly status: 200 }
  | { readonly status: 206; readonly start: number; readonly end: number }
  | { readonly status: 416 };

const WHOLE: RangeVerdict = { status: 200 };
const UNSATISFIABLE: RangeVerdict = { status: 416 };

/**
 * Reads `Range` and `If-Range` (RFC 9110, 13.1.5 and 14.2) against a file of `size` bytes with the strong tag `etag`.
 * One part only: several are refused, since a thousand tiny ones cost us and not the sender. What is malformed or in
 * another unit is ignored; an `If-Range` other than the very tag (a weak one, a date) gives the whole file.
 */
export function judgeRange(
  range: string | undefined,
  ifRange: string | undefined,
  file: { readonly size: number; readonly etag: string },
): RangeVerdict {
  if (range === undefined || (ifRange !== undefined && ifRange.trim() !== file.etag)) return WHOLE;
  const spec = /^\s*bytes=(.*)$/i.exec(range)?.[1]?.trim();
  if (spec === undefined) return WHOLE;
  if (spec.includes(',')) return UNSATISFIABLE;
  const [, first = '', last = ''] = /^(\d*)-(\d*)$/.exec(spec) ?? [];
  if (first === '') return last === '' ? WHOLE : suffix(Number(last), file.size);
  const start = Number(first);
  const end = last === '' ? Number.POSITIVE_INFINITY : Number(last);
  if (end < start) return WHOLE;
  if (start >= file.size) return UNSATISFIABLE;
  return { status: 206, start, end: Math.min(end, file.size - 1) };
}

function suffix(length: number, size: number): RangeVerdict {
  if (length === 0 || size === 0) return UNSATISFIABLE;
  return { status: 206, start: Math.max(0, size - length), end: size - 1 };
}
