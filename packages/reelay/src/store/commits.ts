import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Commit, Verdict } from '../core/ports/tasks.ts';
import { StoreUnavailable } from '../core/ports/tasks.ts';
import type { TaskId } from '../core/values.ts';
import { birthRow, eventsOf, moveRow } from './changes.ts';
import type { Reaction } from './group.ts';
import { Grouped } from './group.ts';
import { AlreadyThere, Conflict, LockTimeout, type Session, type Statement } from './session.ts';

const GROUP_SIZE = 256;
const LANES = 2;
/** A lost answer is asked for again after these pauses; then nobody can say (503). */
const PAUSES_MS = [20, 100, 500, 1_500];

const BIRTHS: Statement = { name: 'commit_births', text: 'select commit_births($1, $2, $3) as verdicts' };
const MOVES: Statement = { name: 'commit_moves', text: 'select commit_moves($1, $2, $3) as verdicts' };
const MOVES_TOLD: Statement = {
  name: 'commit_moves_and_tell',
  text: 'select commit_moves_and_tell($1, $2, $3) as verdicts',
};

interface Pending {
  readonly change: Commit;
  readonly changeId: string;
}

/** Commits changes in groups: births and later moves apart, each in lanes by wallet. */
export class Commits {
  readonly #session: Session;
  readonly #births: Grouped<Pending, Answer>;
  readonly #moves: Grouped<Pending, Answer>;
  readonly #onCommitted: (ids: readonly TaskId[], born: boolean) => void;

  /** @param onCommitted told of what was committed, group by group */
  constructor(session: Session, onCommitted: (ids: readonly TaskId[], born: boolean) => void) {
    this.#session = session;
    this.#onCommitted = onCommitted;
    const lanes = {
      lanes: LANES,
      size: GROUP_SIZE,
      onError: reaction,
      laneName: ({ change }: Pending) => change.task.wallet,
    };
    this.#births = new Grouped({
      ...lanes,
      exclusive: ({ change }) => birthNames(change),
      run: (group) => this.#commitGroup(BIRTHS, group, birthRow),
    });
    this.#moves = new Grouped({
      ...lanes,
      exclusive: ({ change }) => [change.task.id],
      run: (group) => this.#commitGroup(isTold(group) ? MOVES_TOLD : MOVES, group, moveRow),
    });
  }

  /** The change's own verdict. Throws `StoreUnavailable` where it could not be committed, or nobody can say whether it was. */
  async commit(change: Commit): Promise<Verdict> {
    const groups = change.expects === null ? this.#births : this.#moves;
    const answer = await groups.call({ change, changeId: randomUUID() });
    if (answer === 'busy') throw new StoreUnavailable('the account stays locked');
    return answer;
  }

  /** Resolves when no commit is under way. */
  async idle(): Promise<void> {
    await Promise.all([this.#births.idle(), this.#moves.idle()]);
  }

  async #commitGroup(
    statement: Statement,
    group: readonly Pending[],
    row: (change: Commit, changeId: string) => object,
  ): Promise<readonly Answer[]> {
    const doc = JSON.stringify(
      group.map(({ change, changeId }, index) => ({ n: index + 1, ...row(change, changeId) })),
    );
    let again = false;
    let patient = true;
    for (let tries = 0; ; tries += 1) {
      try {
        const [answer] = await this.#session.query<{ verdicts: Answer[] }>(statement, [doc, again, patient]);
        const verdicts = answer?.verdicts ?? [];
        const committed = group
          .filter((_, index) => verdicts[index] === 'committed')
          .map(({ change }) => change.task.id);
        if (committed.length > 0) this.#onCommitted(committed, statement === BIRTHS);
        return verdicts;
      } catch (error) {
        // Alone, it can only be the birth itself that exists; a group is split until it is.
        if (error instanceof AlreadyThere && statement === BIRTHS && group.length === 1) return ['duplicate'];
        if (!(error instanceof StoreUnavailable) || tries === PAUSES_MS.length) throw error;
        if (error instanceof LockTimeout) patient = false;
        else again ||= !(error instanceof Conflict);
        await sleep(PAUSES_MS[tries]);
      }
    }
  }
}

/** `busy`: somebody else holds the locks, for longer than anybody should. */
type Answer = Verdict | 'busy';

function isTold(group: readonly Pending[]): boolean {
  return group.some(({ change }) => eventsOf(change).length > 0);
}

function reaction(error: unknown): Reaction {
  return error instanceof StoreUnavailable ? 'reject' : 'split';
}

function birthNames({ task }: Commit): string[] {
  const { idempotency } = task.origin;
  return idempotency ? [task.id, `${task.account} ${idempotency.route} ${idempotency.key}`] : [task.id];
}
