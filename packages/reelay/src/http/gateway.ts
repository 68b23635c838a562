import type { Registry } from 'prom-client';
import type { EndpointStore } from '../core/ports/endpoints.ts';
import type { Files } from '../core/ports/files.ts';
import type { Inspector } from '../core/ports/net.ts';
import type { OperatorStore } from '../core/ports/operator.ts';
import type { InboundCallback, Provider, Routes } from '../core/ports/provider.ts';
import type { Store } from '../core/ports/store.ts';
import type { Surface, SurfaceContext } from '../core/ports/surface.ts';
import type { UploadStore } from '../core/ports/uploads.ts';
import type { Clock, Ids } from '../core/ports/world.ts';
import type { Refusal } from '../core/refusal.ts';
import type { TaskSummary } from '../core/task.ts';
import type { Credits, Instant, TaskId } from '../core/values.ts';
import type { CancelOutcome } from '../flow/cancel.ts';
import type { Created, CreateInput } from '../flow/create.ts';

type LogField =
  | 'account'
  | 'durationMs'
  | 'key'
  | 'method'
  | 'reason'
  | 'requestId'
  | 'route'
  | 'status'
  | 'surface'
  | 'task';

export type LogFields = Readonly<Partial<Record<LogField, string | number | boolean | null>>> & {
  readonly error?: unknown;
};

/** One wide line an event; only fields that are named here are ever written. */
export interface Log {
  info(event: string, fields: LogFields): void;
  error(event: string, fields: LogFields): void;
}

export interface HttpSettings {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Base of all links, without a slash at the end. Null: the address it listens on. */
  readonly publicUrl: string | null;
  /** Addresses of proxies whose forwarded headers count. */
  readonly trustProxy: readonly string[];
  /** Origins whose pages may call the surfaces; `*` for all. None: CORS is off. */
  readonly corsOrigins: readonly string[];
  /** How long an idle connection is kept: 5 s behind nothing, 65 s behind a load balancer. */
  readonly keepAliveMs: number;
  readonly connectionsMax: number;
  /** How long a client may take to send a request that is no upload; 20 s where left out. */
  readonly requestTimeoutMs?: number;
  /** SHA-256 of the admin token, hex. */
  readonly adminTokenHash: string;
  readonly version: string;
}

/** What a signed link proves: ours and in time, ours and past its time, or not ours. */
export type LinkVerdict =
  | { readonly is: 'ok'; readonly disposition: 'inline' | 'attachment' }
  | { readonly is: 'expired' }
  | { readonly is: 'forged' };

/** How much of a file a request is answered with (RFC 9110, 14.2); bounds inclusive. */
export type RangeVerdict =
  | { readonly status: 200 }
  | { readonly status: 206; readonly start: number; readonly end: number }
  | { readonly status: 416 };

/** What uploads need beside the files. */
export interface UploadDesk {
  readonly store: UploadStore;
  readonly inspector: Inspector;
  /** Signs duration tokens: the same on every process, kept secret. */
  readonly tokenKey: string;
}

/** Everything the HTTP room needs of the others. The composition root fills it. */
export interface Gateway {
  readonly settings: HttpSettings;
  readonly surfaces: readonly Surface[];
  readonly context: SurfaceContext;
  readonly store: Store;
  readonly routes: Routes;
  readonly ids: Ids;
  readonly files: Pick<Files, 'open' | 'keep' | 'remove' | 'path' | 'room'>;
  /** Absent where files cannot be uploaded. */
  readonly uploads?: UploadDesk;
  /** Absent where operators have to do without the price list and replays. */
  readonly operator?: OperatorStore;
  /** Every provider that can be set up; absent where none can. */
  readonly providers?: readonly Provider[];
  /** Absent where endpoints cannot be registered. */
  readonly endpoints?: EndpointStore;
  readonly clock: Clock;
  /** A monotonic stopwatch, in milliseconds. */
  readonly stopwatch: () => () => number;
  readonly log: Log;
  readonly metrics: Registry;
  create(input: CreateInput): Promise<Created | Refusal>;
  /** What an order would be accepted on; creates nothing. */
  quote(input: CreateInput): Promise<{ readonly price: Credits } | Refusal>;
  /** Takes an upstream's callback; false where it is not genuine. Absent where nobody can call back. */
  inbound?(call: {
    readonly route: string;
    readonly task: string;
    readonly token: string;
    readonly request: InboundCallback;
  }): Promise<boolean>;
  cancel(task: TaskId): Promise<{ readonly outcome: CancelOutcome; readonly task: TaskSummary | null }>;
  judgeLink(id: string, query: URLSearchParams, now: Instant): LinkVerdict;
  judgeRange(
    range: string | undefined,
    ifRange: string | undefined,
    file: { readonly size: number; readonly etag: string },
  ): RangeVerdict;
}
