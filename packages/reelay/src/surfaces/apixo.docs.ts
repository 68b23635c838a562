import type { RouteDocs, SurfaceContext } from '../core/ports/surface.ts';
import type { Json } from '../core/values.ts';
import * as wire from './apixo.wire.ts';
import { jsonSchema, WAIT_SECONDS_MAX } from './reading.ts';

const TASK = 'task_0197f3b2c5d47e8a9b1c';

/** The two requests of the seed, with addresses that stand for the reader's own. */
const EXAMPLES: Readonly<Record<string, Json>> = {
  'Text-to-Video': {
    request_type: 'async',
    provider: 'value',
    input: {
      mode: 'text-to-video',
      prompt: 'a serene waterfall in the forest with birds chirping',
      duration: 10,
      sound: true,
      aspect_ratio: '16:9',
    },
  },
  'Image-to-Video': {
    request_type: 'callback',
    callback_url: 'https://your-server.com/callback',
    provider: 'official',
    input: {
      mode: 'image-to-video',
      prompt: 'animate this mountain view with moving clouds and wind sounds',
      duration: 5,
      sound: true,
      image_urls: ['https://example.com/ref.jpg'],
    },
  },
};

export function generateDocs(context: SurfaceContext): RouteDocs {
  return {
    tag: 'apixo',
    summary: 'Create a generation task',
    description:
      'Takes the order, holds its credits and answers the taskId for subsequent status queries. The id is given out only once the task is on disk. A task that fails gives its credits back.',
    ours: [
      'Idempotency-Key (optional header): the same key and body answer the original task, with Idempotent-Replayed: true, and nothing is charged twice; another body is a 409.',
      'Callbacks carry Standard Webhooks headers (webhook-id, webhook-timestamp, webhook-signature). A callback that is not answered with 2xx within 30 s is sent again after 30 s, 2 min and 10 min.',
      'duration also takes "5" and "10", sound also "true" and "false".',
    ],
    pathParams: modelParam(context),
    body: {
      schema: wire.generateBodySchema(context.models, context.settings.apixoSoundRequired),
      examples: EXAMPLES,
    },
    responses: {
      200: {
        description: 'Taken',
        schema: jsonSchema(wire.generated),
        example: { code: 200, message: 'success', data: { taskId: TASK } },
      },
      ...wire.refusals(context, [400, 401, 402, 403, 404, 409, 429, 503]),
    },
  };
}

export function statusDocs(context: SurfaceContext): RouteDocs {
  return {
    tag: 'apixo',
    summary: 'Query task status and results',
    description:
      'A failed task is still an answer with HTTP 200 and code 200: look at state. Absent fields are omitted. Result URLs are valid for 15 days; after that they answer 410.',
    ours: [
      `wait: holds the answer until the state changes, at most that many seconds (0 to ${WAIT_SECONDS_MAX}).`,
      'Failed tasks also tell createTime and completeTime, as the vendor’s callback example does. A canceled task shows as GENERATION_FAILED, “Canceled”.',
    ],
    pathParams: modelParam(context),
    query: {
      taskId: {
        schema: { type: 'string' },
        required: true,
        description: 'The taskId that generateTask answered',
      },
      wait: {
        schema: { type: 'integer', minimum: 0, maximum: WAIT_SECONDS_MAX, default: 0 },
        required: false,
        description: 'Ours: hold the answer until the state changes, at most so many seconds',
      },
    },
    responses: {
      200: {
        description: 'The task as it is now',
        schema: jsonSchema(wire.status),
        example: {
          code: 200,
          message: 'success',
          data: {
            taskId: TASK,
            createTime: 1767965610929,
            state: 'success',
            resultJson: '{"resultUrls":["https://your-gateway.example/f/file_…"]}',
            completeTime: 1767965652317,
            costTime: 41388,
          },
        },
      },
      ...wire.refusals(context, [400, 401, 403, 404, 429, 503]),
    },
  };
}

export function balanceDocs(context: SurfaceContext): RouteDocs {
  return {
    tag: 'apixo',
    summary: 'Current balance',
    description: 'What this key can still spend, as a bare number of US dollars.',
    ours: [`Credits are shown as dollars at ${context.settings.creditsPerUsd} credits a dollar.`],
    responses: {
      200: {
        description: 'The balance',
        schema: jsonSchema(wire.balance),
        example: { code: 200, message: 'success', data: 74.87 },
      },
      ...wire.refusals(context, [401, 403, 429, 503]),
    },
  };
}

function modelParam(context: SurfaceContext): Readonly<Record<string, Json>> {
  return { model: { type: 'string', enum: context.models.map((model) => model.id) } };
}
