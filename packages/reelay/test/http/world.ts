import { Registry } from 'prom-client';
import { stopwatch, systemClock } from '../../src/clock.ts';
import { hashKey, makeKey } from '../../src/core/apikey.ts';
import type { TaskEvent } from '../../src/core/lifecycle.ts';
import { accept, next } from '../../src/core/lifecycle.ts';
import type { ApiKey } from '../../src/core/ports/accounts.ts';
import { SCOPES } from '../../src/core/ports/accounts.ts';
import type { Surface, SurfaceContext } from '../../src/core/ports/surface.ts';
import { StoreUnavailable } from '../../src/core/ports/tasks.ts';
import { refuse } from '../../src/core/refusal.ts';
import type { StoredFile, Task } from '../../src/core/task.ts';
import type { AccountId, FileId, TaskId } from '../../src/core/values.ts';
import { signedLinks } from '../../src/files/link.ts';
import { judgeRange } from '../../src/files/range.ts';
import type { CreateInput } from '../../src/flow/create.ts';
import { createApp } from '../../src/http/app.ts';
import type { Gateway, HttpSettings, LogFields } from '../../src/http/gateway.ts';
import { systemIds } from '../../src/ids.ts';
import { MODELS } from '../../src/models/catalogue.ts';

const links = signedLinks('http://reelay.test', [
  { kid: 'k1', secret: 'a secret of tests', retiredAt: null },
]);

export const ADMIN_TOKEN = 'admin-token-of-tests';

export const context: SurfaceContext = {
  models: MODELS,
  resultUrl: (file) => links.url(file),
  judgeUrl: (url) => (new URL(url).hostname.endsWith('.internal') ? 'it is a private address' : null),
  settings: { apixoInsufficientCreditsStatus: 400, apixoSoundRequired: false, creditsPerUsd: 100 },
};

/** A gateway with its app on a real socket, and a stand-in for what lies behind: a map of tasks, keys and files. */
export class World implements AsyncDisposable {
  readonly tasks = new Map<TaskId, Task>();
  readonly orders: CreateInput[] = [];
  readonly keys = new Map<string, ApiKey>();
  readonly files = new Map<
    FileId,
    { file: StoredFile & { task: TaskId; removed: boolean }; bytes: Buffer }
  >();
  readonly listeners = new Set<(ids: readonly TaskId[]) => void>();
  readonly lines: { event: string; fields: LogFields }[] = [];
  credits = 1_000;
  /** The store answers nothing any more. */
  isDown = false;
  /** A wrong line of code of ours. */
  isBroken = false;
  url = '';
  readonly #app;

  constructor(
    surfaces: readonly Surface[],
    settings: Partial<HttpSettings> = {},
    more: Partial<Gateway> = {},
  ) {
    this.#app = createApp(this.#gateway(surfaces, settings, more));
  }

  static async open(
    surfaces: readonly Surface[],
    settings: Partial<HttpSettings> = {},
    more: Partial<Gateway> = {},
  ): Promise<World> {
    const world = new World(surfaces, settings, more);
    world.url = await world.#app.listen();
    return world;
  }

  drain(): void {
    this.#app.drain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app.close(1_000);
  }

  /** A key that may do everything, unless told otherwise. @returns the secret */
  key(more: Partial<ApiKey> = {}): string {
    const sandbox = more.sandbox ?? true;
    const secret = makeKey(sandbox);
    const account = more.account ?? 'acc_one';
    this.keys.set(hashKey(secret), {
      id: systemIds.key(),
      account,
      wallet: account,
      hash: hashKey(secret),
      prefix: secret.slice(0, 13),
      last4: secret.slice(-4),
      name: '',
      sandbox,
      scopes: SCOPES,
      strategy: 'auto',
      requestsPerMinute: 10_000,
      unfinishedTasks: 1_000,
      cap: null,
      createdAt: 0,
      expiresAt: null,
      revokedAt: null,
      callbackSecrets: [],
      ...more,
    });
    return secret;
  }

  async fetch(path: string, init: RequestInit & { key?: string } = {}): Promise<Response> {
    const { key, headers, ...rest } = init;
    const authorization = key === undefined ? {} : { authorization: `Bearer ${key}` };
    return fetch(this.url + path, {
      ...rest,
      headers: { ...authorization, ...Object.fromEntries(new Headers(headers)) },
    });
  }

