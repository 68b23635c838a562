import { z } from 'zod';
import { isoTime } from '../clock.ts';
import type { Endpoint, EndpointDelivery } from '../core/ports/endpoints.ts';
import { strict, text, URL_LENGTH_MAX } from './reading.ts';
import { generation } from './rivya.wire.ts';

/** `webhook_endpoint.disabled` is ours: said when the house gave an endpoint up. */
export const EVENT_TYPES = [
  'generation.succeeded',
  'generation.failed',
  'webhook_endpoint.disabled',
] as const;

/** The dialect's version, in every event. */
export const API_VERSION = '2026-05-11';

const name = text(1, 200).describe('For you to tell them apart');
const url = z
  .string()
  .describe('Public HTTPS address, without credentials and fragment')
  .meta({ format: 'uri', maxLength: URL_LENGTH_MAX });
const eventTypes = z.array(z.enum(EVENT_TYPES)).min(1).max(EVENT_TYPES.length).describe('What it is told of');

export const creation = strict({ name, url, event_types: eventTypes });

export const change = strict({
  name: name.optional(),
  url: url.optional(),
  event_types: eventTypes.optional(),
  status: z.enum(['active', 'disabled']).optional().describe('active again forgets earlier failures'),
});

const time = z.iso.datetime({ precision: 3 });

export const endpoint = z.strictObject({
  id: z.string(),
  object: z.literal('webhook_endpoint'),
  name: z.string(),
  url: z.string(),
  event_types: z.array(z.string()),
  status: z.enum(['active', 'disabled', 'revoked']),
  secret_preview: z.string(),
  last_success_at: time.nullable(),
  last_failure_at: time.nullable(),
  failure_count: z.int(),
  created_at: time,
  updated_at: time,
  disabled_at: time.nullable(),
  revoked_at: time.nullable(),
});

export const endpointWithSecret = endpoint.extend({
  signing_secret: z.string().describe('whsec_…: shown this once'),
});

export function endpointBody(one: Endpoint): z.infer<typeof endpoint> {
  return {
    id: one.id,
    object: 'webhook_endpoint',
    name: one.name,
    url: one.url,
    event_types: [...one.eventTypes],
    status: one.status,
    secret_preview: preview(secretOf(one)),
    last_success_at: orNull(one.lastSuccessAt),
    last_failure_at: orNull(one.lastFailureAt),
    failure_count: one.failureCount,
    created_at: isoTime(one.createdAt),
    updated_at: isoTime(one.updatedAt),
    disabled_at: orNull(one.disabledAt),
    revoked_at: orNull(one.revokedAt),
  };
}

export function secretOf(one: Endpoint): string {
  return one.secrets[0]?.secret ?? '';
}

function preview(secret: string): string {
  return `${secret.slice(0, 'whsec_'.length + 2)}...${secret.slice(-6)}`;
}

export const delivery = z.strictObject({
  id: z.string(),
  object: z.literal('webhook_delivery'),
  event_type: z.string(),
  status: z.enum(['pending', 'delivered', 'failed']),
  created_at: time,
  attempts: z.array(
    z.strictObject({
      number: z.int(),
      at: time,
      status_code: z.int().nullable(),
      duration_ms: z.number(),
      error: z.string().nullable(),
      response_excerpt: z.string(),
    }),
  ),
});

export function deliveryBody(one: EndpointDelivery): z.infer<typeof delivery> {
  return {
    id: one.letter,
    object: 'webhook_delivery',
    event_type: one.type,
    status: one.state === 'dead' ? 'failed' : one.state,
    created_at: isoTime(one.createdAt),
    attempts: one.attempts.map(({ number, at, status, durationMs, error, excerpt }) => ({
      number,
      at: isoTime(at),
      status_code: status,
      duration_ms: durationMs,
      error,
      response_excerpt: excerpt,
    })),
  };
}

export const tested = z.strictObject({
  object: z.literal('webhook_test'),
  delivery_id: z.string(),
  event_type: z.string(),
});

export const replayed = z.strictObject({ object: z.literal('webhook_replay'), delivery_id: z.string() });

export const event = z.strictObject({
  id: z.string(),
  type: z.string(),
  api_version: z.string(),
  created_at: time,
  data: z.union([generation, endpoint, z.strictObject({ message: z.string() })]),
});

export function listOf<T extends z.ZodType>(entry: T) {
  return z.strictObject({
    object: z.literal('list'),
    data: z.array(entry),
    has_more: z.boolean(),
    next_cursor: z.string().nullable(),
  });
}

function orNull(at: number | null): string | null {
  return at === null ? null : isoTime(at);
}
