import { z } from 'zod';
import type { Json } from '../../src/core/values.ts';

const built = new Map<string, z.ZodType>();

/** Holds a value against a published JSON Schema; what is wrong, or null. */
export function mismatch(schema: Json, value: unknown): string | null {
  const text = JSON.stringify(schema);
  const validator = built.get(text) ?? z.fromJSONSchema(JSON.parse(text, unconditional));
  built.set(text, validator);
  const result = validator.safeParse(value);
  return result.success ? null : z.prettifyError(result.error);
}

/** The validator knows no if/then; what these add is held by tests of their own. */
function unconditional(key: string, value: unknown): unknown {
  return key === 'if' || key === 'then' ? undefined : value;
}
