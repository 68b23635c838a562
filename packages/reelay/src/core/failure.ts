/** Why a task failed, for the customer. Surfaces spell these in their own way. Source: contracts, APIXO A5 (UPPER_SNAKE list). */
export const FAILURE_CODES = [
  'content_violation',
  'nsfw_detected',
  'prompt_too_long',
  'invalid_prompt',
  'invalid_image_url',
  'image_too_large',
  'unsupported_format',
  'image_download_failed',
  'processing_timeout',
  'model_unavailable',
  'generation_failed',
  'insufficient_credits',
] as const;

export type FailureCode = (typeof FAILURE_CODES)[number];

export interface Failure {
  readonly code: FailureCode;
  /** Public text: never an upstream's own words, addresses or secrets. */
  readonly message: string;
}

const MESSAGES: Readonly<Record<FailureCode, string>> = {
  content_violation: 'Content does not meet safety guidelines',
  nsfw_detected: 'The content was found not safe for work',
  prompt_too_long: 'The prompt is too long',
  invalid_prompt: 'The prompt cannot be used',
  invalid_image_url: 'Cannot access provided image URL',
  image_too_large: 'The image is larger than 10 MB or 50 megapixels',
  unsupported_format: 'The image format is not supported: use JPG, PNG or WebP',
  image_download_failed: 'The image could not be downloaded',
  processing_timeout: 'The task took too long and was ended',
  model_unavailable: 'The model is not available at the moment',
  generation_failed: 'The generation failed',
  insufficient_credits: 'Insufficient credits',
};

/** A failure with its standing text, or with a more exact one. */
export function failure(code: FailureCode, message: string = MESSAGES[code]): Failure {
  return { code, message };
}

/**
 * What an upstream may answer, in the common vocabulary of the upstream contracts. `misconfigured`: it knows no such
 * method or model, which is the operator's setup or our adapter, never the order.
 */
export type UpstreamFailureKind =
  | 'content_violation'
  | 'invalid_input'
  | 'insufficient_upstream_credits'
  | 'rate_limited'
  | 'concurrency_limited'
  | 'auth'
  | 'misconfigured'
  | 'timeout'
  | 'canceled'
  | 'internal';

/** An upstream's word that a job of ours failed. */
export interface UpstreamFailure {
  readonly kind: UpstreamFailureKind;
  /** For operators only; bounded by the adapter, never shown to customers. */
  readonly message: string;
  /** Whether the upstream billed it; null where it does not say. */
  readonly charged: boolean | null;
  /** A failure to hand on literally, where the upstream speaks our own vocabulary (the studio's magic words). */
  readonly failure?: Failure;
}

/**
 * What went wrong between us and an upstream. Each kind has exactly one reaction (`flow/submit.ts`).
 * `not_sent`: proven that no byte of a billable request left; `doubtful`: it may have been taken.
 */
export type TroubleKind = 'not_sent' | 'doubtful' | UpstreamFailureKind;

/** An upstream's doing. Thrown by providers, caught by flows; never shown to a caller. */
export class Trouble extends Error {
  override readonly name = 'Trouble';
  readonly kind: TroubleKind;
  readonly retryAfterMs: number | null;

  constructor(kind: TroubleKind, message: string, retryAfterMs: number | null = null) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Whether trying another route can help, or the customer's own input is the reason. */
export function isCustomersDoing(kind: UpstreamFailureKind): boolean {
  return kind === 'content_violation' || kind === 'invalid_input';
}

/** What the customer is told when an upstream failed a job for good. */
export function customerFailure(upstream: UpstreamFailure): Failure {
  if (upstream.failure) return upstream.failure;
  if (upstream.kind === 'content_violation') return failure('content_violation');
  if (upstream.kind === 'invalid_input') return failure('invalid_prompt', 'The model refused this input');
  if (upstream.kind === 'timeout') return failure('processing_timeout');
  return failure('generation_failed');
}
