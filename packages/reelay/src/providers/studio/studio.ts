import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Failure, failure } from '../../core/failure.ts';
import type { Order } from '../../core/order.ts';
import type { Job, Provider, Sighting } from '../../core/ports/provider.ts';
import type { Clock } from '../../core/ports/world.ts';
import type { Ability } from '../../core/routing.ts';
import type { Json, TaskId } from '../../core/values.ts';
import type { RenderJob } from './job.ts';
import { type Magic, readMagic, shownProgress } from './magic.ts';
import { hash32 } from './render/random.ts';
import { type Renderer, startRenderer } from './renderer.ts';

/** How the studio is set up in a gateway process. */
export interface StudioOptions {
  /** This machine's name among the gateway's nodes; it must change when the process starts anew. */
  readonly node: string;
  /** Where renders put their files; emptied of each job an hour after its end. */
  readonly folder: string;
  /** Renders at once; as a rule the number of cores. */
  readonly slots: number;
  readonly encoder: 'auto' | 'packaged' | 'ffmpeg';
  /** What the studio can do, by model. */
  readonly abilities: readonly Ability[];
  readonly clock: Clock;
  /** Whether another node still lives: its jobs are running until it does not. */
  readonly isAlive: (node: string) => Promise<boolean>;
  /** Makes a task due now: its job is over. */
  readonly wake: (task: TaskId) => void;
}

/** The studio as a provider, with what only its owner needs. */
export interface Studio extends Provider {
  /** Where a job stands in this machine's queue; null where it is not waiting here. */
  queue(handle: Json): { readonly position: number; readonly estimateMs: number } | null;
  /** Kills all renders and forgets all jobs. */
  close(): Promise<void>;
}

interface StudioJob {
  readonly task: TaskId;
  readonly magic: Magic;
  readonly startedAt: number;
  readonly folder: string;
  timer: NodeJS.Timeout | null;
}

const KEPT_MS = 3_600_000;

/** Starts the studio: a provider that renders animatics on this machine, and the sandbox's magic words. */
export function startStudio(options: StudioOptions): Studio {
  return new LocalStudio(options);
}

class LocalStudio implements Studio {
  readonly name = 'studio';
  readonly tier = 'own';
  readonly credential = [];
  readonly dedupe = 'free';
  // The studio wakes its own tasks; the looks are for progress, and for a wake that was lost.
  readonly looks = { firstMs: () => 2000, thenMs: 3000 };
  readonly abilities: readonly Ability[];
  readonly #options: StudioOptions;
  readonly #renderer: Renderer;
  readonly #jobs = new Map<string, StudioJob>();

