/** Why a request was not taken. A closed union: every surface maps all of it (`satisfies Record<RefusalCode, …>`). */
export type RefusalCode =
  | 'key_missing'
  | 'key_invalid'
  | 'key_revoked'
  | 'key_expired'
  | 'scope_denied'
  | 'invalid'
  | 'model_unknown'
  | 'not_found'
  | 'method_not_allowed'
  | 'body_too_large'
  | 'media_type_unsupported'
  | 'insufficient_credits'
  | 'rate_limited'
  | 'too_many_tasks'
  | 'idempotency_conflict'
  | 'idempotency_in_flight'
  | 'webhook_url_rejected'
  | 'no_provider'
  | 'unavailable'
  | 'internal';

/** The caller's doing (or the hour's), told to the caller: public text, the field by the name the caller used. */
export interface Refusal {
  readonly refused: RefusalCode;
  readonly message: string;
  readonly field?: string;
  /** When it makes sense to come back, for 429 and 503. */
  readonly retryAfterMs?: number;
}

export function refuse(
  refused: RefusalCode,
  message: string,
  more: { field?: string; retryAfterMs?: number } = {},
): Refusal {
  return { refused, message, ...more };
}

export function isRefusal(value: object): value is Refusal {
  return 'refused' in value;
}
