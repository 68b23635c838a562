import { parentPort, workerData } from 'node:worker_threads';
import { planOf } from './story.ts';
import { told } from './telling.ts';

/** What became of a run of stories; it stops at the first that breaks a law. */
export interface Told {
  readonly failure: { readonly seed: number; readonly broken: readonly string[] } | null;
  /** How the tasks ended, counted. */
  readonly ends: Readonly<Record<string, number>>;
}

async function tell({ first, count }: { first: number; count: number }): Promise<Told> {
  const ends: Record<string, number> = {};
  for (let seed = first; seed < first + count; seed += 1) {
    const { story, broken } = await told(planOf(seed));
    if (broken.length > 0) return { failure: { seed, broken }, ends };
    for (const entries of story.journal.entries.values()) {
      const state = entries.at(-1)?.change.task.state;
      const end = state?.name === 'failed' ? state.failure.code : (state?.name ?? 'nothing');
      ends[end] = (ends[end] ?? 0) + 1;
    }
  }
  return { failure: null, ends };
}

parentPort?.postMessage(await tell(workerData));
