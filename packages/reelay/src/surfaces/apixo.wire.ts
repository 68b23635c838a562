import { z } from 'zod';
import type { Model } from '../core/model.ts';
import type { SurfaceContext } from '../core/ports/surface.ts';
import type { Json } from '../core/values.ts';
import { choices, jsonSchema, text, URL_LENGTH_MAX, webUrl } from './reading.ts';

/** The body of generateTask for one model. Source: seeds 000 and 001, contract APIXO A2 and A8. Unknown keys are ignored. */
export function generateBody(model: Model, soundRequired: boolean) {
  const pictures = model.media.images['image-to-video'];
  const params = model.params.map((param) => {
    const schema = choices(param);
    if (param.key === 'sound' && soundRequired) return [param.key, schema] as const;
    return [param.key, schema.optional().meta({ default: param.default })] as const;
  });
  const input = z.object({
    mode: z
      .enum(model.modes)
      .describe('text-to-video: generate video from text; image-to-video: generate video from image'),
    prompt: text(model.prompt.min, model.prompt.max).describe(
      'What is to be seen, and heard where sound is true',
    ),
    ...Object.fromEntries(params),
    image_urls: z
      .array(webUrl())
      .max(pictures.max)
      .optional()
      .describe(
        `${pictures.min} to ${pictures.max} public URLs for image-to-video, none for text-to-video; JPG, PNG, WebP, max 10 MB each. The second one is the frame to end on.`,
      ),
  });
  return z.object({
    request_type: z
      .enum(['async', 'callback'])
      .optional()
      .meta({ default: 'async', description: 'async (polling) or callback (webhook)' }),
    callback_url: z.string().optional().meta({
      format: 'uri',
      maxLength: URL_LENGTH_MAX,
      description:
        'Public HTTPS URL, required when request_type=callback. It is POSTed the status envelope once the task is over.',
    }),
    provider: z.enum(['auto', 'value', 'official']).optional().meta({
      default: 'auto',
      description: "Routing strategy: auto, value, or official. Where absent, the key's own strategy counts.",
    }),
    input: input.meta({
      description: 'Model input parameters',
      ...when('mode', 'image-to-video', { image_urls: { minItems: pictures.min } }),
    }),
  });
}

/** The body with its condition, as JSON Schema. */
export function generateBodySchema(models: readonly Model[], soundRequired: boolean): Json {
  const bodies = models.map((model) =>
    jsonSchema(
      generateBody(model, soundRequired).meta({
        title: model.id,
        ...when('request_type', 'callback', { callback_url: {} }),
      }),
    ),
  );
  return bodies.length === 1 && bodies[0] !== undefined ? bodies[0] : { anyOf: bodies };
}

function when(key: string, value: string, then: Readonly<Record<string, Json>>) {
  return {
    if: { properties: { [key]: { const: value } }, required: [key] },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word
    then: { required: Object.keys(then), properties: then },
  };
}

/** Every answer: `{code, message, data}`, the HTTP status being the code. */
function envelope<T extends z.ZodType>(data: T) {
  return z.object({ code: z.literal(200), message: z.literal('success'), data });
}

export const refused = z.object({
  code: z.int().describe('The HTTP status'),
  message: z.string(),
  data: z.null(),
});

export const generated = envelope(z.object({ taskId: z.string().describe('Unique task identifier') }));

const time = z.int().describe('Unix milliseconds');
const taskKey = z.string().describe('Unique task identifier');

/** The status of a task, and the body of its callback. Absent fields are omitted, never null. */
export const status = envelope(
  z.discriminatedUnion('state', [
    z.strictObject({ taskId: taskKey, state: z.enum(['pending', 'processing']), createTime: time }),
    z.strictObject({
      taskId: taskKey,
      state: z.literal('success'),
      resultJson: z
        .string()
        .describe('JSON string containing a resultUrls array: parse it with JSON.parse()'),
      createTime: time,
      completeTime: time,
      costTime: z.int().describe('Processing duration in milliseconds: completeTime − createTime'),
    }),
    z.strictObject({
      taskId: taskKey,
      state: z.literal('failed'),
      failCode: z.string().describe('Error code, e.g. CONTENT_VIOLATION'),
      failMsg: z.string().describe('Human-readable error message'),
      createTime: time,
      completeTime: time,
    }),
  ]),
);

export const balance = envelope(z.number().describe('US dollars that this key can spend'));

/** What may be refused on every route that needs a key, for the documentation. */
export function refusals(context: SurfaceContext, codes: readonly number[]) {
  const schema = jsonSchema(refused);
  const insufficient = context.settings.apixoInsufficientCreditsStatus;
  const all: Readonly<Record<number, readonly [string, string]>> = {
    400: [
      'Invalid parameters or request error',
      insufficient === 400 ? 'Insufficient credits' : 'input.duration must be one of 5, 10',
    ],
    401: ['Invalid or missing API Key', 'Invalid or missing API Key'],
    402: ['Insufficient credits', 'Insufficient credits'],
    403: ['The key may not do this', 'The API key lacks the permission generations:create'],
    404: ['No such model or task', 'Task not found'],
    409: [
      'The Idempotency-Key stands for another request',
      'This Idempotency-Key was used for a different request',
    ],
    429: ['Rate limit exceeded, or too many unfinished tasks: wait and retry', 'Rate limit exceeded'],
    503: ['Cannot be served at the moment: see Retry-After', 'Temporarily unavailable'],
  };
  const told = codes.flatMap((code) => {
    const [description, message] = all[code] ?? [];
    if (description === undefined || (code === 402 && insufficient === 400)) return [];
    return [[code, { description, schema, example: { code, message: message ?? '', data: null } }] as const];
  });
  return Object.fromEntries(told);
}
