import { z } from 'zod';
import type { RouteDocs } from '../../core/ports/surface.ts';
import type { Refusal } from '../../core/refusal.ts';
import { refuse } from '../../core/refusal.ts';
import type { Json } from '../../core/values.ts';
import type { Gateway } from '../gateway.ts';
import { PROBLEM } from '../own-docs.ts';

export interface OperatorRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/** One route of the operator API, as data: where it is, what it is documented as, what it does. */
export interface OperatorRoute {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Below `/operator/v1`, with `:name` for parameters. */
  readonly path: string;
  readonly docs: RouteDocs;
  handle(
    request: OperatorRequest,
    gateway: Gateway,
  ): Promise<{ readonly status: number; readonly body: Json } | Refusal>;
}

/** Holds a value against a schema; what is wrong, by its field. */
export function validated<T>(schema: z.ZodType<T>, value: unknown): T | Refusal {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.map(String).join('.') ?? '';
  return refuse(
    'invalid',
    `${field || 'The request'}: ${issue?.message ?? 'is invalid'}`,
    field ? { field } : {},
  );
}

/** The schema of what is taken, for the documentation. */
export function published(schema: z.ZodType): Json {
  const { $schema: _, ...document } = z.toJSONSchema(schema, { io: 'input' });
  return JSON.parse(JSON.stringify(document));
}

export const cursorQuery = z.object({
  cursor: z.string().max(256).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});

export const CURSOR_DOCS: NonNullable<RouteDocs['query']> = {
  cursor: { schema: { type: 'string' }, required: false, description: 'next_cursor of the page before' },
  limit: {
    schema: { type: 'integer', minimum: 1, maximum: 100, default: 50 },
    required: false,
    description: 'Entries a page',
  },
};

/** A page of what is read whole, in the order given: `cursor` is the id of the last entry before it. */
export function page<T extends { readonly id: string }>(
  all: readonly T[],
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): { readonly entries: readonly T[]; readonly nextCursor: string | null } {
  const start = cursor === undefined ? 0 : all.findIndex((entry) => entry.id === cursor) + 1;
  const entries = all.slice(start, start + limit);
  const last = start + limit < all.length ? entries.at(-1) : undefined;
  return { entries, nextCursor: last?.id ?? null };
}

/** The documents of one answer and of what every operator route may refuse. */
export function answers(status: number, schema: Json, more: readonly number[] = []): RouteDocs['responses'] {
  const refused = [...new Set([400, 401, 503, ...more])].map(
    (code) =>
      [
        code,
        { description: REFUSED[code] ?? '', schema: PROBLEM, mediaType: 'application/problem+json' },
      ] as const,
  );
  return { [status]: { description: 'Done', schema }, ...Object.fromEntries(refused) };
}

const REFUSED: Readonly<Record<number, string>> = {
  400: 'The request is wrong, and how',
  401: 'Not the admin token',
  402: 'The wallet does not cover it',
  404: 'No such object',
  409: 'It cannot be, as things stand',
  503: 'Cannot be served at the moment',
};

/** A list with its cursor. */
export function listOf(entry: Json): Json {
  return {
    type: 'object',
    required: ['data', 'next_cursor'],
    properties: { data: { type: 'array', items: entry }, next_cursor: { type: ['string', 'null'] } },
  };
}

export function notFound(what: string): Refusal {
  return refuse('not_found', `No such ${what}`);
}
