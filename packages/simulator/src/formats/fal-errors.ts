import type { CommonError, WireError } from '../format.ts';

const flat = (status: number, type: string, message: string): WireError => ({
  status,
  code: type,
  message,
  headers: { 'x-fal-error-type': type },
});
const detail = (type: string, message: string): WireError => ({
  status: 422,
  code: type,
  message,
  headers: { 'x-fal-retryable': 'false' },
});

/** fal's documented errors. Those of 422 carry a list, the others a flat text. */
export const FAL_ERRORS: Readonly<Record<string, WireError>> = {
  unauthorized: {
    status: 401,
    message: 'Cannot access application. Authentication is required to access this application.',
  },
  forbidden: { status: 403, message: 'Forbidden' },
  exhausted_balance: {
    status: 403,
    message: 'User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.',
  },
  top_up: { status: 403, message: 'User is locked. Reason: TOP_UP.' },
  not_found: { status: 404, message: 'Not found' },
  in_progress: { status: 400, message: 'Request is still in progress' },
  too_many_requests: { status: 429, message: 'Too many requests' },
  content_policy_violation: detail(
    'content_policy_violation',
    'The content could not be processed because it was flagged by a content checker.',
  ),
  missing: detail('missing', 'Field required'),
  value_error: detail('value_error', 'Invalid value'),
  image_too_small: detail('image_too_small', 'Image is too small'),
  file_download_error: detail('file_download_error', 'Failed to download the file'),
  internal_server_error: {
    status: 500,
    message: 'Internal Server Error',
    headers: { 'x-fal-retryable': 'true' },
  },
  request_timeout: flat(504, 'request_timeout', 'Request timed out'),
  startup_timeout: flat(504, 'startup_timeout', 'The runner did not start in time'),
  runner_scheduling_failure: flat(503, 'runner_scheduling_failure', 'Failed to schedule a runner'),
  runner_connection_timeout: flat(503, 'runner_connection_timeout', 'Connection to the runner timed out'),
  runner_disconnected: flat(503, 'runner_disconnected', 'The runner disconnected'),
  runner_connection_refused: flat(503, 'runner_connection_refused', 'The runner refused the connection'),
  start_deadline: {
    ...flat(504, 'request_timeout', 'Request timed out before it started'),
    headers: { 'x-fal-error-type': 'request_timeout', 'x-fal-request-timeout-type': 'user' },
  },
  canceled: { status: 499, message: 'Request was cancelled' },
};

/** Which of them a common name means. */
export const FAL_COMMON_ERRORS: Readonly<Record<CommonError, string>> = {
  auth: 'unauthorized',
  permission: 'forbidden',
  balance: 'exhausted_balance',
  content: 'content_policy_violation',
  invalid: 'value_error',
  not_found: 'not_found',
  rate: 'too_many_requests',
  // fal never refuses for it, work waits; the nearest is its rate limit.
  concurrency: 'too_many_requests',
  internal: 'internal_server_error',
  maintenance: 'runner_scheduling_failure',
  timeout: 'request_timeout',
};

/** What the result of a request that COMPLETED badly says. */
export const FAL_FAILURES: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'content_policy_violation',
    'image_too_small',
    'file_download_error',
    'value_error',
    'internal_server_error',
    'request_timeout',
    'startup_timeout',
    'runner_disconnected',
    'runner_connection_refused',
    'exhausted_balance',
  ].map((name) => [name, FAL_ERRORS[name]?.message ?? name]),
);
