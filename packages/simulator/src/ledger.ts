import type { Job } from './job.ts';

/** What one reference (or one format, or everything) has been asked and billed for. */
export interface Tally {
  /** Submits that were read completely, refused ones too. */
  received: number;
  /** Submits that became a job: each of them may cost money. */
  accepted: number;
  /** Accepted and not over: charged when it succeeds. */
  held: number;
  billed: number;
  /** Over and not charged. */
  released: number;
  /** List price of what was billed, US dollars. */
  billedUsd: number;
}

/** The tally of one reference of one format. */
export interface ReferenceTally extends Tally {
  readonly format: string;
  /** Kling's external task id, ComfyUI's prompt id, an idempotency key, the callback address, else `prompt:` and the prompt. */
  readonly reference: string;
  readonly prompt: string;
  readonly ids: string[];
}

/** What a namespace was billed, in total, by format and by reference. */
export interface LedgerReport {
  readonly total: Tally;
  readonly byFormat: { readonly [format: string]: Tally };
  readonly byReference: readonly ReferenceTally[];
  /** References with more than one accepted submit: what a gateway must have an explanation for. */
  readonly duplicates: readonly string[];
}

/** Counts what a namespace is asked and billed for. */
export interface Ledger {
  received(format: string, reference: string, prompt: string): void;
  accepted(job: Job): void;
  /** The job is over: charged or not. */
  settled(job: Job): void;
  report(): LedgerReport;
  /** Charged so far with that format, US dollars, running jobs counted as charged. */
  exposedUsd(format: string): number;
}

export function createLedger(): Ledger {
  const total = noTally();
  const byFormat = new Map<string, Tally>();
  const byReference = new Map<string, ReferenceTally>();
  const held = new Map<string, number>();

  function each(
    format: string,
    reference: string,
    prompt: string,
    change: (tally: Tally) => void,
  ): ReferenceTally {
    const ofFormat = byFormat.get(format) ?? noTally();
    byFormat.set(format, ofFormat);
    const key = `${format} ${reference}`;
    const ofReference = byReference.get(key) ?? { format, reference, prompt, ids: [], ...noTally() };
    byReference.set(key, ofReference);
    for (const tally of [total, ofFormat, ofReference]) change(tally);
    return ofReference;
  }

  const hold = (format: string, usd: number) => held.set(format, (held.get(format) ?? 0) + usd);

  return {
    received(format, reference, prompt) {
      each(format, reference, prompt, (tally) => {
        tally.received += 1;
      });
    },
    accepted(job) {
      const mine = each(job.format, job.reference, job.order.prompt, (tally) => {
        tally.accepted += 1;
        tally.held += 1;
      });
      mine.ids.push(job.id);
      hold(job.format, job.costUsd);
    },
    settled(job) {
      const billed = job.billing === 'billed';
      hold(job.format, -job.costUsd);
      each(job.format, job.reference, job.order.prompt, (tally) => {
        tally.held -= 1;
        if (billed) {
          tally.billed += 1;
          tally.billedUsd = rounded(tally.billedUsd + job.costUsd);
        } else tally.released += 1;
      });
    },
    report() {
      const references = [...byReference.values()];
      return {
        total,
        byFormat: Object.fromEntries(byFormat),
        byReference: references,
        duplicates: references.filter((one) => one.accepted > 1).map((one) => one.reference),
      };
    },
    exposedUsd: (format) => (held.get(format) ?? 0) + (byFormat.get(format)?.billedUsd ?? 0),
  };
}

function noTally(): Tally {
  return { received: 0, accepted: 0, held: 0, billed: 0, released: 0, billedUsd: 0 };
}

function rounded(usd: number): number {
  return Math.round(usd * 1e6) / 1e6;
}
