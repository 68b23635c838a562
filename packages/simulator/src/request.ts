import type { IncomingMessage } from 'node:http';
import { type Call, type Fields, Refusal } from './format.ts';

/** Pictures in base64 come in bodies; Kling takes 50 MB. */
const BODY_BYTES_MAX = 80 * 1024 * 1024;

/** The whole body; null when it is too large or breaks off. */
export async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request) {
      if (!(chunk instanceof Buffer)) return null;
      length += chunk.length;
      if (length > BODY_BYTES_MAX) return null;
      chunks.push(chunk);
    }
  } catch {
    return null;
  }
  return Buffer.concat(chunks, length);
}

/** The body as a JSON object. Throws a `Refusal` for anything else. */
export function jsonOf(call: Call): Fields {
  const value = anyJson(call.raw);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Refusal('invalid', 'The body must be a JSON object');
  return { ...value };
}

/** The body as JSON, undefined where it is none. */
export function anyJson(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString());
  } catch {
    return undefined;
  }
}

/** Whether the body is multipart/form-data. */
export function isForm(call: Call): boolean {
  return (call.headers['content-type'] ?? '').startsWith('multipart/form-data');
}

/** The parts of a multipart body. Throws a `Refusal` for one that cannot be read. */
export async function formOf(call: Call): Promise<FormData> {
  const type = call.headers['content-type'] ?? '';
  try {
    return await new Response(new Uint8Array(call.raw), { headers: { 'content-type': type } }).formData();
  } catch {
    throw new Refusal('invalid', 'The multipart body cannot be read');
  }
}

/** An object within an object; empty where it is missing. */
export function objectAt(fields: Fields, key: string): Fields {
  const value = fields[key];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** A list within an object; empty where it is missing. */
export function listAt(fields: Fields, key: string): readonly unknown[] {
  const value = fields[key];
  return Array.isArray(value) ? value : [];
}

/** A string; null where it is missing. Throws a `Refusal` for another type. */
export function textAt(fields: Fields, key: string): string | null {
  const value = fields[key];
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') throw new Refusal('invalid', `${key} must be a string`);
  return value;
}

/** A prompt of 1 … `max` code points. Throws a `Refusal`. */
export function promptAt(fields: Fields, max: number, key = 'prompt'): string {
  const prompt = textAt(fields, key) ?? '';
  if (prompt.trim() === '') throw new Refusal('invalid', `${key} is required`);
  if ([...prompt].length > max) throw new Refusal('invalid', `${key} is longer than ${max} characters`);
  return prompt;
}

/** One of a few values, or the default where it is missing. Throws a `Refusal` that names them. */
export function oneOf<Value extends string | number | boolean>(
  fields: Fields,
  key: string,
  values: readonly Value[],
  otherwise: Value | null,
): Value {
  const given = fields[key];
  if (given === undefined || given === null) {
    if (otherwise === null) throw new Refusal('invalid', `${key} is required`);
    return otherwise;
  }
  const found = values.find((value) => value === given);
  if (found === undefined) throw new Refusal('invalid', `${key} must be one of ${values.join(', ')}`);
  return found;
}

/** `16:9` as numbers. */
export function ratioOf(text: string): readonly [number, number] {
  const [width = 16, height = 9] = text.split(':').map(Number);
  return [width, height];
}

/** What stands behind the scheme of the Authorization header; null where the scheme is another. */
export function credential(call: Call, scheme: 'Bearer' | 'Key'): string | null {
  const header = call.headers.authorization ?? '';
  const prefix = `${scheme} `;
  return header.startsWith(prefix) && header.length > prefix.length
    ? header.slice(prefix.length).trim()
    : null;
}

/** Checks a credential against those of the namespace. Throws a `Refusal`. */
export function checkCredential(call: Call, given: string | null): void {
  const { credentials } = call.namespace.settings;
  if (given === null || given === '' || given.startsWith('bad')) throw new Refusal('auth');
  if (credentials !== null && !credentials.includes(given)) throw new Refusal('auth');
}
