import { createHash } from 'node:crypto';
import type { Refusal } from '../core/refusal.ts';
import { refuse } from '../core/refusal.ts';
import type { Origin } from '../core/task.ts';

/** At most 255 visible ASCII characters, bare or as a quoted string (Idempotency-Key draft 07). */
const BARE = /^[!-~]{1,255}$/;
const QUOTED = /^"((?:[!#-[\]-~]|\\["\\]){1,255})"$/;

/**
 * The idempotency of a request, from its header.
 * @param route `METHOD /path/:with/parameters`, the scope of a key beside its account
 * @param request everything that makes two requests the same: path parameters and the parsed body
 */
export function readIdempotency(
  header: string | string[] | undefined,
  route: string,
  request: unknown,
): Origin['idempotency'] | Refusal {
  if (header === undefined) return null;
  const key = typeof header === 'string' ? keyOf(header) : null;
  if (key === null) {
    const message = 'Idempotency-Key must have 1 to 255 visible ASCII characters';
    return refuse('invalid', message, { field: 'Idempotency-Key' });
  }
  return { route, key, fingerprint: fingerprint(route, request) };
}

function keyOf(header: string): string | null {
  const quoted = QUOTED.exec(header)?.[1];
  if (quoted !== undefined) return quoted.replace(/\\(["\\])/g, '$1');
  return BARE.test(header) && !header.startsWith('"') ? header : null;
}

function fingerprint(route: string, request: unknown): string {
  return createHash('sha256')
    .update(`v1 ${route}\n${canonical(request)}`)
    .digest('hex');
}

/** JSON with sorted keys: the order in which a client writes them says nothing. The depth was bounded when it was parsed. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}
