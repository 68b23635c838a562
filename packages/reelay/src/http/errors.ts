import { StorageFull } from '../core/ports/files.ts';
import { StoreUnavailable } from '../core/ports/tasks.ts';
import type { Refusal, RefusalCode } from '../core/refusal.ts';
import { refuse } from '../core/refusal.ts';

/** A refusal on its way out of the depth of a parser or hook. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** What the framework itself finds wrong with a request, by its codes. */
const FRAMEWORK: Readonly<Record<string, readonly [RefusalCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body_too_large', 'The request body is larger than 1 MiB'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['media_type_unsupported', 'Content-Type must be application/json'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid', 'The request body is not as long as Content-Length says'],
  FST_ERR_MAX_PARAM_LENGTH: ['not_found', 'No such path: a part of it is too long'],
  FST_ERR_BAD_URL: ['invalid', 'The path is not a valid URL path'],
};

/** What an error says to the caller; null where it is our own fault and says nothing. */
export function refusalOf(error: unknown): Refusal | null {
  if (error instanceof Refused) return error.refusal;
  if (error instanceof StoreUnavailable || error instanceof StorageFull) {
    return refuse('unavailable', 'Temporarily unavailable: wait and retry', { retryAfterMs: 1_000 });
  }
  const { code, statusCode } = framework(error);
  const known = FRAMEWORK[code];
  if (known) return refuse(known[0], known[1]);
  return statusCode >= 400 && statusCode < 500
    ? refuse('invalid', 'The request could not be understood')
    : null;
}

function framework(error: unknown): { code: string; statusCode: number } {
  const given = typeof error === 'object' && error !== null ? error : {};
  const code = 'code' in given ? String(given.code) : '';
  return { code, statusCode: 'statusCode' in given ? Number(given.statusCode) : 500 };
}

export const PROBLEM_STATUS = {
  key_missing: 401,
  key_invalid: 401,
  key_revoked: 401,
  key_expired: 401,
  scope_denied: 403,
  invalid: 400,
  model_unknown: 404,
  not_found: 404,
  method_not_allowed: 405,
  body_too_large: 413,
  media_type_unsupported: 415,
  insufficient_credits: 402,
  rate_limited: 429,
  too_many_tasks: 429,
  idempotency_conflict: 409,
  idempotency_in_flight: 409,
  webhook_url_rejected: 400,
  no_provider: 503,
  unavailable: 503,
  internal: 500,
} as const satisfies Record<RefusalCode, number>;

/** `application/problem+json` (RFC 9457) for whatever belongs to no surface. */
export function problem(refusal: Refusal, requestId: string): { status: number; body: string } {
  const status = PROBLEM_STATUS[refusal.refused];
  const body = JSON.stringify({
    type: 'about:blank',
    title: TITLES[status] ?? 'Error',
    status,
    detail: refusal.message,
    code: refusal.refused,
    request_id: requestId,
    ...(refusal.field ? { errors: [{ field: refusal.field, detail: refusal.message }] } : {}),
  });
  return { status, body };
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};
