import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import type { Clock } from '../../core/ports/world.ts';
import type { ChildMessage, FailedReason, RenderJob } from './job.ts';
import type { FilmFiles } from './render/film.ts';

/** Where a render stands. */
export type RenderState =
  | { readonly is: 'waiting'; readonly position: number; readonly estimateMs: number }
  | { readonly is: 'rendering'; readonly percent: number; readonly estimateMs: number }
  | { readonly is: 'rendered'; readonly files: FilmFiles }
  | { readonly is: 'failed'; readonly reason: FailedReason; readonly message: string };

/** The queue of renders of this machine: as many processes at once as slots, the rest in order of arrival. */
export interface Renderer {
  /** Puts a job on the queue; an id that is known already is left as it is. */
  start(id: string, job: RenderJob): void;
  /** Null where the id is not known. `position` counts the jobs before it; estimates are to its end. */
  state(id: string): RenderState | null;
  /** Takes a job off the queue or kills its process, and forgets it. False where it was over or unknown. */
  cancel(id: string): boolean;
  /** Forgets a job that is over. */
  forget(id: string): void;
  /** Kills every process and ends all waiting; resolves when they are gone. */
  close(): Promise<void>;
}

/** How the queue is set up. */
export interface RendererOptions {
  readonly slots: number;
  readonly clock: Clock;
  /** Called once for each job that came to an end by itself. */
  readonly onEnd: (id: string) => void;
  /** How long the process of an instant film is kept for the next job, in milliseconds. */
  readonly idleMs?: number;
}

interface Entry {
  readonly job: RenderJob;
  state: RenderState;
  startedAt: number;
  worker: Worker | null;
}

interface Worker {
  readonly process: ChildProcess;
  job: string | null;
  complaint: string;
  idle: NodeJS.Timeout | null;
}

// What a second of film takes before any was measured: a slow machine's figure, in milliseconds.
const FIRST_GUESS_MS = 1500;

// Long enough for a test suite to keep its process between two films.
const IDLE_MS = 120_000;

/**
 * How Node runs a render. Without the middle compiler (Maglev, V8 13.6): what it makes of the drawing code gives other
 * frames than the rest does, in about one process of forty, depending on when it steps in; and the same prompt and seed
 * must give the same film. With a small young generation: three threads have one each, and a render has 250 MB in all.
 */
export const RENDER_FLAGS: readonly string[] = ['--expose-gc', '--no-maglev', '--max-semi-space-size=2'];

/** Starts the queue; processes are started as jobs come. */
export function startRenderer(options: RendererOptions): Renderer {
  return new RenderQueue(options);
}

class RenderQueue implements Renderer {
  readonly #options: RendererOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting: string[] = [];
  readonly #workers = new Set<Worker>();
  #msPerSecond = FIRST_GUESS_MS;
  #closed = false;

  constructor(options: RendererOptions) {
    this.#options = options;
  }

