import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { TroubleKind } from '../core/failure.ts';
import type { UpstreamReply } from '../core/ports/provider.ts';
import type { Json } from '../core/values.ts';
import { bodyOf } from './reply.ts';

/** A prompt's id of our choice, the same for every attempt at a task: a UUID made of the reference. */
export function promptIdOf(reference: string): string {
  const hash = createHash('sha256').update(reference).digest('hex');
  const part = (from: number, to: number) => hash.slice(from, to);
  return `${part(0, 8)}-${part(8, 12)}-8${part(13, 16)}-8${part(17, 20)}-${part(20, 32)}`;
}

/** What an order puts into a workflow's slots, by their names. */
export type Slots = Readonly<Record<string, string | number>>;

/**
 * A workflow with its slots filled: a text that is one slot becomes the value itself, a number stays a number; a slot
 * within a text becomes part of it. What a value looks like cannot change the workflow. Null where it is no JSON object.
 */
export function filled(workflow: string, slots: Slots): Json {
  try {
    const parsed: unknown = JSON.parse(workflow, (_key: string, value: unknown) =>
      typeof value === 'string' ? fill(value, slots) : value,
    );
    return z.record(z.string(), z.json()).safeParse(parsed).data ?? null;
  } catch {
    return null;
  }
}

function fill(text: string, slots: Slots): string | number {
  const whole = /^\{\{(\w+)\}\}$/.exec(text)?.[1];
  if (whole !== undefined && Object.hasOwn(slots, whole)) return slots[whole] ?? '';
  return text.replace(/\{\{(\w+)\}\}/g, (slot, name: string) =>
    Object.hasOwn(slots, name) ? String(slots[name]) : slot,
  );
}

const file = z.object({
  filename: z.string(),
  subfolder: z.string().catch(''),
  type: z.string().catch('output'),
});
const node = z.record(z.string(), z.unknown());

/** The film among the files that a workflow's nodes left, as the query of `/view`; null where there is none. */
export function filmOf(outputs: unknown): string | null {
  const nodes = z.record(z.string(), z.unknown()).safeParse(outputs);
  const files = Object.values(nodes.data ?? {}).flatMap((one) => {
    const { videos, gifs, images } = node.safeParse(one).data ?? {};
    return [videos, gifs, images].flatMap((list) => (Array.isArray(list) ? list : []));
  });
  const films = files.flatMap((one) => {
    const read = file.safeParse(one);
    return read.success && /\.(mp4|mov|webm|mkv)$/i.test(read.data.filename) ? [read.data] : [];
  });
  const film = films.find(({ type }) => type === 'output') ?? films[0];
  return film ? new URLSearchParams(film).toString() : null;
}

const problem = z.object({ error: z.object({ type: z.string().catch(''), message: z.string().catch('') }) });

/** What ComfyUI says of a workflow that it does not take; null where the answer is not ComfyUI's. */
export function wordsOf(reply: UpstreamReply): string | null {
  const read = problem.safeParse(bodyOf(reply));
  return read.success ? `${read.data.error.type} ${read.data.error.message}` : null;
}

/** What a refusal means; null where it does not say that nothing was taken. */
export function refusal(reply: UpstreamReply): TroubleKind | null {
  if (reply.status === 401 || reply.status === 403) return 'auth';
  if (reply.status === 429) return 'rate_limited';
  return reply.status === 400 && wordsOf(reply) !== null ? 'invalid_input' : null;
}
