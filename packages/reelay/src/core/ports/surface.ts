import type { Model } from '../model.ts';
import type { Strategy } from '../order.ts';
import type { Refusal } from '../refusal.ts';
import type { StoredFile, TaskSummary } from '../task.ts';
import type { Json } from '../values.ts';
import type { Scope } from './accounts.ts';
import type { ActionName, Actions } from './actions.ts';

/** Who asks: what a surface may know of the caller's key. */
export interface Caller {
  readonly strategy: Strategy;
  readonly sandbox: boolean;
}

export interface SurfaceRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  /**
   * Parsed and well-formed JSON, bounded in size, depth and keys; undefined where the method has none. For an upload the
   * form's fields as texts, the file itself being kept aside.
   */
  readonly body: unknown;
  /** Null on routes that need no key. */
  readonly caller: Caller | null;
}

export interface Reply {
  readonly status: number;
  readonly body: Json;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Server-sent events, as long as something comes. */
export interface EventStream {
  readonly events: AsyncIterable<{ readonly id: string; readonly event: string; readonly data: Json }>;
}

type Written = { readonly [A in ActionName]: A extends 'follow' ? EventStream : Reply };

/** What a surface needs of the house in order to read and write. */
export interface SurfaceContext {
  readonly models: readonly Model[];
  /** A signed link to a stored result. */
  resultUrl(file: Pick<StoredFile, 'id' | 'expiresAt'>): string;
  /** Why a customer's URL may not be used at all; null when it may. */
  judgeUrl(url: string): string | null;
  readonly settings: {
    /** The HTTP status of “Insufficient credits” on the APIXO surface: 400 (the seed) or 402 (decision 2). */
    readonly apixoInsufficientCreditsStatus: 400 | 402;
    /** Whether a missing `sound` is refused (decision 5). */
    readonly apixoSoundRequired: boolean;
    /** Decision 39. */
    readonly creditsPerUsd: number;
  };
}

/** What the OpenAPI document says of a route; schemas are JSON Schema 2020-12, made from those that validate. */
export interface RouteDocs {
  readonly summary: string;
  readonly description: string;
  /** What of this route is the gateway's own addition or choice, and not the vendor's documented contract (decision 36). */
  readonly ours?: readonly string[];
  readonly tag: string;
  readonly pathParams?: Readonly<Record<string, Json>>;
  readonly query?: Readonly<
    Record<string, { readonly schema: Json; readonly required: boolean; readonly description: string }>
  >;
  readonly body?: {
    readonly schema: Json;
    readonly examples: Readonly<Record<string, Json>>;
    /** `application/json` where left out; the same for responses. */
    readonly mediaType?: string;
  };
  readonly responses: Readonly<
    Record<
      number,
      {
        readonly description: string;
        /** Null: an answer without a body. */
        readonly schema: Json;
        readonly example?: Json;
        readonly mediaType?: string;
      }
    >
  >;
}

export interface SurfaceRoute<A extends ActionName = ActionName> {
  readonly action: A;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With `:name` for parameters. */
  readonly path: string;
  /** What the key must be allowed to do; null: no key needed. */
  readonly scope: Scope | null;
  read(request: SurfaceRequest, context: SurfaceContext): Actions[A]['input'] | Refusal;
  write(output: Actions[A]['output'], context: SurfaceContext): Written[A];
  docs(context: SurfaceContext): RouteDocs;
}

export type AnyRoute = { readonly [A in ActionName]: SurfaceRoute<A> }[ActionName];

/** One wire dialect: reads orders, writes tasks, refuses in its own envelope, tells in its own words. */
export interface Surface {
  readonly name: string;
  /** Its heading in the documentation. */
  readonly title: string;
  /** What it is and whose contract it follows, for the documentation. */
  readonly about: string;
  readonly routes: readonly AnyRoute[];
  /** Path prefixes whose unknown paths and methods are refused in this surface's envelope. */
  readonly prefixes: readonly string[];
  /** Where this dialect publishes the OpenAPI document, beside the gateway's own place for it. */
  readonly documentAt?: string;
  refuse(refusal: Refusal, requestId: string, context: SurfaceContext): Reply;
  /** The body of the callback of a task ordered through this surface; null where the dialect has none. */
  callback?(task: TaskSummary, context: SurfaceContext): Json;
  /** The event for registered endpoints; only the dialect that has them writes it. */
  event?(task: TaskSummary, context: SurfaceContext): { readonly type: string; readonly body: Json };
}
