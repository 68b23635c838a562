import { z } from 'zod';
import type { Json } from '../../src/core/values.ts';

/** Holds a value against a published JSON Schema; what is wrong, or null. */
export function mismatch(schema: Json, value: unknown): string | null {
  const result = z.fromJSONSchema(JSON.parse(JSON.stringify(schema), unconditional)).safeParse(value);
  return result.success ? null : z.prettifyError(result.error);
}

/** The validator knows no if/then; what these add is held by tests of their own. */
function unconditional(key: string, value: unknown): unknown {
  return key === 'if' || key === 'then' ? undefined : value;
}
