import type { Job } from './job.ts';
import { type Directive, numberOf } from './script.ts';

const STATE_KEYS = ['status', 'task_status', 'state'];

/** The body of an answer as a hostile or broken upstream would write it. `otherId` is the id of an earlier job. */
export function disfigure(body: unknown, job: Job, fault: Directive, otherId: string | null): unknown {
  switch (fault.name) {
    case 'no-id':
      return withoutId(body, job.id);
    case 'duplicate-id':
      return otherId === null ? body : withId(body, job.id, otherId);
    case 'foreign-id':
      return withId(body, job.id, foreign(job.id));
    case 'wrong-types':
      return about(body, job.id, (record) => mapValues(record, wrongType));
    case 'unknown-status':
      return about(body, job.id, (record) =>
        mapValues(record, (value, key) => (STATE_KEYS.includes(key) ? 'levitating' : value)),
      );
    case 'progress':
      return about(body, job.id, (record) => ({
        ...record,
        progress: Number(fault.kind || numberOf(fault, 'value', 150)),
      }));
    default:
      return body;
  }
}

/** The same length and alphabet, and nobody's. */
function foreign(id: string): string {
  return id.replace(/[0-9]/g, (digit) => String(9 - Number(digit)));
}

function withoutId(value: unknown, id: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutId(item, id));
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([, item]) => typeof item !== 'string' || !item.includes(id));
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutId(item, id)]));
}

function withId(value: unknown, id: string, other: string): unknown {
  if (typeof value === 'string') return value.replaceAll(id, other);
  if (Array.isArray(value)) return value.map((item) => withId(item, id, other));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key === id ? other : key, withId(item, id, other)]),
  );
}

/** Applies a change to the objects that carry the job's id, wherever they are; to the whole where none does. */
function about(
  body: unknown,
  id: string,
  change: (record: Record<string, unknown>) => Record<string, unknown>,
): unknown {
  let found = false;
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (!isRecord(value)) return value;
    if (Object.values(value).includes(id)) {
      found = true;
      return change(value);
    }
    return mapValues(value, walk);
  };
  const walked = walk(body);
  return found || !isRecord(body) ? walked : change(body);
}

function wrongType(value: unknown): unknown {
  if (typeof value === 'string') return { was: 'a string' };
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return 'was a list';
  return 7;
}

function mapValues(
  record: Record<string, unknown>,
  change: (value: unknown, key: string) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Buffer);
}