  start(id: string, job: RenderJob): void {
    if (this.#closed || this.#entries.has(id)) return;
    const state = { is: 'waiting', position: 0, estimateMs: 0 } as const;
    this.#entries.set(id, { job, state, startedAt: 0, worker: null });
    this.#waiting.push(id);
    this.#pump();
  }

  state(id: string): RenderState | null {
    const entry = this.#entries.get(id);
    if (!entry) return null;
    if (entry.state.is === 'waiting') {
      const position = this.#waiting.indexOf(id);
      return { is: 'waiting', position, estimateMs: this.#estimate(entry, position) };
    }
    if (entry.state.is === 'rendering') return { ...entry.state, estimateMs: this.#left(entry) };
    return entry.state;
  }

  cancel(id: string): boolean {
    const entry = this.#entries.get(id);
    if (!entry || entry.state.is === 'rendered' || entry.state.is === 'failed') return false;
    this.#entries.delete(id);
    const place = this.#waiting.indexOf(id);
    if (place >= 0) this.#waiting.splice(place, 1);
    entry.worker?.process.kill('SIGKILL');
    return true;
  }

  forget(id: string): void {
    const state = this.#entries.get(id)?.state.is;
    if (state === 'rendered' || state === 'failed') this.#entries.delete(id);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting.length = 0;
    this.#entries.clear();
    const gone = [...this.#workers].map(
      (worker) => new Promise<void>((resolve) => worker.process.once('exit', () => resolve())),
    );
    for (const worker of this.#workers) worker.process.kill('SIGKILL');
    await Promise.all(gone);
  }

  /** Gives waiting jobs to idle or new processes, up to the slots. */
  #pump(): void {
    while (this.#waiting.length > 0 && !this.#closed) {
      const idle = [...this.#workers].find((worker) => worker.job === null);
      if (!idle && this.#workers.size >= this.#options.slots) return;
      const id = this.#waiting.shift();
      const entry = id === undefined ? undefined : this.#entries.get(id);
      if (id === undefined || !entry) continue;
      const worker = idle ?? this.#open();
      if (worker.idle) clearTimeout(worker.idle);
      worker.job = id;
      worker.process.ref();
      entry.worker = worker;
      entry.startedAt = this.#options.clock.now();
      entry.state = { is: 'rendering', percent: 0, estimateMs: 0 };
      worker.process.send(entry.job);
    }
  }

  #open(): Worker {
    // The same ending as this file's: TypeScript in the repository, JavaScript where it is installed.
    const path = new URL(`./child${extname(import.meta.filename)}`, import.meta.url);
    const child = fork(path, { execArgv: [...RENDER_FLAGS], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    const worker: Worker = { process: child, job: null, complaint: '', idle: null };
    this.#workers.add(worker);
    child.stderr?.on('data', (chunk: Buffer) => {
      worker.complaint = (worker.complaint + chunk.toString('utf8')).slice(-2000);
    });
    child.on('message', (message: ChildMessage) => this.#hear(worker, message));
    child.once('error', (error) => {
      worker.complaint = error.message;
    });
    child.once('exit', (code, signal) =>
      this.#exited(worker, `${signal ?? `exit ${code}`}: ${worker.complaint}`),
    );
    return worker;
  }

  #hear(worker: Worker, message: ChildMessage): void {
    const entry = worker.job === null ? undefined : this.#entries.get(worker.job);
    if (message.is === 'progress') {
      if (entry) entry.state = { is: 'rendering', percent: message.percent, estimateMs: 0 };
      return;
    }
    const end: RenderState =
      message.is === 'rendered'
        ? { is: 'rendered', files: message.files }
        : { is: 'failed', reason: message.reason, message: message.message };
    if (entry && message.is === 'rendered' && !entry.job.instant) this.#learn(entry);
    const id = worker.job;
    worker.job = null;
    if (entry?.job.instant) this.#rest(worker);
    else this.#retire(worker);
    if (id !== null) this.#end(id, end);
    this.#pump();
  }

  /** A process that died over its job failed it; the queue goes on with a new one. */
  #exited(worker: Worker, why: string): void {
    this.#workers.delete(worker);
    if (worker.idle) clearTimeout(worker.idle);
    if (worker.job !== null) this.#end(worker.job, { is: 'failed', reason: 'internal', message: why });
    this.#pump();
  }

  #end(id: string, state: RenderState): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.state = state;
    entry.worker = null;
    this.#options.onEnd(id);
  }

  /** What a film took of memory goes with its process. */
  #retire(worker: Worker): void {
    this.#workers.delete(worker);
    worker.process.kill();
  }

  /** An idle process stays for the next job for a while, and never keeps the gateway alive. */
  #rest(worker: Worker): void {
    worker.process.unref();
    worker.idle = setTimeout(() => worker.process.kill(), this.#options.idleMs ?? IDLE_MS);
    worker.idle.unref();
  }

  #learn(entry: Entry): void {
    const took = (this.#options.clock.now() - entry.startedAt) / entry.job.film.seconds;
    this.#msPerSecond += (took - this.#msPerSecond) * 0.4;
  }

  #left(entry: Entry): number {
    const whole = entry.job.film.seconds * this.#msPerSecond;
    const percent = entry.state.is === 'rendering' ? entry.state.percent : 0;
    return Math.round(whole * (1 - percent / 100));
  }

  #estimate(entry: Entry, position: number): number {
    let before = 0;
    for (const other of this.#entries.values())
      if (other.state.is === 'rendering') before += this.#left(other);
    for (const id of this.#waiting.slice(0, position)) {
      before += (this.#entries.get(id)?.job.film.seconds ?? 0) * this.#msPerSecond;
    }
    return Math.round(before / this.#options.slots + entry.job.film.seconds * this.#msPerSecond);
  }
}
