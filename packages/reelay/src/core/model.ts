import type { AspectRatio, Mode, Order } from './order.ts';
import type { Refusal } from './refusal.ts';
import { refuse } from './refusal.ts';
import type { Credits } from './values.ts';

/** A choice that callers may make, by the name it has on the wires. */
export interface Param {
  readonly key: 'duration' | 'sound' | 'aspect_ratio';
  readonly type: 'integer' | 'boolean' | 'string';
  readonly options: readonly (number | boolean | string)[];
  readonly default: number | boolean | string;
  readonly description: string;
}

/** One AI video model, as data: validation, quotes, catalogue and documentation all read it. One model, one file. */
export interface Model {
  readonly id: string;
  readonly displayName: string;
  readonly description: string;
  readonly category: 'video';
  readonly modes: readonly Mode[];
  /** In code points, after trimming. */
  readonly prompt: { readonly min: number; readonly max: number };
  readonly params: readonly Param[];
  readonly media: {
    /** How many pictures each mode takes. */
    readonly images: Readonly<Record<Mode, { readonly min: number; readonly max: number }>>;
    readonly maxBytes: number;
    readonly mimeTypes: readonly string[];
    readonly minSidePixels: number;
    /** The widest ratio of the longer to the shorter side. */
    readonly maxRatio: number;
  };
  readonly billing: 'FIXED';
  /** What a task costs unless the price book says otherwise. */
  readonly price: Credits;
  readonly attemptsMax: number;
  readonly retentionMs: number;
  readonly deadlines: {
    readonly queueMs: number;
    readonly attemptMs: number;
    readonly storingMs: number;
    readonly unknownMs: number;
  };
  /** How long it usually takes, by the clip's length. */
  readonly usual: readonly {
    readonly durationSeconds: number;
    readonly minMs: number;
    readonly maxMs: number;
  }[];
  readonly polling: { readonly firstMs: number; readonly thenMs: number };
  /** Advice for the documentation. */
  readonly tips: readonly string[];
}

/** What a caller may give for a parameter, made into its own type: 5 and "5", true and "true" are the same. */
export function chooseParam(param: Param, given: unknown): number | boolean | string | null {
  if (given === undefined || given === null) return param.default;
  if (typeof given !== 'string' && typeof given !== 'number' && typeof given !== 'boolean') return null;
  return param.options.find((option) => option === given || String(option) === given) ?? null;
}

/** A prompt's length as it is counted everywhere: in code points. */
export function promptLength(prompt: string): number {
  let length = 0;
  for (const _ of prompt) length += 1;
  return length;
}

/**
 * Holds an order against its model, whatever surface it came through; the first thing wrong, or null.
 * `fields` names the caller's own words for what is refused.
 */
export function check(
  model: Model,
  order: Order,
  fields: { readonly prompt: string; readonly media: string; readonly params: string },
): Refusal | null {
  const length = promptLength(order.prompt.trim());
  const { min, max } = model.prompt;
  if (length < min) return refuse('invalid', `${fields.prompt} must not be empty`, { field: fields.prompt });
  if (promptLength(order.prompt) > max) {
    const message = `${fields.prompt} must have at most ${max} characters`;
    return refuse('invalid', message, { field: fields.prompt });
  }
  if (!model.modes.includes(order.mode)) {
    return refuse('invalid', `${model.id} cannot do ${order.mode}`, { field: fields.params });
  }
  for (const [key, value] of Object.entries({
    duration: order.durationSeconds,
    sound: order.sound,
    aspect_ratio: order.aspectRatio,
  })) {
    const param = model.params.find((one) => one.key === key);
    if (param && value !== null && !param.options.includes(value)) {
      const field = `${fields.params}.${key}`;
      return refuse('invalid', `${field} must be one of ${param.options.join(', ')}`, { field });
    }
  }
  const images = model.media.images[order.mode];
  if (order.media.length < images.min || order.media.length > images.max) {
    const wanted =
      images.max === 0
        ? 'none'
        : images.min === images.max
          ? `${images.min}`
          : `${images.min} to ${images.max}`;
    return refuse('invalid', `${fields.media}: ${order.mode} takes ${wanted}`, { field: fields.media });
  }
  return null;
}

/** What the customer may usually expect a film of this length to take; the longest known where the length is not listed. */
export function usualMs(model: Model, durationSeconds: number): { minMs: number; maxMs: number } {
  const listed = model.usual.find((one) => one.durationSeconds === durationSeconds) ?? model.usual.at(-1);
  return listed ?? { minMs: 60_000, maxMs: 120_000 };
}

/** The ratio of a film's sides, as a number; null follows the picture. */
export function ratio(aspectRatio: AspectRatio): number {
  const [width = 1, height = 1] = aspectRatio.split(':').map(Number);
  return width / height;
}
