import type { RouteReport } from '../../src/core/health.ts';
import { accept } from '../../src/core/lifecycle.ts';
import type { Files } from '../../src/core/ports/files.ts';
import type { Film, Inspector, Net, Picture, PostReply } from '../../src/core/ports/net.ts';
import type { Provider, Route, Upstream } from '../../src/core/ports/provider.ts';
import type { Store } from '../../src/core/ports/store.ts';
import type { Moderator } from '../../src/core/ports/world.ts';
import type { Task } from '../../src/core/task.ts';
import type { AdvanceDeps } from '../../src/flow/advance/deps.ts';
import { advanceQueued } from '../../src/flow/advance/queued.ts';
import type { CreateInput } from '../../src/flow/create.ts';
import type { DeliverDeps } from '../../src/flow/deliver.ts';
import { kling26 } from '../../src/models/kling-2-6.ts';
import { MemoryStore } from '../contract/store/memory.ts';
import { anAbility, anOrder, anOrigin, aTask, T0 } from '../world.ts';

/** A route whose upstream does what a test says, and nothing it does not. */
export function aRouteOf(adapter: Partial<Provider> = {}, more: Partial<Route> = {}): Route {
  const abilities = [anAbility()];
  const upstream: Upstream = {
    credential: {},
    callbackUrl: () => null,
    call: unasked('call'),
    callOnce: unasked('callOnce'),
    now: () => T0,
  };
  return {
    name: 'fast',
    provider: 'fal',
    tier: 'value',
    abilities,
    weight: 1,
    health: 'well',
    upstream,
    ...more,
    adapter: {
      name: 'fal',
      tier: 'value',
      credential: [],
      abilities,
      dedupe: 'none',
      looks: { firstMs: () => 20_000, thenMs: 5_000 },
      submit: unasked('submit'),
      watch: unasked('watch'),
      ...adapter,
    },
  };
}

function unasked(what: string): () => Promise<never> {
  return () => Promise.reject(new Error(`${what} was not to be called`));
}

/** The flows on a store in memory, at a moment that only the test moves, among surroundings that do no harm. */
export class Bench {
  now = T0;
  /** How long the flows paused. */
  readonly pauses: number[] = [];
  readonly disk = new Map<string, string>();
  readonly store = new MemoryStore(() => this.now);
  routes: Route[] = [];
  readonly reports: ({ name: string } & RouteReport)[] = [];
  take: (name: string, task: string) => boolean = () => true;
  picture: Picture = { mimeType: 'image/png', width: 800, height: 600 };
  film: Film = { durationMs: 5_040, width: 1280, height: 720, videoCodec: 'avc', hasAudio: false };
  reply: PostReply = { status: 200, durationMs: 5, excerpt: '', retryAfterMs: null, error: null };
  readonly posted: {
    url: string;
    body: string;
    headers: Readonly<Record<string, string>>;
    timeoutMs: number;
  }[] = [];
  moderate: Moderator['judge'] = async () => ({ allowed: true });
  download: Net['download'] = async (url) => bytes(url);
  inspect: (() => void) | null = null;
  /** Pictures whose copy was disposed of. */
  readonly disposed: string[] = [];
  room: Files['room'] = async () => {};
  keep: Files['keep'] = async (id, source) => {
    let content = 'path' in source ? source.path : '';
    if ('stream' in source)
      for await (const chunk of source.stream) content += new TextDecoder().decode(chunk);
    this.disk.set(id, content);
    return { bytes: content.length, sha256: content };
  };
  #ids = 0;

