import type { Model } from '../model.ts';
import type { Media, Order } from '../order.ts';
import type { Refusal } from '../refusal.ts';
import type { TaskStateName, TaskSummary } from '../task.ts';
import type { Credits, FileId, Instant, Json, LetterId, TaskId } from '../values.ts';
import type { Endpoint, EndpointDelivery, EndpointId, FeedEvent } from './endpoints.ts';
import type { Upload } from './uploads.ts';

/** An order with what the caller wants known about it. */
export interface Wish {
  readonly order: Order;
  readonly callbackUrl: string | null;
  readonly clientRequestId: string | null;
}

export interface Quote {
  readonly credits: Credits;
  readonly expected: { readonly minMs: number; readonly maxMs: number };
  /** Why it would be refused as things stand; null: it would be taken. */
  readonly problem: Refusal | null;
}

/** What is said of a file that is uploaded. */
export interface UploadWish {
  readonly kind: Media['kind'];
  /** Types by the bytes, one of which it must be. */
  readonly mimeTypes: readonly string[];
  readonly maxBytes: number;
  readonly clientRequestId: string | null;
}

/** An upload with the signed proof of its length, which orders carry; null for pictures. */
export interface KeptUpload extends Upload {
  readonly durationToken: string | null;
}

/** What is said of an endpoint that is registered. */
export interface EndpointWish {
  readonly name: string;
  readonly url: string;
  readonly eventTypes: readonly string[];
}

/** What the gateway can be asked to do, with what it takes and gives. Surfaces put these on their wires. */
export interface Actions {
  create: { readonly input: Wish; readonly output: TaskSummary };
  /** What an order would cost and take; creates nothing. */
  quote: { readonly input: Wish; readonly output: Quote };
  status: {
    readonly input: {
      readonly task: TaskId;
      /** Not found unless the task is of this model; null: of any. */
      readonly model: string | null;
      /** Holds the answer until the task moves, at most this long; 0: at once. */
      readonly waitMs: number;
    };
    readonly output: TaskSummary;
  };
  /** The account's tasks, newest first. */
  list: {
    readonly input: {
      readonly states: readonly TaskStateName[] | null;
      readonly clientRequestId: string | null;
      readonly cursor: string | null;
      /** 1 to 100. */
      readonly limit: number;
    };
    readonly output: { readonly tasks: readonly TaskSummary[]; readonly nextCursor: string | null };
  };
  /** Asks for a task to be canceled, and waits a little for what becomes of it. */
  cancel: {
    readonly input: { readonly task: TaskId };
    readonly output: {
      /** `requested`: it is being stopped, and not over yet. */
      readonly outcome: 'before_start' | 'stopped' | 'requested' | 'too_late';
      readonly task: TaskSummary;
    };
  };
  /** A task now and each time it has moved, until it is over. */
  follow: { readonly input: { readonly task: TaskId }; readonly output: AsyncIterable<TaskSummary> };
  /** A file that was just received: looked into, and kept for orders. */
  upload: { readonly input: UploadWish; readonly output: KeptUpload };
  uploaded: { readonly input: { readonly file: FileId }; readonly output: KeptUpload };
  endpoints: { readonly input: null; readonly output: readonly Endpoint[] };
  createEndpoint: { readonly input: EndpointWish; readonly output: Endpoint };
  endpoint: { readonly input: { readonly endpoint: EndpointId }; readonly output: Endpoint };
  updateEndpoint: {
    readonly input: {
      readonly endpoint: EndpointId;
      readonly change: Partial<EndpointWish> & { readonly status?: 'active' | 'disabled' };
    };
    readonly output: Endpoint;
  };
  revokeEndpoint: { readonly input: { readonly endpoint: EndpointId }; readonly output: Endpoint };
  /** A new signing secret; the one before it goes on signing for a day. */
  rotateSecret: { readonly input: { readonly endpoint: EndpointId }; readonly output: Endpoint };
  /** Sends one endpoint a letter of no task; `render` writes its body, once its id is known. */
  testEndpoint: {
    readonly input: {
      readonly endpoint: EndpointId;
      readonly type: string;
      readonly render: (letter: LetterId, at: Instant) => Json;
    };
    readonly output: { readonly letter: LetterId; readonly type: string };
  };
  deliveries: {
    readonly input: { readonly endpoint: EndpointId; readonly cursor: string | null; readonly limit: number };
    readonly output: { readonly deliveries: readonly EndpointDelivery[]; readonly nextCursor: string | null };
  };
  replay: {
    readonly input: { readonly endpoint: EndpointId; readonly letter: LetterId };
    readonly output: { readonly letter: LetterId };
  };
  feed: {
    readonly input: { readonly cursor: string | null; readonly limit: number; readonly type: string | null };
    readonly output: {
      readonly events: readonly FeedEvent[];
      readonly nextCursor: string | null;
      readonly hasMore: boolean;
    };
  };
  balance: { readonly input: null; readonly output: { readonly available: Credits; readonly held: Credits } };
  models: { readonly input: null; readonly output: readonly Model[] };
}

export type ActionName = keyof Actions;
