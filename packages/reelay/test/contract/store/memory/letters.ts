import type {
  DeliveryAttempt,
  DeliveryOutcome,
  Letter,
  LetterStore,
} from '../../../../src/core/ports/letters.ts';
import type { LetterDraft } from '../../../../src/core/ports/tasks.ts';
import type { Task } from '../../../../src/core/task.ts';
import type { Instant, LetterId, TaskId } from '../../../../src/core/values.ts';
import { MemoryAccounts } from './accounts.ts';

/** As on PostgreSQL: how many messages to one receiver may be under way at one time. */
const RECEIVER_MAX = 16;

export interface LetterRow {
  readonly letter: Letter;
  state: 'pending' | 'delivered' | 'dead';
  dueAt: Instant;
  leased?: boolean;
  attempts: DeliveryAttempt[];
}

/** Notices on their way, in memory. */
export abstract class MemoryLetters extends MemoryAccounts implements LetterStore {
  readonly letterRows = new Map<LetterId, LetterRow>();

  protected write(task: Task, drafts: readonly LetterDraft[]): void {
    const { callbackUrl: url } = task.origin;
    for (const { to, type, body } of drafts) {
      if (to !== 'callback' || url === null) continue;
      const id: LetterId = `evt_${task.id.slice('task_'.length)}`;
      const { account, key } = task;
      const about = { id, task: task.id, account, key, kind: to, endpoint: null } as const;
      const letter: Letter = { ...about, url, type, body, attempts: 0, secrets: [] };
      this.letterRows.set(id, { letter, state: 'pending', dueAt: this.now(), attempts: [] });
    }
  }

  async claimLetters(limit: number, leaseMs: number): Promise<{ now: Instant; letters: readonly Letter[] }> {
    const now = this.now();
    const pending = [...this.letterRows.values()].filter((row) => row.state === 'pending');
    const underWay = new Map<string, number>();
    const more = ({ letter }: LetterRow) => {
      const receiver = `${letter.account} ${URL.parse(letter.url)?.origin ?? letter.url}`;
      const count = (underWay.get(receiver) ?? 0) + 1;
      underWay.set(receiver, count);
      return count <= RECEIVER_MAX;
    };
    for (const row of pending) if (row.leased && row.dueAt > now) more(row);
    const due = pending
      .filter((row) => row.dueAt <= now)
      .sort((a, b) => a.dueAt - b.dueAt)
      .filter(more)
      .slice(0, limit);
    for (const row of due) Object.assign(row, { dueAt: now + leaseMs, leased: true });
    const letters = due.map(({ letter, attempts }) => {
      const secrets = this.keyRow(letter.key).key.callbackSecrets;
      return { ...letter, attempts: attempts.length, secrets };
    });
    return { now, letters };
  }

  async recordDelivery(id: LetterId, attempt: DeliveryAttempt, outcome: DeliveryOutcome): Promise<void> {
    const row = this.letterRows.get(id);
    if (!row) throw new Error(`there is no letter ${id}`);
    row.attempts.push(attempt);
    row.leased = false;
    if (row.state !== 'pending') return;
    if (outcome.is === 'again') row.dueAt = this.now() + outcome.dueInMs;
    else row.state = outcome.is;
  }

  async replay(id: LetterId): Promise<boolean> {
    const row = this.letterRows.get(id);
    if (!row || row.state === 'pending') return false;
    Object.assign(row, { state: 'pending', dueAt: this.now(), leased: false });
    return true;
  }

  async deliveries(task: TaskId) {
    return [...this.letterRows.values()]
      .filter((row) => row.letter.task === task)
      .map(({ letter, state, attempts }) => ({ letter: letter.id, url: letter.url, state, attempts }));
  }
}
