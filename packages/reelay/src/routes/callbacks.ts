import { createHmac, timingSafeEqual } from 'node:crypto';
import type { TaskId } from '../core/values.ts';

/** Addresses that upstreams call back, each good for one task on one route. */
export interface CallbackAddresses {
  url(route: string, task: TaskId): string | null;
  /** Whether a token is the one of this route's and task's address. */
  isOurs(route: string, task: string, token: string): boolean;
}

/**
 * @param key the same on every process, kept secret
 * @param publicUrl where the gateway is reached from outside; null where nobody can call back
 */
export function callbackAddresses(key: string, publicUrl: string | null): CallbackAddresses {
  const token = (route: string, task: string) =>
    createHmac('sha256', key).update(`callback\n${route}\n${task}`).digest('base64url');
  return {
    url(route, task) {
      if (publicUrl === null) return null;
      return `${publicUrl}/callbacks/${encodeURIComponent(route)}/${task}?t=${token(route, task)}`;
    },
    isOurs(route, task, given) {
      const wanted = Buffer.from(token(route, task));
      const got = Buffer.from(given);
      return got.length === wanted.length && timingSafeEqual(got, wanted);
    },
  };
}
