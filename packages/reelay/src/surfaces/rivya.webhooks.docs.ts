import type { z } from 'zod';
import type { RouteDocs, SurfaceContext } from '../core/ports/surface.ts';
import type { Json } from '../core/values.ts';
import { jsonSchema } from './reading.ts';
import { done, OURS, tag } from './rivya.docs.ts';
import { PAGE_DOCS } from './rivya.page.ts';
import * as wire from './rivya.webhooks.wire.ts';
import { refusals } from './rivya.wire.ts';

const CREATION = {
  name: 'production',
  url: 'https://hooks.example.com/rivya',
  event_types: ['generation.succeeded', 'generation.failed'],
};

type Docs = (context: SurfaceContext) => RouteDocs;

/** A route of the endpoints as it is documented. */
function documented(
  summary: string,
  description: string,
  answer: z.ZodType,
  more: {
    readonly codes?: readonly number[];
    readonly ours?: readonly string[];
    readonly query?: RouteDocs['query'];
    readonly body?: { readonly schema: z.ZodType; readonly example: Json };
  } = {},
): Docs {
  const { codes = [404], ours = [], query, body } = more;
  return (context) => ({
    tag,
    summary,
    description,
    ours,
    ...(query ? { query } : {}),
    ...(body ? { body: { schema: jsonSchema(body.schema), examples: { Example: body.example } } } : {}),
    responses: { ...done('Done', answer), ...refusals(context, [400, 401, 403, ...codes, 429, 503]) },
  });
}

const SIGNED =
  'Deliveries carry Standard Webhooks headers (webhook-id, webhook-timestamp, webhook-signature); the vendor’s own header is not known. They are tried over about three days, 10 s each, without redirects.';

export const list = documented(
  'List webhook endpoints',
  'All that are not revoked, newest first.',
  wire.listOf(wire.endpoint),
  { codes: [] },
);

export const create = documented(
  'Register a webhook endpoint',
  'The signing secret is shown this once. The address must be public HTTPS without credentials or fragment; it is judged again whenever it is called.',
  wire.endpointWithSecret,
  { codes: [], ours: [SIGNED], body: { schema: wire.creation, example: CREATION } },
);

export const read = documented('Read a webhook endpoint', 'With how its deliveries fared.', wire.endpoint);

export const update = documented(
  'Change a webhook endpoint',
  'Only what is given changes. An endpoint that was disabled becomes active again with status active.',
  wire.endpoint,
  { body: { schema: wire.change, example: { status: 'active' } } },
);

export const revoke = documented(
  'Revoke a webhook endpoint',
  'It is sent nothing any more, and is not found from now on.',
  wire.endpoint,
);

export const rotate = documented(
  'Rotate a signing secret',
  'The new secret is shown this once. For 24 hours deliveries carry two signatures, by the new secret and by the old one.',
  wire.endpointWithSecret,
);

export const test = documented(
  'Send a test',
  'A delivery of type webhook.test, to this endpoint only.',
  wire.tested,
);

export const deliveries = documented(
  'List an endpoint’s deliveries',
  'Newest first, each with every attempt.',
  wire.listOf(wire.delivery),
  { query: PAGE_DOCS },
);

export const replay = documented(
  'Send a delivery again',
  'With the same id and body: a receiver that had it can tell.',
  wire.replayed,
  { ours: [OURS] },
);

export const feed = documented(
  'Read events',
  'Everything that endpoints are told of, oldest first, whether or not one stands. Positions are stable: keep next_cursor and go on from it. Events are kept for 30 days.',
  wire.listOf(wire.event),
  {
    codes: [],
    query: {
      ...PAGE_DOCS,
      type: {
        schema: { type: 'string', enum: [...wire.EVENT_TYPES] },
        required: false,
        description: 'Only events of this type',
      },
    },
  },
);
