import { refuse } from '../core/refusal.ts';
import { Refused } from './errors.ts';

export const BODY_BYTES_MAX = 1024 * 1024;
const DEPTH_MAX = 32;
const KEYS_MAX = 1_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * JSON that can be worked with: well-formed text in bounds of depth and size; undefined where there is none, which some
 * clients announce as JSON all the same. Throws `Refused`, naming what is wrong where.
 */
export function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  const value = parsed(decoded(bytes));
  inspect(value);
  return value;
}

function decoded(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw invalid('The request body is not valid UTF-8');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('The request body is not valid JSON');
  }
}

interface Place {
  readonly value: unknown;
  readonly path: string;
  readonly depth: number;
}

/** Walks with a stack of its own: the recursion of a nested body could overflow the real one. */
function inspect(root: unknown): void {
  const stack: Place[] = [{ value: root, path: '', depth: 1 }];
  let keys = 0;
  for (let place = stack.pop(); place; place = stack.pop()) {
    const { value, path, depth } = place;
    if (typeof value === 'string') inspectText(value, path);
    if (typeof value === 'number' && !Number.isFinite(value)) throw invalid(`${path} is out of range`, path);
    if (typeof value !== 'object' || value === null) continue;
    if (depth > DEPTH_MAX) throw invalid(`The request body is nested more than ${DEPTH_MAX} levels deep`);
    for (const [key, inner] of Object.entries(value)) {
      keys += 1;
      if (keys > KEYS_MAX) throw invalid(`The request body has more than ${KEYS_MAX} keys and entries`);
      if (!Array.isArray(value)) inspectKey(key);
      stack.push({ value: inner, path: joined(path, key, Array.isArray(value)), depth: depth + 1 });
    }
  }
}

function inspectKey(key: string): void {
  if (key === '__proto__') throw invalid('The key __proto__ is not allowed');
  if (key.includes('\0') || !key.isWellFormed()) throw invalid('A key has characters that are not allowed');
}

function inspectText(text: string, path: string): void {
  const field = path || 'The request body';
  if (text.includes('\0')) throw invalid(`${field} must not contain the character U+0000`, path);
  if (!text.isWellFormed())
    throw invalid(`${field} must be well-formed Unicode (a surrogate is alone)`, path);
}

function joined(path: string, key: string, isIndex: boolean): string {
  if (isIndex) return `${path}[${key}]`;
  return path === '' ? key.slice(0, 64) : `${path}.${key.slice(0, 64)}`;
}

function invalid(message: string, field = ''): Refused {
  return new Refused(refuse('invalid', message, field ? { field } : {}));
}
