import { Registry } from 'prom-client';
import { stopwatch, systemClock } from '../../src/clock.ts';
import { hashKey } from '../../src/core/apikey.ts';
import type { TaskEvent } from '../../src/core/lifecycle.ts';
import type { Account, ApiKey } from '../../src/core/ports/accounts.ts';
import type { Route, Routes } from '../../src/core/ports/provider.ts';
import type { Store } from '../../src/core/ports/store.ts';
import type { Surface, SurfaceContext } from '../../src/core/ports/surface.ts';
import { StoreUnavailable } from '../../src/core/ports/tasks.ts';
import type { StoredFile, Task } from '../../src/core/task.ts';
import type { FileId, TaskId } from '../../src/core/values.ts';
import { signedLinks } from '../../src/files/link.ts';
import { judgeRange } from '../../src/files/range.ts';
import { createKey, grant } from '../../src/flow/accounts.ts';
import { cancel } from '../../src/flow/cancel.ts';
import { create, terms } from '../../src/flow/create.ts';
import { move } from '../../src/flow/move.ts';
import { createScribe } from '../../src/flow/scribe.ts';
import type { App } from '../../src/http/app.ts';
import { createApp } from '../../src/http/app.ts';
import type { Gateway, HttpSettings, LogFields } from '../../src/http/gateway.ts';
import type { OpenApi } from '../../src/http/openapi.ts';
import { systemIds } from '../../src/ids.ts';
import { MODELS } from '../../src/models/catalogue.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { MemoryStore } from '../contract/store/memory.ts';
import { anAttempt, EVENTS } from '../world.ts';
import { assertDocumented } from './documented.ts';

export const ADMIN_TOKEN = 'admin-token-of-tests';

export interface WorldOptions {
  readonly settings?: Partial<HttpSettings>;
  /** Replaces parts of the gateway, given the world as it would be. */
  readonly change?: (gateway: Gateway) => Partial<Gateway>;
}

/** A gateway on a real socket over the store in memory: surfaces, flows and HTTP are the real ones. */
export class World implements AsyncDisposable {
  readonly store = new MemoryStore(() => systemClock.now());
  readonly links = signedLinks('http://reelay.test', [{ kid: 'k1', secret: 'of tests', retiredAt: null }]);
  readonly bytes = new Map<FileId, Buffer>();
  readonly lines: { readonly event: string; readonly fields: LogFields }[] = [];
  /** What every question to the store is answered with; null: the truth. */
  fault: Error | null = null;
  /** How often the store was asked for a summary. */
  summaries = 0;
  url = '';
  readonly app: App;
  readonly context: SurfaceContext;
  readonly #scribe;
  #api: Promise<OpenApi> | null = null;

  private constructor(surfaces: readonly Surface[], options: WorldOptions) {
    this.context = {
      models: MODELS,
      resultUrl: (file) => this.links.url(file),
      judgeUrl: (url) => (new URL(url).hostname === 'private.test' ? 'it is a private address' : null),
      settings: { apixoInsufficientCreditsStatus: 400, apixoSoundRequired: false, creditsPerUsd: 100 },
    };
    this.#scribe = createScribe(surfaces, this.context);
    const gateway = this.#gateway(surfaces, this.context, options.settings ?? {});
    this.app = createApp({ ...gateway, ...options.change?.(gateway) });
  }

  static async open(surfaces: readonly Surface[], options: WorldOptions = {}): Promise<World> {
    const world = new World(surfaces, options);
    world.url = await world.app.listen();
    return world;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close(1_000);
  }

  /** A test key with 1,000 credits on a new account, unless told otherwise. */
  async key(more: Partial<ApiKey> & { credits?: number; name?: string } = {}): Promise<string> {
    const { credits = 1_000, name = `account ${this.store.accountRows.size}`, ...fields } = more;
    const deps = { store: this.store, clock: systemClock, ids: systemIds };
    const { secret, key, account } = await createKey(deps, {
      account: name,
      sandbox: true,
      requestsPerMinute: 10_000,
      unfinishedTasks: 1_000,
    });
    const row = this.store.keyRows.get(key.id);
    if (row) row.key = { ...row.key, ...fields };
    if (credits > 0) {
      await grant(deps, { account: account.id, amount: credits, reason: 'a test', reference: secret });
    }
    return secret;
  }

  /** Until a request waits for a task: it has read it twice. */
  async waiting(request: () => Promise<Response>): Promise<{ answer: Promise<Response> }> {
    const before = this.summaries;
    const answer = request();
    while (this.summaries < before + 2) await new Promise((resolve) => setTimeout(resolve, 2));
    return { answer };
  }

  async account(name: string): Promise<Account> {
    const account = await this.store.accountByName(name);
    if (!account) throw new Error(`no account ${name}`);
    return account;
  }

