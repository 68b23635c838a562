import { type Call, Refusal, type Reply } from '../format.ts';
import type { Job } from '../job.ts';
import { hex } from '../namespace.ts';
import { DAY_MS } from './common.ts';

/** What both generations share: one account, one set of tasks. */
export const KLING = { name: 'kling', keeps: { filmMs: 30 * DAY_MS, recordMs: null } } as const;

/** One unit of a resource pack in US dollars. */
export const UNIT_USD = 0.14;

/** What was deducted from a resource pack. */
export function unitsOf(job: Job): string {
  return String(Math.round((job.costUsd / UNIT_USD) * 100) / 100);
}

/** What Kling answers to a used external_task_id is not documented; this is the expected refusal. */
export function refuseDuplicate(call: Call, reference: string | null): void {
  if (reference === null || !call.namespace.settings.klingRefusesDuplicates) return;
  if (call.namespace.references.has(`kling ${reference}`))
    throw new Refusal('1201', `external_task_id ${reference} already exists`);
}

/** The envelope of every good answer. */
export function success(data: unknown): Reply {
  return { status: 200, body: { code: 0, message: 'SUCCEED', request_id: hex(32), data } };
}
