/**
 * Why a request came to nothing. `forbidden`: the guard refused, nothing was opened. `not_sent`: proven that no byte
 * of the request left (name, connection, TLS, too late). All others: the request may have been taken.
 */
export type NetFaultKind =
  | 'forbidden'
  | 'not_sent'
  | 'timeout'
  | 'no_answer'
  | 'bad_status'
  | 'bad_redirect'
  | 'encoded'
  | 'too_large';

/** A failed exchange; `detail` is a short word for operators (a system error code, a status), never the peer's text. */
export class NetFault extends Error {
  override readonly name = 'NetFault';
  readonly kind: NetFaultKind;
  readonly detail: string;

  constructor(kind: NetFaultKind, detail: string) {
    super(`${kind}: ${detail}`);
    this.kind = kind;
    this.detail = detail;
  }
}

/** The code of a system or library error, or its class: short, and free of what the peer said. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** The reason of an aborted time limit. */
export class TimeUp extends Error {
  override readonly name = 'TimeUp';
}

/** A limit over all steps of one exchange. Clear it when the exchange is over. */
export function timeLimit(limitMs: number): { readonly signal: AbortSignal; clear(): void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new TimeUp()), limitMs);
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}
