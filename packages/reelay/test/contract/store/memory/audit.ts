import type { Violation } from '../../../../src/core/ports/store.ts';
import { isOver } from '../../../../src/core/task.ts';
import type { MemoryStore } from '../memory.ts';

/** The laws that can be broken in memory, held against everything there is. */
export function audit(store: MemoryStore): readonly Violation[] {
  const tasks = [...store.rows.values()];
  const accounts = [...store.accountRows.values()];
  const transfers = [...store.transfers.values()];
  const sums = new Map<string, number>();
  for (const { from, to, amount } of transfers) {
    sums.set(from, (sums.get(from) ?? 0) - amount);
    sums.set(to, (sums.get(to) ?? 0) + amount);
  }
  const sum = (holder: string) => sums.get(holder) ?? 0;
  const told = new Set([...store.letterRows.values()].map((row) => row.letter.task));
  const unfinished = new Map<string, number>();
  for (const { task } of tasks) {
    if (!isOver(task.state)) unfinished.set(task.key, (unfinished.get(task.key) ?? 0) + 1);
  }
  const held = new Map<string, number>();
  for (const { task } of tasks) held.set(task.wallet, (held.get(task.wallet) ?? 0) + task.escrow);
  const laws: readonly Violation[] = [
    {
      law: 'over ⇔ never due again',
      ids: tasks.filter((row) => isOver(row.task.state) !== (row.dueAt === null)).map((row) => row.task.id),
      detail: 'a finished task is due, or an unfinished one is not',
    },
    {
      law: 'no open escrow on a finished task',
      ids: tasks.filter(({ task }) => task.escrow !== sum(`task:${task.id}`)).map((row) => row.task.id),
      detail: 'the escrow is not what the transfers say',
    },
    {
      law: 'balances are the sum of their transfers',
      ids: accounts
        .filter(({ account, available }) => available !== sum(`account:${account.id}`))
        .map(({ account }) => account.id),
      detail: 'a balance differs from its transfers',
    },
    {
      law: 'a wallet holds what its tasks hold',
      ids: accounts
        .filter((row) => row.held !== (held.get(row.account.id) ?? 0))
        .map((row) => row.account.id),
      detail: 'the counter of held credits differs from the escrows',
    },
    {
      law: 'a key counts its unfinished tasks',
      ids: [...store.keyRows.values()]
        .filter((row) => row.unfinished !== (unfinished.get(row.key.id) ?? 0))
        .map((row) => row.key.id),
      detail: 'the counter differs from the tasks',
    },
    {
      law: 'ended ⇒ told',
      ids: tasks
        .filter(({ task }) => isOver(task.state) && task.origin.callbackUrl !== null && !told.has(task.id))
        .map((row) => row.task.id),
      detail: 'a finished task with a callback has no letter',
    },
  ];
  return laws.filter((law) => law.ids.length > 0);
}