  constructor(options: StudioOptions) {
    this.#options = options;
    this.abilities = options.abilities;
    this.#renderer = startRenderer({
      slots: options.slots,
      clock: options.clock,
      onEnd: (id) => this.#ended(id),
    });
  }

  /** Never asks anybody: the job is on this machine's queue when it returns. The same attempt is the same job. */
  async submit(job: Job): Promise<Json> {
    const id = `${job.task}-${job.attempt.number}`;
    if (!this.#jobs.has(id)) this.#begin(id, job);
    return { node: this.#options.node, job: id };
  }

  async watch(handles: readonly Json[]): Promise<readonly Sighting[]> {
    return await Promise.all(handles.map((handle) => this.#look(handle)));
  }

  async cancel(handle: Json): Promise<'stopped' | 'too_late'> {
    const place = readHandle(handle);
    const job = place?.node === this.#options.node ? this.#jobs.get(place.job) : undefined;
    if (!place || !job) return 'too_late';
    if (this.#sight(place.job, job).is !== 'running') return 'too_late';
    this.#renderer.cancel(place.job);
    await this.#drop(place.job, job);
    return 'stopped';
  }

  queue(handle: Json): { position: number; estimateMs: number } | null {
    const place = readHandle(handle);
    const state = place?.node === this.#options.node ? this.#renderer.state(place.job) : null;
    return state?.is === 'waiting' ? { position: state.position, estimateMs: state.estimateMs } : null;
  }

  async close(): Promise<void> {
    for (const job of this.#jobs.values()) if (job.timer) clearTimeout(job.timer);
    this.#jobs.clear();
    await this.#renderer.close();
  }

  #begin(id: string, job: Job): void {
    const magic = readMagic(job.order.prompt);
    const folder = join(this.#options.folder, id);
    const entry: StudioJob = {
      task: job.task,
      magic,
      startedAt: this.#options.clock.now(),
      folder,
      timer: null,
    };
    this.#jobs.set(id, entry);
    if (magic.outcome === 'film')
      this.#renderer.start(id, renderJob(job, magic, folder, this.#options.encoder));
    if (magic.outcome !== 'never') this.#wakeIn(entry, magic.afterMs);
  }

  #wakeIn(job: StudioJob, ms: number): void {
    if (job.timer) clearTimeout(job.timer);
    job.timer = setTimeout(() => this.#options.wake(job.task), ms);
    job.timer.unref();
  }

  /** A render came to its end: the task is told, unless its magic words hold it back. */
  #ended(id: string): void {
    const job = this.#jobs.get(id);
    if (!job) return;
    const left = job.startedAt + job.magic.afterMs - this.#options.clock.now();
    if (left <= 0) this.#options.wake(job.task);
    const keep = setTimeout(() => void this.#drop(id, job), Math.max(0, left) + KEPT_MS);
    keep.unref();
  }

  async #drop(id: string, job: StudioJob): Promise<void> {
    if (job.timer) clearTimeout(job.timer);
    this.#jobs.delete(id);
    this.#renderer.forget(id);
    await rm(job.folder, { recursive: true, force: true });
  }

  async #look(handle: Json): Promise<Sighting> {
    const place = readHandle(handle);
    if (!place) return { is: 'gone' };
    if (place.node !== this.#options.node) {
      return (await this.#options.isAlive(place.node)) ? { is: 'running', progress: null } : { is: 'gone' };
    }
    const job = this.#jobs.get(place.job);
    return job ? this.#sight(place.job, job) : { is: 'gone' };
  }

  #sight(id: string, job: StudioJob): Sighting {
    const { magic } = job;
    const elapsedMs = this.#options.clock.now() - job.startedAt;
    if (magic.outcome === 'never') return { is: 'running', progress: shownProgress(magic, 0, 0) };
    if (magic.outcome !== 'film') {
      if (elapsedMs < magic.afterMs) return { is: 'running', progress: shownProgress(magic, 0, elapsedMs) };
      return failed(magic.outcome, 'asked for by the prompt');
    }
    const state = this.#renderer.state(id);
    if (!state) return { is: 'gone' };
    if (state.is === 'waiting') return { is: 'running', progress: 0 };
    const percent = state.is === 'rendering' ? state.percent : 100;
    if (state.is === 'rendering' || elapsedMs < magic.afterMs) {
      return { is: 'running', progress: shownProgress(magic, percent, elapsedMs) };
    }
    if (state.is === 'failed') {
      if (state.reason === 'picture') return failed(failure('unsupported_format'), state.message);
      return { is: 'failed', failure: { kind: 'internal', message: state.message, charged: false } };
    }
    const { film, poster, preview } = state.files;
    return {
      is: 'rendered',
      outputs: [
        { kind: 'video', at: { path: film } },
        { kind: 'poster', at: { path: poster } },
        { kind: 'preview', at: { path: preview } },
      ],
      usage: { costMicros: null },
    };
  }
}

function failed(told: Failure, message: string): Sighting {
  const kind = told.code === 'content_violation' ? 'content_violation' : 'invalid_input';
  return { is: 'failed', failure: { kind, message: message.slice(0, 500), charged: false, failure: told } };
}

function readHandle(handle: Json): { readonly node: string; readonly job: string } | null {
  if (handle === null || typeof handle !== 'object' || Array.isArray(handle)) return null;
  const { node, job } = handle as { readonly [key: string]: Json };
  return typeof node === 'string' && typeof job === 'string' ? { node, job } : null;
}

function renderJob(job: Job, magic: Magic, folder: string, encoder: StudioOptions['encoder']): RenderJob {
  const { order } = job;
  const shown = job.media.find((one) => one.kind === 'image');
  return {
    film: {
      prompt: magic.prompt,
      seed: magic.seed ?? seedOf(order, job.task),
      seconds: order.durationSeconds,
      sound: order.sound,
      aspectRatio: shown ? `${shown.width}:${shown.height}` : (order.aspectRatio ?? '1:1'),
      pictures: pictures(job),
      folder,
      encoder,
    },
    instant: magic.instant,
    bytes: magic.bytes,
  };
}

/** The first frame, then the last one where there is one. */
function pictures(job: Job): string[] {
  const images = job.media.filter((one) => one.kind === 'image');
  const last = images.filter((one) => one.role === 'last_frame');
  return [...images.filter((one) => one.role !== 'last_frame'), ...last].map((one) => one.path).slice(0, 2);
}

/** The caller's own seed, or the task's: another task is another film, the same task always the same. */
function seedOf(order: Order, task: TaskId): number {
  const { seed } = order.extra;
  return typeof seed === 'number' && Number.isInteger(seed) && seed >= 0 ? seed >>> 0 : hash32(task);
}
