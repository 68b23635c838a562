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

/** An empty ledger. */
export function createLedger(): Ledger {
  return new CountingLedger();
}

class CountingLedger implements Ledger {
  readonly #total = noTally();
  readonly #byFormat = new Map<string, Tally>();
  readonly #byReference = new Map<string, ReferenceTally>();
  /** List price of what is accepted and not over, by format. */
  readonly #heldUsd = new Map<string, number>();

  received(format: string, reference: string, prompt: string): void {
    this.#count(format, reference, prompt, (tally) => {
      tally.received += 1;
    });
  }

  accepted(job: Job): void {
    const mine = this.#count(job.format, job.reference, job.order.prompt, (tally) => {
      tally.accepted += 1;
      tally.held += 1;
    });
    mine.ids.push(job.id);
    this.#hold(job.format, job.costUsd);
  }

  settled(job: Job): void {
    this.#hold(job.format, -job.costUsd);
    this.#count(job.format, job.reference, job.order.prompt, (tally) => {
      tally.held -= 1;
      if (job.billing === 'billed') {
        tally.billed += 1;
        tally.billedUsd = rounded(tally.billedUsd + job.costUsd);
      } else tally.released += 1;
    });
  }

  report(): LedgerReport {
    const references = [...this.#byReference.values()];
    // A copy: what a test has read does not change under it.
    return structuredClone({
      total: this.#total,
      byFormat: Object.fromEntries(this.#byFormat),
      byReference: references,
      duplicates: references.filter((one) => one.accepted > 1).map((one) => one.reference),
    });
  }

  exposedUsd(format: string): number {
    return (this.#heldUsd.get(format) ?? 0) + (this.#byFormat.get(format)?.billedUsd ?? 0);
  }

  #count(format: string, reference: string, prompt: string, change: (tally: Tally) => void): ReferenceTally {
    const ofFormat = this.#byFormat.get(format) ?? noTally();
    this.#byFormat.set(format, ofFormat);
    const key = `${format} ${reference}`;
    const ofReference = this.#byReference.get(key) ?? { format, reference, prompt, ids: [], ...noTally() };
    this.#byReference.set(key, ofReference);
    for (const tally of [this.#total, ofFormat, ofReference]) change(tally);
    return ofReference;
  }

  #hold(format: string, usd: number): void {
    this.#heldUsd.set(format, (this.#heldUsd.get(format) ?? 0) + usd);
  }
}

function noTally(): Tally {
  return { received: 0, accepted: 0, held: 0, billed: 0, released: 0, billedUsd: 0 };
}

function rounded(usd: number): number {
  return Math.round(usd * 1e6) / 1e6;
}
