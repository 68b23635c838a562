import type { Plan } from './plan.ts';

/** A picture that came with an order. */
export interface PictureInput {
  readonly role: 'first' | 'last';
  /** Bytes that came with the order, or an address to fetch them from. */
  readonly from: Buffer | string;
}

/** What an order asks for, in words common to all formats. */
export interface Submission {
  /** The caller's own name for the order, by which the ledger counts; null: it is counted by its prompt. */
  readonly reference: string | null;
  /** The id where the caller chooses it. */
  readonly id?: string;
  /** The job that the same idempotency key has created before: nothing new is accepted. */
  readonly repeats?: Job;
  readonly model: string;
  readonly prompt: string;
  readonly durationSeconds: number;
  readonly sound: boolean;
  readonly resolution: '720p' | '1080p';
  /** Width to height; null: as the first picture. */
  readonly ratio: readonly [number, number] | null;
  readonly pictures: readonly PictureInput[];
  readonly callbackUrl: string | null;
  /** How long the caller wants the film kept; null or missing: as long as the upstream keeps it. */
  readonly filmKeptMs?: number | null;
  /** What the format needs to remember to answer later. */
  readonly memory: { readonly [key: string]: unknown };
}

/** Where a job stands; the last three are final. */
export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'canceled';

/** One job of an upstream. Times are of the namespace's clock. */
export interface Job {
  readonly id: string;
  readonly format: string;
  readonly reference: string;
  readonly order: Submission;
  readonly plan: Plan;
  /** Address of the namespace as the submitter wrote it. */
  readonly root: string;
  readonly createdAt: number;
  readonly costUsd: number;
  /** Width to height of the film, once known. */
  ratio: readonly [number, number];
  state: JobState;
  startedAt: number | null;
  endedAt: number | null;
  updatedAt: number;
  failure: { readonly code: string; readonly message: string } | null;
  billing: 'held' | 'billed' | 'released';
  /** How often its state was asked. */
  reads: number;
  /** Prevents what the clock still has for it. */
  readonly alarms: Set<() => void>;
}

/** The state as the upstream tells it: the true one, unless the script made it lie. Counts as one look. */
export function toldState(job: Job): JobState {
  job.reads += 1;
  if (job.plan.lie === 'premature' && job.state !== 'failed') return 'succeeded';
  if (job.plan.lie === 'flip' && job.state === 'succeeded' && job.reads % 2 === 0) return 'running';
  if (job.plan.lie === 'failed' && job.state === 'succeeded') return 'failed';
  return job.state;
}

/** Links to the films that the upstream tells of. */
export function outputUrls(job: Job): readonly string[] {
  if (job.plan.lie === 'empty') return [];
  if (job.plan.film.url !== null) return [job.plan.film.url];
  return [`${job.root}/films/${job.format}/${job.id}.mp4`];
}

/** 0 … 100, by the time that has passed. */
export function progressOf(job: Job, now: number): number {
  if (job.state === 'succeeded') return 100;
  if (job.startedAt === null) return 0;
  return Math.min(99, Math.max(0, Math.floor((100 * (now - job.startedAt)) / Math.max(1, job.plan.runMs))));
}

/** Whether nothing happens to it any more. */
export function isOver(job: Job): boolean {
  return job.state === 'succeeded' || job.state === 'failed' || job.state === 'canceled';
}
