import type { EndpointId } from '../../../../src/core/ports/endpoints.ts';
import type {
  DeliveryAttempt,
  DeliveryOutcome,
  Letter,
  LetterStore,
} from '../../../../src/core/ports/letters.ts';
import type { LetterDraft } from '../../../../src/core/ports/tasks.ts';
import type { Task } from '../../../../src/core/task.ts';
import type { Instant, LetterId, TaskId } from '../../../../src/core/values.ts';
import type { LetterRow } from './endpoints.ts';
import { MemoryEndpoints } from './endpoints.ts';

/** As on PostgreSQL: how many messages to one receiver may be under way at one time. */
const RECEIVER_MAX = 4;

/** Notices on their way, in memory. */
export abstract class MemoryLetters extends MemoryEndpoints implements LetterStore {
  /** Who leases; null: nobody by name. */
  node: string | null = null;

  protected write(task: Task, drafts: readonly LetterDraft[]): void {
    const { account, key } = task;
    const { callbackUrl: url } = task.origin;
    for (const { to, type, body } of drafts) {
      if (to === 'endpoints') this.announce(account, task.id, { type, body }, { task: task.id, key });
      if (to !== 'callback' || url === null) continue;
      const id: LetterId = `evt_${task.id.slice('task_'.length)}`;
      const about = { id, task: task.id, account, key, kind: to, endpoint: null } as const;
      const letter: Letter = { ...about, url, type, body, attempts: 0, secrets: [] };
      const now = this.now();
      this.letterRows.set(id, { letter, createdAt: now, state: 'pending', dueAt: now, attempts: [] });
    }
  }

  async claimLetters(limit: number, leaseMs: number): Promise<{ now: Instant; letters: readonly Letter[] }> {
    const now = this.now();
    const pending = [...this.letterRows.values()].filter((row) => row.state === 'pending' && !row.held);
    const underWay = new Map<string, number>();
    const turnOf = ({ letter }: LetterRow) => {
      const receiver = letter.endpoint ?? `${letter.account} ${URL.parse(letter.url)?.origin ?? letter.url}`;
      const turn = (underWay.get(receiver) ?? 0) + 1;
      underWay.set(receiver, turn);
      return turn;
    };
    for (const row of pending) if (row.leased && row.dueAt > now) turnOf(row);
    const due = pending
      .filter((row) => row.dueAt <= now)
      .sort((a, b) => a.dueAt - b.dueAt)
      .map((row) => ({ row, turn: turnOf(row) }))
      .filter(({ turn }) => turn <= RECEIVER_MAX)
      .sort((a, b) => a.turn - b.turn)
      .slice(0, limit)
      .map(({ row }) => row);
    for (const row of due) Object.assign(row, { dueAt: now + leaseMs, leased: true, leasedBy: this.node });
    return { now, letters: due.map((row) => this.#toSend(row)) };
  }

  async recordDelivery(id: LetterId, attempt: DeliveryAttempt, outcome: DeliveryOutcome): Promise<void> {
    const row = this.letterRows.get(id);
    if (!row) throw new Error(`there is no letter ${id}`);
    row.attempts.push(attempt);
    row.leased = false;
    const wasPending = row.state === 'pending';
    if (wasPending && outcome.is === 'again') row.dueAt = this.now() + outcome.dueInMs;
    else if (wasPending && outcome.is !== 'again') row.state = outcome.is;
    this.judge(row, attempt, outcome.is === 'delivered', wasPending && outcome.is === 'dead');
  }

  async replay(id: LetterId): Promise<boolean> {
    const row = this.letterRows.get(id);
    if (!row || row.state === 'pending') return false;
    Object.assign(row, { state: 'pending', dueAt: this.now(), leased: false, held: false });
    return true;
  }

  async deliveries(task: TaskId) {
    return [...this.letterRows.values()]
      .filter((row) => row.letter.task === task)
      .map(({ letter, state, attempts }) => ({ letter: letter.id, url: letter.url, state, attempts }));
  }

  protected releaseLetters(): number {
    const now = this.now();
    const left = [...this.letterRows.values()].filter(
      (row) => row.state === 'pending' && row.leased && this.isGone(row.leasedBy ?? null),
    );
    for (const row of left) Object.assign(row, { dueAt: now, leased: false });
    return left.length;
  }

  #toSend({ letter, attempts }: LetterRow): Letter {
    const endpoint = this.endpointRows.get(letter.endpoint as EndpointId)?.endpoint;
    const now = this.now();
    const standing = endpoint?.secrets.filter(({ until }) => until === null || until > now);
    const secrets = standing?.map(({ secret }) => secret) ?? this.keyRow(letter.key).key.callbackSecrets;
    return { ...letter, url: endpoint?.url ?? letter.url, attempts: attempts.length, secrets };
  }
}