  async post(
    path: string,
    key: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return this.fetch(path, {
      method: 'POST',
      key,
      body: text,
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  /** Moves a task as a worker would, and tells whoever waits. */
  move(id: TaskId, ...events: readonly TaskEvent[]): Task {
    let task = this.tasks.get(id);
    if (!task) throw new Error(`no task ${id}`);
    for (const event of events) task = next(task, event, Date.now()).task;
    this.tasks.set(id, task);
    for (const listener of this.listeners) listener([id]);
    return task;
  }

  #gateway(surfaces: readonly Surface[], settings: Partial<HttpSettings>, more: Partial<Gateway>): Gateway {
    const log = (event: string, fields: LogFields) => void this.lines.push({ event, fields });
    return {
      settings: {
        host: '127.0.0.1',
        port: 0,
        publicUrl: null,
        trustProxy: [],
        corsOrigins: [],
        keepAliveMs: 5_000,
        connectionsMax: 1_000,
        adminTokenHash: hashKey(ADMIN_TOKEN),
        version: '0.0.0',
        ...settings,
      },
      surfaces,
      context,
      clock: systemClock,
      stopwatch,
      log: { info: log, error: log },
      metrics: new Registry(),
      judgeLink: links.judge,
      judgeRange,
      files: { open: async (id, range) => this.#open(id, range) },
      create: async (input) => this.#create(input),
      store: {
        summary: async (id) => this.#up(() => this.tasks.get(id) ?? null),
        onMoved: (listener) => {
          this.listeners.add(listener);
          return () => this.listeners.delete(listener);
        },
        keyByHash: async (hash) => this.#up(() => this.keys.get(hash) ?? null),
        balance: async () => this.#up(() => ({ available: this.credits, held: 0 })),
        leaseAllowance: async (_key, wanted) => this.#up(() => ({ granted: wanted, retryAfterMs: 0 })),
        file: async (id) => this.#up(() => this.files.get(id)?.file ?? null),
        ready: async () => this.#up(() => undefined),
      },
      ...more,
    };
  }

  #up<T>(answer: () => T): T {
    if (this.isDown) throw new StoreUnavailable('connection lost to 10.0.0.7');
    if (this.isBroken) throw new TypeError('secret detail of a bug');
    return answer();
  }

  #open(id: FileId, range?: { start: number; end: number }): AsyncIterable<Uint8Array> | null {
    const bytes = this.files.get(id)?.bytes;
    if (!bytes) return null;
    const part = range ? bytes.subarray(range.start, range.end + 1) : bytes;
    return (async function* () {
      for (let at = 0; at < part.length; at += 1_000) yield part.subarray(at, at + 1_000);
    })();
  }

  #create(input: CreateInput): Awaited<ReturnType<Gateway['create']>> {
    this.#up(() => undefined);
    const { idempotency } = input.origin;
    const same = [...this.tasks.values()].find(
      (task) => idempotency && task.origin.idempotency?.key === idempotency.key,
    );
    if (same?.origin.idempotency?.fingerprint === idempotency?.fingerprint && same)
      return { task: same, replayed: true };
    if (same) return refuse('idempotency_conflict', 'This Idempotency-Key was used for a different request');
    if (this.credits < 55) return refuse('insufficient_credits', 'Insufficient credits');
    this.orders.push(input);
    this.credits -= 55;
    const { task } = accept(newTask(input));
    this.tasks.set(task.id, task);
    return { task, replayed: false };
  }
}

/** A task as it is born, of an account. */
export function newTask(
  input: Pick<CreateInput, 'order' | 'origin'> & { caller: { account: AccountId } },
): Task {
  const [model] = MODELS;
  if (!model) throw new Error('no model');
  const now = Date.now();
  return {
    id: systemIds.task(),
    version: 0,
    account: input.caller.account,
    wallet: input.caller.account,
    key: 'key_one',
    sandbox: true,
    model: model.id,
    state: { name: 'queued' },
    stateSince: now,
    price: 55,
    escrow: 0,
    attempts: 0,
    cancelRequested: false,
    createdAt: now,
    updatedAt: now,
    startedAt: null,
    completedAt: null,
    order: input.order,
    terms: {
      price: 55,
      costCapMicros: null,
      attemptsMax: model.attemptsMax,
      retentionMs: model.retentionMs,
      deadlines: model.deadlines,
    },
    origin: input.origin,
    prepared: null,
    tried: [],
  };
}