  async fetch(path: string, init: RequestInit & { key?: string } = {}): Promise<Response> {
    const { key, ...rest } = init;
    const headers = new Headers(init.headers);
    if (key !== undefined) headers.set('authorization', `Bearer ${key}`);
    const answer = await fetch(this.url + path, { ...rest, headers });
    await assertDocumented(await this.api(), init.method ?? 'GET', path, answer);
    return answer;
  }

  /** The published document: every answer in every test is held against it. */
  api(): Promise<OpenApi> {
    const api =
      this.#api ?? fetch(`${this.url}/openapi.json`).then(async (answer) => Object(await answer.json()));
    this.#api = api;
    return api;
  }

  async post(
    path: string,
    key: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return this.fetch(path, {
      method: 'POST',
      key,
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  /** The only task, or the newest one. */
  get task(): Task {
    const task = [...this.store.rows.values()].at(-1)?.task;
    if (!task) throw new Error('there is no task');
    return task;
  }

  /** Moves a task as a worker would. */
  async move(id: TaskId, ...events: readonly TaskEvent[]): Promise<Task> {
    const deps = { store: this.store, clock: systemClock, scribe: this.#scribe };
    for (const event of events) {
      const task = await this.store.task(id);
      if (!task || !(await move(deps, task, event))) throw new Error(`${event.is} did not happen`);
    }
    return (await this.store.task(id)) ?? this.task;
  }

  async start(id: TaskId): Promise<Task> {
    return this.move(id, { is: 'attempted', attempt: anAttempt(), leaseMs: 1_000 }, EVENTS.submitted);
  }

  /** Brings a task to its end with a film of these bytes. */
  async finish(id: TaskId, bytes: Buffer, file: StoredFile): Promise<Task> {
    this.bytes.set(file.id, bytes);
    return this.move(id, EVENTS.rendered, { is: 'stored', files: [file] });
  }

  #gateway(surfaces: readonly Surface[], context: SurfaceContext, settings: Partial<HttpSettings>): Gateway {
    const log = (event: string, fields: LogFields) => void this.lines.push({ event, fields });
    const files: Gateway['files'] = {
      open: async (id, range) => slices(this.bytes.get(id), range),
      room: async () => {},
      path: async () => null,
      remove: async (id) => void this.bytes.delete(id),
      keep: async (id, source) => {
        const pieces: Uint8Array[] = [];
        if ('stream' in source) for await (const piece of source.stream) pieces.push(piece);
        const bytes = Buffer.concat(pieces);
        this.bytes.set(id, bytes);
        return { bytes: bytes.length, sha256: '' };
      },
    };
    const store = watched(this.store, (method) => {
      if (method === 'summary') this.summaries += 1;
      return this.fault;
    });
    const models = { all: () => MODELS, byId: (id: string) => MODELS.find((one) => one.id === id) ?? null };
    const routes: Routes = {
      all: async () => [studio],
      byName: async () => studio,
      take: async () => true,
      report: () => {},
      claim: async () => true,
      callbackKey: async () => null,
    };
    const deps = { store, models, routes, files, clock: systemClock, ids: systemIds };
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
      store,
      files,
      routes,
      providers: PROVIDERS,
      ids: systemIds,
      clock: systemClock,
      stopwatch,
      log: { info: log, error: log },
      metrics: new Registry(),
      create: (input) => create(deps, input),
      quote: (input) => terms(deps, input),
      cancel: (task) => cancel({ store, clock: systemClock, scribe: this.#scribe }, task),
      judgeLink: this.links.judge,
      judgeRange,
    };
  }
}

/** A studio that takes every order, and is never asked to make one. */
const studio: Route = {
  name: 'studio',
  provider: 'studio',
  tier: 'own',
  abilities: MODELS.map((model) => ({
    model: model.id,
    modes: model.modes,
    durationsSeconds: [5, 10],
    sound: true,
    aspectRatios: ['1:1', '16:9', '9:16'],
    lastFrame: true,
    promptMax: 1_000,
    costMicros: null,
  })),
  weight: 0,
  health: 'well',
  adapter: {
    name: 'studio',
    tier: 'own',
    credential: [],
    abilities: [],
    dedupe: 'free',
    looks: { firstMs: () => 1, thenMs: 1 },
    submit: nobody,
    watch: nobody,
  },
  upstream: { credential: {}, callbackUrl: () => null, call: nobody, callOnce: nobody, now: () => 0 },
};

function nobody(): never {
  throw new Error('nobody works here');
}

export const LOST = new StoreUnavailable('connection lost to 10.0.0.7');
export const BROKEN = new TypeError('a secret detail of a bug');

/** The store, with someone who hears of every question and may have it answered with a fault. */
function watched(store: Store, hear: (method: string | symbol) => Error | null): Store {
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...args: unknown[]) => {
        const fault = hear(name);
        return fault ? Promise.reject(fault) : Reflect.apply(method, target, args);
      };
    },
  });
}

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
}

function slices(bytes: Buffer | undefined, range?: { start: number; end: number }) {
  if (!bytes) return null;
  return pieces(range ? bytes.subarray(range.start, range.end + 1) : bytes);
}
