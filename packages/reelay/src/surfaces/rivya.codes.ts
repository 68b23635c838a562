import type { Reply } from '../core/ports/surface.ts';
import type { RefusalCode } from '../core/refusal.ts';
import type { Json } from '../core/values.ts';

/** Codes of the contract (B4); `no_provider`, `unavailable` and `internal_error` are ours. */
export const CODES = {
  key_missing: { status: 401, code: 'api_key_missing' },
  key_invalid: { status: 401, code: 'api_key_invalid' },
  key_revoked: { status: 401, code: 'api_key_revoked' },
  key_expired: { status: 401, code: 'api_key_expired' },
  scope_denied: { status: 403, code: 'api_scope_denied' },
  invalid: { status: 400, code: 'validation_failed' },
  model_unknown: { status: 400, code: 'validation_failed' },
  not_found: { status: 404, code: 'not_found' },
  method_not_allowed: { status: 400, code: 'validation_failed' },
  body_too_large: { status: 400, code: 'validation_failed' },
  media_type_unsupported: { status: 400, code: 'validation_failed' },
  insufficient_credits: { status: 402, code: 'insufficient_credits' },
  rate_limited: { status: 429, code: 'rate_limited' },
  too_many_tasks: { status: 429, code: 'rate_limited' },
  idempotency_conflict: { status: 409, code: 'idempotency_conflict' },
  idempotency_in_flight: { status: 409, code: 'idempotency_conflict' },
  webhook_url_rejected: { status: 400, code: 'webhook_url_rejected' },
  no_provider: { status: 503, code: 'no_provider' },
  unavailable: { status: 503, code: 'unavailable' },
  internal: { status: 500, code: 'internal_error' },
} as const satisfies Record<RefusalCode, { status: number; code: string }>;

/** An answer as the contract has it: what was asked for, at 200 (decision 20). */
export function ok(body: Json): Reply {
  return { status: 200, body };
}