  readonly deps: AdvanceDeps & DeliverDeps & { readonly store: MemoryStore } = {
    store: this.store,
    clock: { now: () => this.now },
    scribe: { letters: (_, notices) => notices.map((type) => ({ to: 'callback', type, body: '{}' })) },
    models: { all: () => [kling26], byId: (id) => (id === kling26.id ? kling26 : null) },
    routes: {
      all: async () => this.routes,
      byName: async (name) => this.routes.find((one) => one.name === name) ?? null,
      take: async (name, task) => this.take(name, task),
      report: (name, report) => void this.reports.push({ name, ...report }),
      claim: async (name, handle, task) => this.store.claimJob(name, JSON.stringify(handle), task),
      callbackKey: async () => null,
    },
    files: {
      keep: (...given) => this.keep(...given),
      path: async (id) => (this.disk.has(id) ? `/disk/${id}` : null),
      open: async () => null,
      stat: async () => null,
      room: () => this.room(),
      remove: async (id) => {
        this.disk.delete(id);
      },
    },
    net: {
      judge: () => null,
      download: (...given) => this.download(...given),
      post: async (url, body, headers, timeoutMs) => {
        this.posted.push({ url, body, headers, timeoutMs });
        return this.reply;
      },
    },
    inspector: {
      picture: async () => {
        this.inspect?.();
        return this.picture;
      },
      film: async () => {
        this.inspect?.();
        return this.film;
      },
      sound: async () => ({ mimeType: 'audio/wav', durationMs: 1_000 }),
      jpeg: async (path) => ({
        path: `${path}.jpg`,
        bytes: 1,
        dispose: async () => void this.disposed.push(path),
      }),
    } satisfies Inspector,
    moderator: { judge: (order) => this.moderate(order) },
    ids: {
      task: () => `task_n${this.#next()}`,
      file: () => `file_n${this.#next()}`,
      account: () => `acc_n${this.#next()}`,
      key: () => `key_n${this.#next()}`,
      chance: () => 1,
    },
    pause: async (ms) => {
      this.pauses.push(ms);
    },
  };

  #next(): number {
    this.#ids += 1;
    return this.#ids;
  }

  /** An account with a key and some credits; in another store than the bench's own where that is given. */
  static async open(credits = 1_000, unfinishedTasks = 10, elsewhere?: Store): Promise<Bench> {
    const bench = new Bench();
    const store = elsewhere ?? bench.store;
    await store.createAccount({
      id: 'acc_1',
      name: 'a',
      sandbox: false,
      wallet: 'acc_1',
      cap: null,
      createdAt: T0,
    });
    await store.createKey({
      id: 'key_1',
      account: 'acc_1',
      wallet: 'acc_1',
      hash: 'h',
      prefix: 'rly_live_abcd',
      last4: 'wxyz',
      name: '',
      sandbox: false,
      scopes: [],
      strategy: 'auto',
      requestsPerMinute: 10_000,
      unfinishedTasks,
      cap: null,
      createdAt: T0,
      expiresAt: null,
      revokedAt: null,
      callbackSecrets: ['whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI='],
    });
    await store.commitAccount({
      account: 'acc_1',
      reference: 'g',
      reason: 'g',
      kind: 'grant',
      amount: credits,
    });
    return bench;
  }

  /** A task put into the store, in whatever state. */
  async put(more: Partial<Task> = {}): Promise<Task> {
    const task = aTask({ price: 0, ...more });
    await this.store.commit({ ...accept({ ...task, version: 0, escrow: 0 }), task, letters: [] });
    return task;
  }

  input(more: Partial<CreateInput> = {}): CreateInput {
    const caller = {
      account: 'acc_1',
      wallet: 'acc_1',
      key: 'key_1',
      sandbox: false,
      unfinishedTasks: 3,
    } as const;
    return { caller, order: anOrder(), origin: anOrigin(), ...more };
  }

  /** The task as the store has it. */
  async fresh(task: Pick<Task, 'id'>): Promise<Task> {
    const now = await this.store.task(task.id);
    if (!now) throw new Error(`there is no ${task.id}`);
    return now;
  }

  dueInMs(task: Pick<Task, 'id'>): number | null {
    const dueAt = this.store.rows.get(task.id)?.dueAt ?? null;
    return dueAt === null ? null : dueAt - this.now;
  }

  async events(task: Pick<Task, 'id'>): Promise<readonly string[]> {
    return (await this.store.timeline(task.id)).map((one) => one.event);
  }
}

/** An order that begins with a picture. */
export const FROM_PICTURE = anOrder({
  mode: 'image-to-video',
  media: [{ role: 'first_frame', kind: 'image', url: 'https://me.example/a.png' }],
});

/** A queued task advanced once, on one route. */
export async function advanced(
  adapter: Partial<Provider>,
  more: Partial<Task> = {},
  change?: (bench: Bench) => void,
) {
  const bench = await Bench.open();
  bench.routes = [aRouteOf(adapter)];
  change?.(bench);
  const task = await bench.put(more);
  await advanceQueued(bench.deps, task, bench.now);
  return { bench, task, now: await bench.fresh(task), events: await bench.events(task) };
}

async function* bytes(text: string): AsyncIterable<Uint8Array> {
  yield new TextEncoder().encode(text);
}
