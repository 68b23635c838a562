import type { CommonError, WireError } from '../format.ts';

/** Kling's documented errors: seven meanings share the HTTP status 429. */
export const KLING_ERRORS: Readonly<Record<string, WireError>> = {
  1000: { status: 401, code: 1000, message: 'Authentication failed' },
  1001: { status: 401, code: 1001, message: 'Authorization is empty' },
  1002: { status: 401, code: 1002, message: 'Authorization is invalid' },
  1003: { status: 401, code: 1003, message: 'Authorization is not yet valid' },
  1004: { status: 401, code: 1004, message: 'Authorization has expired' },
  1100: { status: 429, code: 1100, message: 'Account exception' },
  1101: { status: 429, code: 1101, message: 'Account in arrears (postpaid scenario)' },
  1102: { status: 429, code: 1102, message: 'Resource pack depleted or expired (prepaid scenario)' },
  1103: { status: 403, code: 1103, message: 'Unauthorized access to requested resource, such as API/model' },
  1200: { status: 400, code: 1200, message: 'Invalid request parameters' },
  1201: { status: 400, code: 1201, message: 'Invalid parameters' },
  1202: { status: 404, code: 1202, message: 'The requested method is invalid' },
  1203: { status: 404, code: 1203, message: 'The requested resource does not exist, such as the model' },
  1300: { status: 400, code: 1300, message: 'Trigger strategy of the platform' },
  1301: { status: 400, code: 1301, message: 'Trigger the content security policy of the platform' },
  1302: { status: 429, code: 1302, message: 'The API request is too fast' },
  1303: { status: 429, code: 1303, message: 'parallel task over resource pack limit' },
  1304: { status: 429, code: 1304, message: 'Trigger the IP whitelisting policy of the platform' },
  5000: { status: 500, code: 5000, message: 'Server internal error' },
  5001: { status: 503, code: 5001, message: 'Server temporarily unavailable, usually due to maintenance' },
  5002: { status: 504, code: 5002, message: 'Server internal timeout' },
};

/** Which of them a common name means. */
export const KLING_COMMON_ERRORS: Readonly<Record<CommonError, string>> = {
  auth: '1002',
  permission: '1103',
  balance: '1102',
  content: '1301',
  invalid: '1201',
  not_found: '1203',
  rate: '1302',
  concurrency: '1303',
  internal: '5000',
  maintenance: '5001',
  timeout: '5002',
};

/** The reason is free text on the wire; these are ours. */
export const KLING_FAILURES = {
  content: 'Failure to pass the risk control system',
  image: 'Failed to download or read the image',
  internal: 'Service internal error',
  timeout: 'The task has timed out',
} as const;
