import type { Json } from '../core/values.ts';

/** One line of a schema table. */
export interface SchemaRow {
  /** `input.image_urls[]` */
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly rules: readonly string[];
  readonly description: string;
}

type JsonObject = { readonly [key: string]: Json };

/** A schema as a flat table: nested fields by their whole path. Variants of one object become one table each. */
export function schemaTables(
  schema: Json,
): readonly { readonly title: string; readonly rows: readonly SchemaRow[] }[] {
  const whole = object(schema);
  const variants = list(whole.anyOf ?? whole.oneOf);
  const tables = (variants.length > 0 ? variants : [whole]).map((variant) => ({
    title: text(object(variant).title),
    rows: rows(object(variant), ''),
  }));
  return tables.filter((table) => table.rows.length > 0);
}

function rows(schema: JsonObject, path: string): SchemaRow[] {
  const required = new Set(list(schema.required).map(text));
  return Object.entries(object(schema.properties)).flatMap(([key, value]) => {
    const field = object(value);
    const name = path === '' ? key : `${path}.${key}`;
    const row: SchemaRow = {
      name,
      type: typeName(field),
      required: required.has(key),
      rules: rules(field),
      description: text(field.description),
    };
    return [row, ...inner(field, name)];
  });
}

function inner(field: JsonObject, name: string): SchemaRow[] {
  if (field.properties) return rows(field, name);
  const variants = list(field.anyOf ?? field.oneOf)
    .map(object)
    .filter((variant) => variant.properties);
  if (variants.length > 0) return merged(variants.map((variant) => rows(variant, name)));
  const items = object(field.items);
  return items.properties ? rows(items, `${name}[]`) : [];
}

/** Variants of an object side by side: a field that not all of them have is not required. */
function merged(variants: readonly SchemaRow[][]): SchemaRow[] {
  const byName = new Map<string, SchemaRow[]>();
  for (const row of variants.flat()) byName.set(row.name, [...(byName.get(row.name) ?? []), row]);
  return [...byName.values()].flatMap((same) => {
    const [first] = same;
    if (!first) return [];
    const rules = [...new Set(same.flatMap((row) => row.rules))];
    return [{ ...first, required: same.length === variants.length && first.required, rules }];
  });
}

function typeName(field: JsonObject): string {
  if (field.type === 'array') return `array of ${typeName(object(field.items))}`;
  if (typeof field.type === 'string') return field.type;
  if (Array.isArray(field.type)) return field.type.map(text).join(' or ');
  const variants = list(field.anyOf ?? field.oneOf).map((variant) => typeName(object(variant)));
  if (variants.length > 0) return [...new Set(variants)].join(' or ');
  const values = field.const === undefined ? list(field.enum) : [field.const];
  return [...new Set(values.map((value) => (value === null ? 'null' : typeof value)))].join(' or ') || 'any';
}

function rules(field: JsonObject): string[] {
  const values = field.const === undefined ? list(field.enum) : [field.const];
  const bounds: readonly (readonly [string, Json | undefined])[] = [
    [
      values.length === 1 ? 'always ' : 'one of ',
      values.map((value) => JSON.stringify(value)).join(', ') || undefined,
    ],
    ['default ', field.default === undefined ? undefined : JSON.stringify(field.default)],
    ['min. length ', field.minLength || undefined],
    ['max. length ', field.maxLength],
    ['at least ', field.minimum ?? field.minItems],
    ['at most ', field.maximum ?? field.maxItems],
    ['', field.format],
  ];
  return bounds.flatMap(([words, bound]) =>
    bound === undefined || isUnbounded(bound) ? [] : [`${words}${bound}`],
  );
}

/** zod bounds integers by what a double holds exactly: nothing a reader wants to know. */
function isUnbounded(bound: Json): boolean {
  return typeof bound === 'number' && Math.abs(bound) === Number.MAX_SAFE_INTEGER;
}

function object(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
