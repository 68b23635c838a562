import { backoffMs } from '../../core/backoff.ts';
import { StoreUnavailable } from '../../core/ports/tasks.ts';
import type { AdvanceDeps } from './deps.ts';

/** With the pauses between them about a minute and a half: as long as a lease. */
const TRIES = 12;

/**
 * Does something with the store that must not be lost to a moment without it: again and again while it cannot be
 * reached. What else goes wrong is thrown at once.
 */
export async function insist<Result>(
  deps: Pick<AdvanceDeps, 'pause' | 'ids'>,
  act: () => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || tries === TRIES) throw error;
      await deps.pause(backoffMs(tries, deps.ids.chance(), 250, 15_000));
    }
  }
}
