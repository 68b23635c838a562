import type { RouteDocs, SurfaceRequest } from '../core/ports/surface.ts';
import type { Refusal } from '../core/refusal.ts';
import { refuse } from '../core/refusal.ts';
import type { Json } from '../core/values.ts';

/** `limit` and `cursor` of every list (decision 31). */
export function pageOf(
  query: SurfaceRequest['query'],
): { readonly limit: number; readonly cursor: string | null } | Refusal {
  const { cursor, limit = '20' } = query;
  if (cursor !== undefined && (typeof cursor !== 'string' || cursor === '' || cursor.length > 256)) {
    return refuse('invalid', 'cursor must be the next_cursor of a page', { field: 'cursor' });
  }
  if (typeof limit !== 'string' || !/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > 100) {
    return refuse('invalid', 'limit must be a whole number from 1 to 100', { field: 'limit' });
  }
  return { limit: Number(limit), cursor: cursor ?? null };
}

/** A list as every one of this dialect looks. */
export function listBody(
  data: readonly Json[],
  nextCursor: string | null,
  hasMore = nextCursor !== null,
): Json {
  return { object: 'list', data, has_more: hasMore, next_cursor: nextCursor };
}

export const PAGE_DOCS: NonNullable<RouteDocs['query']> = {
  limit: {
    schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
    required: false,
    description: 'Entries a page',
  },
  cursor: { schema: { type: 'string' }, required: false, description: 'next_cursor of the page before' },
};
