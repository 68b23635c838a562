import type { z } from 'zod';
import type { RouteDocs, SurfaceContext } from '../core/ports/surface.ts';
import type { Json } from '../core/values.ts';
import { jsonSchema, WAIT_SECONDS_MAX } from './reading.ts';
import { PAGE_DOCS } from './rivya.page.ts';
import * as wire from './rivya.wire.ts';

export const tag = 'rivya';

/** The requests of the seed. */
const EXAMPLES: Readonly<Record<string, Json>> = {
  'Minimal request': {
    model: 'kling-2-6',
    prompt: 'A cinematic product reveal with smooth camera movement',
    params: { duration: '5', sound: 'false', aspect_ratio: '1:1' },
  },
  'With a reference file': {
    model: 'kling-2-6',
    prompt: 'A cinematic product reveal with smooth camera movement',
    params: {
      duration: '5',
      sound: 'false',
      aspect_ratio: '1:1',
      referenceMediaItems: [
        {
          url: 'https://cdn.example.com/reference-image.png',
          kind: 'image',
          name: 'reference-image.png',
          mimeType: 'image/png',
        },
      ],
    },
  },
};

const QUEUED = {
  id: 'task_kling_2_6_example',
  status: 'queued',
  model: 'kling-2-6',
  reserved_credits: 55,
  final_credits: 0,
  created_at: '2026-05-11T00:00:00.000Z',
  updated_at: '2026-05-11T00:00:00.000Z',
  result: null,
  error: null,
};

const SUCCEEDED = {
  ...QUEUED,
  status: 'succeeded',
  final_credits: 55,
  result: {
    primary_url: 'https://your-gateway.example/f/file_…',
    urls: ['https://your-gateway.example/f/file_…'],
  },
};

export const OURS = 'The whole route is an addition of this gateway.';

/** The documents of an answer at 200. */
export function done(description: string, schema: z.ZodType, example?: Json): RouteDocs['responses'] {
  return { 200: { description, schema: jsonSchema(schema), ...(example === undefined ? {} : { example }) } };
}

export function models(): RouteDocs {
  return {
    tag,
    summary: 'List the models',
    description:
      'Public: no key is needed. Every parameter with its options and default, and what may be uploaded.',
    responses: done('Every model that is served', wire.models),
  };
}

export function create(context: SurfaceContext): RouteDocs {
  return {
    tag,
    summary: 'Create a generation',
    description:
      'Takes the order, reserves its credits and answers the generation. A reference file makes it image-to-video. Send an Idempotency-Key to make it safe to repeat.',
    ours: [
      'The HTTP status is 200; insufficient_credits is 402; a repeated Idempotency-Key answers the original with Idempotent-Replayed: true.',
      'The codes no_provider, unavailable (503) and internal_error (500), and details beside validation_failed.',
      'Numbers and booleans are taken for select values.',
    ],
    body: { schema: wire.generationBodySchema(context.models), examples: EXAMPLES },
    responses: {
      ...done('Taken', wire.generation, QUEUED),
      ...wire.refusals(context, [400, 401, 402, 403, 409, 429, 503]),
    },
  };
}

export function quote(context: SurfaceContext): RouteDocs {
  return {
    tag,
    summary: 'Quote a generation',
    description:
      'What the same body would cost and take, and why it would be refused as things stand. Creates nothing.',
    ours: [OURS],
    body: { schema: wire.generationBodySchema(context.models), examples: EXAMPLES },
    responses: {
      ...done('The quote', wire.quote, {
        credits: 55,
        expected_seconds: { min: 50, max: 70 },
        problem: null,
      }),
      ...wire.refusals(context, [400, 401, 403, 429, 503]),
    },
  };
}

export function read(context: SurfaceContext): RouteDocs {
  return {
    tag,
    summary: 'Read a generation',
    description:
      'A failed generation is still an answer with HTTP 200: look at status. Poll 2–3 seconds after the submit, then every 5–10 seconds.',
    ours: [
      `wait: holds the answer until the status changes, at most that many seconds (0 to ${WAIT_SECONDS_MAX}).`,
      'A canceled generation shows as failed, “Canceled”. Results are kept for 15 days.',
    ],
    query: {
      wait: {
        schema: { type: 'integer', minimum: 0, maximum: WAIT_SECONDS_MAX, default: 0 },
        required: false,
        description: 'Ours: hold the answer until the status changes, at most so many seconds',
      },
    },
    responses: {
      ...done('The generation as it is now', wire.generation, SUCCEEDED),
      ...wire.refusals(context, [400, 401, 403, 404, 429, 503]),
    },
  };
}

export function list(context: SurfaceContext): RouteDocs {
  return {
    tag,
    summary: 'List generations',
    description: 'The account’s own, newest first.',
    ours: [OURS],
    query: {
      status: {
        schema: { type: 'string', enum: ['queued', 'processing', 'succeeded', 'failed'] },
        required: false,
        description: 'Only these; queued has those that wait for another provider too',
      },
      client_request_id: {
        schema: { type: 'string', maxLength: 256 },
        required: false,
        description: 'Only those that were ordered with this id',
      },
      ...PAGE_DOCS,
    },
    responses: {
      ...done('A page', wire.generations, {
        object: 'list',
        data: [SUCCEEDED],
        has_more: false,
        next_cursor: null,
      }),
      ...wire.refusals(context, [400, 401, 403, 429, 503]),
    },
  };
}

export function cancel(context: SurfaceContext): RouteDocs {
  return {
    tag,
    summary: 'Cancel a generation',
    description:
      'before_start: it never began, and its credits are back. stopped: it was stopped, and its credits are back. requested: it is being stopped. too_late: it is over, or the film is there.',
    ours: [OURS],
    responses: {
      ...done('What became of it', wire.canceled),
      ...wire.refusals(context, [401, 403, 404, 429, 503]),
    },
  };
}

export function follow(context: SurfaceContext): RouteDocs {
  const schema = jsonSchema(wire.followed);
  return {
    tag,
    summary: 'Follow a generation',
    description:
      'Server-sent events: the generation at once and each time it has moved, as the data of an event named generation. The stream ends when the generation is over. A place in a queue is not told.',
    ours: [OURS],
    responses: {
      200: { description: 'A stream of events; the data of each', schema, mediaType: 'text/event-stream' },
      ...wire.refusals(context, [401, 403, 404, 429, 503]),
    },
  };
}

export function credits(context: SurfaceContext): RouteDocs {
  return {
    tag,
    summary: 'Current credits',
    description: 'What the wallet has left; what unfinished generations hold is not in it.',
    responses: {
      ...done('The balance', wire.credits, { current_credits: 123 }),
      ...wire.refusals(context, [401, 403, 429, 503]),
    },
  };
}
