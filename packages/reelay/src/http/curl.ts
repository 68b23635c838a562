import type { Json } from '../core/values.ts';
import type { Operation } from './openapi.ts';

/** Commands that call an operation as its examples say, ready to be pasted into a shell. */
export function curls(
  base: string,
  method: string,
  path: string,
  operation: Operation,
): readonly { readonly name: string; readonly command: string }[] {
  const head = [
    `curl -X ${method.toUpperCase()} "${base}${filled(path, operation)}"`,
    ...authorization(operation),
  ];
  const [[type, content] = ['', null]] = Object.entries(operation.requestBody?.content ?? {});
  const examples = Object.entries(content?.examples ?? {});
  const commands = examples.map(([name, { value }]) => ({ name, lines: [...head, ...sent(type, value)] }));
  const shown = commands.length > 0 ? commands : [{ name: '', lines: head }];
  return shown.map(({ name, lines }) => ({ name, command: lines.join(' \\\n  ') }));
}

function filled(path: string, { parameters }: Operation): string {
  const inPath = parameters.filter((parameter) => parameter.in === 'path');
  const url = inPath.reduce(
    (text, { name, schema }) => text.replace(`{${name}}`, firstValue(schema) ?? `YOUR_${name.toUpperCase()}`),
    path,
  );
  const query = parameters
    .filter((parameter) => parameter.in === 'query' && parameter.required)
    .map(({ name }) => `${name}=YOUR_${name.toUpperCase()}`);
  return query.length > 0 ? `${url}?${query.join('&')}` : url;
}

function authorization({ security }: Operation): readonly string[] {
  if (security.length === 0) return [];
  const isAdmin = security.some((scheme) => 'adminToken' in scheme);
  return [`-H "Authorization: Bearer ${isAdmin ? 'YOUR_ADMIN_TOKEN' : 'YOUR_API_KEY'}"`];
}

function sent(type: string, value: Json): readonly string[] {
  if (type !== 'multipart/form-data') return [`-H "Content-Type: ${type}"`, `-d ${quoted(value)}`];
  const fields = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return fields.map(([name, field]) => `-F ${name}=${String(field)}`);
}

/** JSON inside single quotes of a shell. */
function quoted(value: Json): string {
  const text = JSON.stringify(value, null, 2).replaceAll("'", "'\\''").replaceAll('\n', '\n  ');
  return `'${text}'`;
}

function firstValue(schema: Json): string | null {
  const values = typeof schema === 'object' && schema !== null && 'enum' in schema ? schema.enum : [];
  const first = Array.isArray(values) ? values[0] : undefined;
  return typeof first === 'string' ? first : null;
}
