import { z } from 'zod';
import type { Model, Param } from '../core/model.ts';
import { chooseParam, promptLength } from '../core/model.ts';
import type { AspectRatio, Order } from '../core/order.ts';
import type { SurfaceRequest } from '../core/ports/surface.ts';
import type { Refusal } from '../core/refusal.ts';
import { refuse } from '../core/refusal.ts';
import type { Json, TaskId } from '../core/values.ts';

/** The longest URL that is taken anywhere, in code points. */
export const URL_LENGTH_MAX = 2048;

/** The longest that a caller may hold a status request, in seconds. */
export const WAIT_SECONDS_MAX = 60;

/** A string of at most `max` code points (as JSON Schema counts them), not blank where `min` is above 0. */
export function text(min: number, max: number): z.ZodType<string> {
  return z
    .string()
    .refine((value) => min === 0 || value.trim() !== '', { error: 'must not be empty', abort: true })
    .refine((value) => promptLength(value) <= max, { error: `must have at most ${max} characters` })
    .meta({ minLength: min, maxLength: max });
}

/** An http(s) URL as customers give them for pictures. What it points to is judged when it is fetched. */
export function webUrl(): z.ZodType<string> {
  return z
    .string()
    .check((context) => {
      const problem = urlProblem(context.value);
      if (problem) context.issues.push({ code: 'custom', message: problem, input: context.value });
    })
    .meta({ format: 'uri', maxLength: URL_LENGTH_MAX });
}

/** Why a text is no URL that could ever be fetched; null where it is one. */
export function urlProblem(value: string): string | null {
  if (/^\s*data:/i.test(value)) {
    return 'must be an https URL: data: URLs are not supported, host the file at a public address';
  }
  if (promptLength(value) > URL_LENGTH_MAX) return `must have at most ${URL_LENGTH_MAX} characters`;
  const url = URL.canParse(value) ? new URL(value) : null;
  if (!url || !/^https?:\/\//i.test(value) || /[\s\p{Cc}]/u.test(value)) return 'must be a valid https URL';
  if (url.username || url.password) return 'must be a URL without user name and password';
  return null;
}

/** A parameter's values in both spellings that callers use: 5 and "5", true and "true". */
export function choices(param: Param): z.ZodType {
  const spelled = param.options.map(String);
  return z.literal([...new Set([...param.options, ...spelled])]).meta({ description: param.description });
}

/** A model's parameters as the caller chose them, defaults filled in, in the order's own types. */
export function chosen(
  model: Model,
  given: Readonly<Record<string, unknown>>,
): Pick<Order, 'durationSeconds' | 'sound' | 'aspectRatio'> {
  const values = new Map(model.params.map((param) => [param.key, chooseParam(param, given[param.key])]));
  const ratio = values.get('aspect_ratio');
  return {
    durationSeconds: Number(values.get('duration') ?? 0),
    sound: values.get('sound') === true,
    aspectRatio: isRatio(ratio) ? ratio : null,
  };
}

function isRatio(value: unknown): value is AspectRatio {
  return typeof value === 'string' && /^\d+:\d+$/.test(value);
}

/** Holds a value against a schema; the first thing wrong, told by the caller's own field name. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T | Refusal {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path =
    issue?.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : (issue?.path ?? []);
  const field = fieldName(path);
  const message = `${field || 'The request body'} ${issue ? complaint(issue, valueAt(value, path)) : 'is invalid'}`;
  return refuse('invalid', message, field ? { field } : {});
}

/** `input.image_urls[0]` */
function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, step) => {
    if (typeof step === 'number') return `${name}[${step}]`;
    return name === '' ? String(step) : `${name}.${String(step)}`;
  }, '');
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, step) => {
    const holder = typeof inner === 'object' && inner !== null ? inner : {};
    return Reflect.get(holder, step);
  }, value);
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a string',
  object: 'a JSON object',
  array: 'an array',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function complaint(issue: z.core.$ZodIssue, given: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return given === undefined && issue.path.length > 0
        ? 'is required'
        : `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value': {
      if (given === undefined) return 'is required';
      return `must be one of ${[...new Set(issue.values.map(String))].join(', ')}`;
    }
    case 'too_big':
      return `must have at most ${entries(issue.maximum)}`;
    case 'too_small':
      return `must have at least ${entries(issue.minimum)}`;
    case 'unrecognized_keys':
      return `is not allowed${issue.message}`;
    default:
      return issue.message;
  }
}

function entries(count: number | bigint): string {
  return `${count} ${count === 1 ? 'entry' : 'entries'}`;
}

/** An object that refuses other keys than its own, and tells which those are. */
export function strict<Shape extends z.core.$ZodShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const allowed = `: allowed keys are ${Object.keys(shape).join(', ')}`;
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? allowed : undefined),
  });
}

/** JSON clients often send null for what they do not set: it counts as absent. */
export function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null));
}

/** A task's id in a request; null where it cannot be one, which is the same as a task that does not exist. */
export function taskId(value: unknown): TaskId | null {
  return typeof value === 'string' && /^task_[A-Za-z0-9_-]{1,64}$/.test(value)
    ? `task_${value.slice(5)}`
    : null;
}

/** `wait=` of a status request, in milliseconds: our addition to every dialect. */
export function waitMs(query: SurfaceRequest['query']): number | Refusal {
  const { wait } = query;
  if (wait === undefined) return 0;
  if (typeof wait === 'string' && /^\d{1,2}$/.test(wait) && Number(wait) <= WAIT_SECONDS_MAX) {
    return Number(wait) * 1_000;
  }
  const message = `wait must be a whole number of seconds from 0 to ${WAIT_SECONDS_MAX}`;
  return refuse('invalid', message, { field: 'wait' });
}

/** The JSON Schema of what a schema takes, for the documentation. */
export function jsonSchema(schema: z.ZodType): Json {
  const { $schema: _, ...document } = z.toJSONSchema(schema, { io: 'input' });
  return JSON.parse(JSON.stringify(document));
}
