import { randomInt } from 'node:crypto';
import { v7 } from 'uuid';
import type { Ids } from './core/ports/world.ts';

/** Time-ordered (UUIDv7), so that new rows land at the end of every index; unguessable by their random half. */
export const systemIds: Ids = {
  task: () => `task_${compact(v7())}`,
  file: () => `file_${compact(v7())}`,
  account: () => `acc_${compact(v7())}`,
  key: () => `key_${compact(v7())}`,
  chance: () => randomInt(0, 2 ** 32) / 2 ** 32,
};

export function compact(uuid: string): string {
  return uuid.replaceAll('-', '');
}
