import { randomBytes } from 'node:crypto';
import { type Clock, createClock } from './clock.ts';
import type { Job } from './job.ts';
import { createJournal, type Journal } from './journal.ts';
import { createLedger, type Ledger } from './ledger.ts';
import type { Script } from './script.ts';
import { createSigner, type Signer } from './sign.ts';

/** What of a namespace can be set; `PATCH /_sim/{namespace}/settings` takes any part of it. */
export interface Settings {
  /** Time before a job starts, and time that it runs. */
  queueMs: number;
  runMs: number;
  /** Added to every answer, by the machine's clock. */
  latencyMs: number;
  /** Jobs that one format runs at a time; null: any number. */
  concurrency: number | null;
  /** Creates that one format takes within a window of simulated time; null: any number. */
  creates: { count: number; windowMs: number } | null;
  /** Money in each format's account, US dollars; null: endless. */
  balanceUsd: number | null;
  /** Pictures given by address are fetched and looked at, as the upstreams do. */
  fetchPictures: boolean;
  /** Credentials that are taken; null: every one that has the right form. Tokens that begin with `bad` never are. */
  credentials: readonly string[] | null;
  /** Of Kling's old generation: tokens must be signed with it; null: signatures are not checked. */
  klingSecretKey: string | null;
  /** Whether Kling refuses an external_task_id it has seen before; what it really does is not documented. */
  klingRefusesDuplicates: boolean;
  /** Whether Kling signs callbacks: it does once a secret was made in its console. */
  klingSigns: boolean;
  /** Whether an old revision of SGLang answers: multipart only with a picture. */
  sglangOld: boolean;
}

/** A file that a client uploaded. */
export interface Upload {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  bytes: Buffer;
}

/** An endpoint that a customer registered (Rivya). */
export interface Endpoint {
  readonly id: string;
  readonly url: string;
  readonly secret: string;
  readonly createdAt: number;
}

/** Everything that one test, or one user of the sandbox, sees of the simulator. */
export interface Namespace {
  readonly name: string;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly script: Script;
  readonly ledger: Ledger;
  readonly journal: Journal;
  /** Keys and secrets that callbacks are signed with. */
  readonly signer: Signer;
  /** By format and id. */
  readonly jobs: Map<string, Job>;
  /** Ids by format and the caller's own reference; the first that used it. */
  readonly references: Map<string, string>;
  /** Accepted jobs that wait for a free place, by format. */
  readonly waiting: Map<string, Job[]>;
  readonly runningCount: Map<string, number>;
  /** Times of the last creates, by format. */
  readonly createTimes: Map<string, number[]>;
  readonly uploads: Map<string, Upload>;
  readonly endpoints: Map<string, Endpoint>;
  /** Answers to idempotency keys: the job's id and the body it was asked with. */
  readonly idempotency: Map<string, { readonly jobId: string; readonly body: string }>;
  /** Listeners for the progress of jobs (ComfyUI's websocket). */
  readonly listeners: Set<(job: Job) => void>;
  /** The id that the last submit to a format was answered with. */
  readonly lastIds: Map<string, string>;
}

/** Some of the settings. */
export type NamespaceSettings = Partial<Settings>;

/** Quick, without limits, and as strict as documented. */
export const DEFAULT_SETTINGS: Readonly<Settings> = {
  queueMs: 20,
  runMs: 100,
  latencyMs: 0,
  concurrency: null,
  creates: null,
  balanceUsd: null,
  fetchPictures: true,
  credentials: null,
  klingSecretKey: null,
  klingRefusesDuplicates: true,
  klingSigns: true,
  sglangOld: false,
};

const JOURNAL_ENTRIES_MAX = 20_000;

/** An empty namespace; settings that are not given are the default ones. */
export function createNamespace(name: string, settings: NamespaceSettings): Namespace {
  return {
    name,
    settings: { ...DEFAULT_SETTINGS, ...settings },
    clock: createClock(),
    script: { rules: [], strikes: new Map() },
    ledger: createLedger(),
    journal: createJournal(JOURNAL_ENTRIES_MAX),
    signer: createSigner(),
    jobs: new Map(),
    references: new Map(),
    waiting: new Map(),
    runningCount: new Map(),
    createTimes: new Map(),
    uploads: new Map(),
    endpoints: new Map(),
    idempotency: new Map(),
    listeners: new Set(),
    lastIds: new Map(),
  };
}

/** The job of that id, unless the script hides it or the upstream keeps it no longer. */
export function findJob(
  namespace: Namespace,
  format: { readonly name: string; readonly keeps: { readonly recordMs: number | null } },
  id: string,
): Job | null {
  const job = namespace.jobs.get(`${format.name} ${id}`);
  if (!job) return null;
  const now = namespace.clock.now();
  const age = now - job.createdAt;
  if (age < job.plan.lagMs) return null;
  if (job.plan.vanishesMs !== null && age >= job.plan.vanishesMs) return null;
  const { recordMs } = format.keeps;
  if (recordMs !== null && job.endedAt !== null && now - job.endedAt >= recordMs) return null;
  return job;
}

/** The job that was submitted under the caller's own reference. */
export function findByReference(
  namespace: Namespace,
  format: { readonly name: string; readonly keeps: { readonly recordMs: number | null } },
  reference: string,
): Job | null {
  const id = namespace.references.get(`${format.name} ${reference}`);
  return id === undefined ? null : findJob(namespace, format, id);
}

/** All jobs of a format that look-ups can see, oldest first. */
export function visibleJobs(
  namespace: Namespace,
  format: { readonly name: string; readonly keeps: { readonly recordMs: number | null } },
): readonly Job[] {
  const mine: Job[] = [];
  for (const job of namespace.jobs.values()) {
    if (job.format === format.name && findJob(namespace, format, job.id)) mine.push(job);
  }
  return mine;
}

/** Random hexadecimal digits. */
export function hex(digits: number): string {
  return randomBytes(Math.ceil(digits / 2))
    .toString('hex')
    .slice(0, digits);
}
