import type { Answer, Json } from './tools.ts';

export type Common = 'pending' | 'processing' | 'success' | 'failed' | 'missing' | 'unknown';

export interface Order {
  readonly prompt: string;
  readonly seconds?: 5 | 10;
  readonly sound?: boolean;
  readonly ratio?: '16:9' | '9:16' | '1:1';
  readonly callbackUrl?: string;
  /** A picture's address. */
  readonly image?: string;
  readonly reference?: string;
}

export interface Look {
  readonly state: Common;
  readonly url: string;
  readonly answer: Answer;
}

/** A minimal client of one format: enough to order a film and to see what became of it. */
export interface Client {
  readonly format: string;
  readonly headers: Record<string, string>;
  /** What an order answers its id under. */
  readonly id: (json: Json) => string;
  submit(base: string, order: Order, headers?: Record<string, string>): Promise<Answer>;
  look(base: string, id: string): Promise<Look>;
}

export const BEARER = { authorization: 'Bearer test-key' };
export const KEY = { authorization: 'Key id:secret' };

const WORDS: Readonly<Record<string, Common>> = {
  submitted: 'pending',
  IN_QUEUE: 'pending',
  starting: 'pending',
  queuing: 'pending',
  pending: 'pending',
  queued: 'pending',
  processing: 'processing',
  IN_PROGRESS: 'processing',
  generating: 'processing',
  in_progress: 'processing',
  succeeded: 'success',
  succeed: 'success',
  success: 'success',
  completed: 'success',
  failed: 'failed',
  fail: 'failed',
  canceled: 'failed',
  aborted: 'failed',
  nsfw: 'failed',
};

function stateOf(word: string): Common {
  return WORDS[word] ?? WORDS[word.toLowerCase()] ?? 'unknown';
}

/** What a look found, by the upstream's own word for the state. */
export function looked(answer: Answer, word: string, url: string): Look {
  return { state: answer.status >= 400 ? 'missing' : stateOf(word), url, answer };
}
