import type { IncomingHttpHeaders } from 'node:http';
import type { Job, Submission } from './job.ts';
import type { Namespace } from './namespace.ts';

/** What a request asks of an upstream. `film` is the download of a result, `callback` a message that we send. */
export type Operation = 'submit' | 'status' | 'list' | 'cancel' | 'upload' | 'account' | 'film' | 'callback';

/** A JSON object of unknown content. */
export type Fields = { readonly [key: string]: unknown };

/** One request, read and addressed. */
export interface Call {
  readonly namespace: Namespace;
  readonly method: string;
  /** The path below the format's mount. */
  readonly path: string;
  readonly params: { readonly [name: string]: string };
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly raw: Buffer;
  /** Address of the namespace, without a slash at the end; links in answers begin with it. */
  readonly root: string;
  /** Address of the format within the namespace. */
  readonly base: string;
}

/** A body that is a Buffer goes out as it is, `null` is no body, and anything else goes out as JSON. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A request that creates a billable job. */
export interface SubmitRoute {
  readonly operation: 'submit';
  readonly method: string;
  readonly path: string;
  /** Reads the order, or throws a `Refusal`. Nothing is accepted or billed yet. */
  read(call: Call): Submission | Promise<Submission>;
  /** The answer once the job exists. */
  accepted(job: Job, call: Call): Reply | Promise<Reply>;
}

/** Any other request. */
export interface PlainRoute {
  readonly operation: Exclude<Operation, 'submit' | 'callback'>;
  readonly method: string;
  readonly path: string;
  handle(call: Call): Reply | Promise<Reply>;
  /** Ids of the jobs it is about, so that their scripts apply; by default the parameter `id`. */
  about?(call: Call): readonly string[];
}

/** One request that a format answers. */
export type Route = SubmitRoute | PlainRoute;

/** One message to a receiver of the customer's. */
export interface Notice {
  readonly url: string;
  readonly body: unknown;
  /** The headers of one attempt, made over the exact bytes that go out. */
  sign(raw: string, messageId: string, atMs: number): Readonly<Record<string, string>>;
  /** Pauses before the second, third … attempt. */
  readonly retriesMs: readonly number[];
  readonly timeoutMs: number;
}

/** How long the upstream keeps things after a job has ended; null: for ever. */
export interface Keeps {
  readonly filmMs: number | null;
  readonly recordMs: number | null;
}

/** One upstream's wire format. */
export interface Format {
  readonly name: string;
  readonly routes: readonly Route[];
  /** Documented errors by their native names; the README and the contract tests list them. */
  readonly errors: Readonly<Record<string, WireError>>;
  /** The common names of `[sim:error …]` and `[sim:fail …]` in this upstream's own. */
  readonly commonErrors: Readonly<Record<CommonError, string>>;
  /** Documented reasons of a failed job by their native names. */
  readonly failures: Readonly<Record<string, string>>;
  readonly commonFailures: Readonly<Record<CommonFailure, string>>;
  readonly keeps: Keeps;
  /** Above the limit of running jobs an upstream either refuses new ones or lets them wait. */
  readonly whenFull: 'refuses' | 'queues';
  /** Throws a `Refusal` for a missing or malformed credential. */
  authenticate(call: Call): void;
  /** An error in this dialect. */
  refuse(error: WireError, message: string, call: Call): Reply;
  newId(): string;
  /** List price in US dollars, 0 for own hardware. */
  price(order: Submission): number;
  /** The messages that a change of the job causes. */
  notify?(job: Job, event: 'started' | 'ended', namespace: Namespace): readonly Notice[];
}

/** Errors that every upstream has in some form. */
export type CommonError =
  | 'auth'
  | 'permission'
  | 'balance'
  | 'content'
  | 'invalid'
  | 'not_found'
  | 'rate'
  | 'concurrency'
  | 'internal'
  | 'maintenance'
  | 'timeout';

/** Reasons for which a job of every upstream can fail. */
export type CommonFailure = 'content' | 'image' | 'internal' | 'timeout';

/** A documented error answer. */
export interface WireError {
  readonly status: number;
  readonly message: string;
  /** The code as the body carries it, where it is not the name. */
  readonly code?: number | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where an upstream's bodies differ from error to error. */
  readonly body?: unknown;
}

/** The upstream says no. `error` is a native or a common name of the format's errors. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly error: string;
  constructor(error: string, message = '') {
    super(message);
    this.error = error;
  }
}

/** The error of that native or common name; an unknown name is a mistake in a script. */
export function errorNamed(format: Format, name: string): WireError | null {
  const common: Readonly<Record<string, string>> = format.commonErrors;
  return format.errors[common[name] ?? name] ?? format.errors[name] ?? null;
}

/** Native name and text of that failure of a job. */
export function failureNamed(format: Format, name: string): { code: string; message: string } | null {
  const common: Readonly<Record<string, string>> = format.commonFailures;
  const code = common[name] ?? name;
  const message = format.failures[code];
  return message === undefined ? null : { code, message };
}

/** The reply to a refusal in the format's dialect. */
export function refusalReply(format: Format, refusal: Refusal, call: Call): Reply {
  const error = errorNamed(format, refusal.error) ?? {
    status: 500,
    message: `no such error: ${refusal.error}`,
  };
  return format.refuse(error, refusal.message || error.message, call);
}
