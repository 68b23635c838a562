import { z } from 'zod';
import type { Model } from '../core/model.ts';
import type { SurfaceContext } from '../core/ports/surface.ts';
import type { Json } from '../core/values.ts';
import { choices, jsonSchema, strict, text, webUrl } from './reading.ts';

/** “Upload maximaal 1 beeldbestand voor beeldprojecten” (seed 003); models that are not listed take what they take. */
const REFERENCES_MAX: Readonly<Record<string, number>> = { 'kling-2-6': 1 };

export function referencesMax(model: Model): number {
  return REFERENCES_MAX[model.id] ?? model.media.images['image-to-video'].max;
}

function referenceItem(model: Model) {
  return z.object({
    url: webUrl().describe('The url that POST /api/v1/files answered, or any public HTTPS URL'),
    kind: z.enum(['image']).describe('What it is'),
    name: z.string().max(255).optional(),
    mimeType: z.enum(model.media.mimeTypes).optional().describe('The bytes decide, whatever is said here'),
    durationSeconds: z.number().min(0).max(86_400).optional(),
    durationToken: z.string().max(2048).optional().describe('Of a video or audio file; images have none'),
  });
}

/** The body of POST /generations for one model. Source: seed 003, contract Rivya B2. Unknown keys are refused. */
export function generationBody(model: Model) {
  const params = model.params.map((param) => {
    const schema = choices(param)
      .optional()
      .meta({ default: String(param.default) });
    return [param.key, schema] as const;
  });
  return strict({
    model: z.literal(model.id).describe('The API model id'),
    prompt: text(model.prompt.min, model.prompt.max).describe(
      `At most ${model.prompt.max} characters for this model`,
    ),
    params: strict({
      ...Object.fromEntries(params),
      referenceMediaItems: z
        .array(referenceItem(model))
        .max(referencesMax(model))
        .optional()
        .describe('A reference makes it image-to-video; without one it is text-to-video'),
    })
      .optional()
      .describe('Model parameters. Select values are strings; 5 and false are taken as "5" and "false".'),
    client_request_id: text(0, 128).optional().describe('Your own id, for tracing; not echoed'),
  });
}

export function generationBodySchema(models: readonly Model[]): Json {
  const bodies = models.map((model) => jsonSchema(generationBody(model).meta({ title: model.id })));
  return bodies.length === 1 && bodies[0] !== undefined ? bodies[0] : { anyOf: bodies };
}

const time = z.iso.datetime({ precision: 3 }).describe('ISO 8601, UTC, with milliseconds');

export const generation = z.strictObject({
  id: z.string(),
  status: z.enum(['queued', 'processing', 'succeeded', 'failed']),
  model: z.string(),
  reserved_credits: z.int(),
  final_credits: z.int().describe('What it cost in the end: reserved_credits on success, 0 on failure'),
  created_at: time,
  updated_at: time,
  result: z
    .strictObject({
      primary_url: z.string().describe('The first of urls'),
      urls: z.array(z.string()),
    })
    .nullable(),
  error: z.strictObject({ code: z.literal('generation_failed'), message: z.string() }).nullable(),
});

export const followed = generation.extend({
  progress_percent: z.number().nullable().describe('100 once it is over; null where nothing is known yet'),
  expected_finish_at: time
    .nullable()
    .describe('By the time that the model usually needs from its start at the most; null once it is over'),
});

export const generations = z.strictObject({
  object: z.literal('list'),
  data: z.array(generation),
  has_more: z.boolean(),
  next_cursor: z.string().nullable(),
});

export const canceled = z.strictObject({
  outcome: z.enum(['before_start', 'stopped', 'requested', 'too_late']),
  generation,
});

export const quote = z.strictObject({
  credits: z.int(),
  expected_seconds: z.strictObject({ min: z.number(), max: z.number() }),
  problem: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
});

export const credits = z.strictObject({ current_credits: z.int() });

const parameter = z.strictObject({
  key: z.string(),
  type: z.literal('select'),
  required: z.boolean(),
  default: z.string(),
  range: z.null(),
  options: z.array(z.string()),
  description: z.string(),
});

export const models = z.strictObject({
  object: z.literal('list'),
  data: z.array(
    z.strictObject({
      id: z.string(),
      display_name: z.string(),
      category: z.string(),
      runtime: z.literal('async_task'),
      base_credits: z.int(),
      billing_type: z.literal('FIXED'),
      supported_modes: z.array(z.string()),
      max_prompt_length: z.int(),
      reference_media: z.strictObject({
        max_files: z.int(),
        kinds: z.array(
          z.strictObject({ kind: z.string(), max_size_bytes: z.int(), mime_types: z.array(z.string()) }),
        ),
      }),
      params: z.array(parameter),
      api_status: z.literal('available'),
      api_input_status: z.enum(['available_text', 'partial_requires_files']),
      supported_api_inputs: z.array(z.enum(['text', 'file'])),
      requires_files_api: z.boolean(),
      requires_upload_for_modes: z.array(z.string()),
      url_input_supported: z.boolean(),
      file_kinds: z.array(z.string()),
      chat_capabilities: z.null(),
      notices: z.array(z.string()),
    }),
  ),
});

export const refused = z.strictObject({
  error: z.strictObject({
    code: z.string().describe('The integration contract: go by this'),
    message: z.string(),
    requestId: z.string(),
    details: z.array(z.strictObject({ field: z.string(), message: z.string() })).optional(),
  }),
});

const REFUSED: Readonly<Record<number, readonly [description: string, code: string, message: string]>> = {
  400: [
    'The body, the model, the prompt or params are wrong',
    'validation_failed',
    'params.duration must be one of 5, 10',
  ],
  401: ['No key, or not a good one', 'api_key_invalid', 'Invalid API key'],
  402: ['The wallet does not cover it', 'insufficient_credits', 'Insufficient credits'],
  403: ['The key may not do this', 'api_scope_denied', 'The API key lacks the permission generations:create'],
  404: ['No such object of this account', 'not_found', 'Task not found'],
  409: [
    'The Idempotency-Key stands for another request',
    'idempotency_conflict',
    'This Idempotency-Key was used for a different request',
  ],
  429: ['Too many requests or unfinished tasks: see Retry-After', 'rate_limited', 'Rate limit exceeded'],
  503: [
    'Cannot be served at the moment: see Retry-After',
    'unavailable',
    'Temporarily unavailable: wait and retry',
  ],
};

/** What may be refused on a route, for the documentation. */
export function refusals(_context: SurfaceContext, codes: readonly number[]) {
  const schema = jsonSchema(refused);
  const told = codes.flatMap((status) => {
    const [description, code, message] = REFUSED[status] ?? [];
    if (description === undefined || code === undefined || message === undefined) return [];
    const example = { error: { code, message, requestId: 'req_8c1f' } };
    return [[status, { description, schema, example }] as const];
  });
  return Object.fromEntries(told);
}
