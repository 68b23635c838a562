import * as z from 'zod';
import { Trouble } from '../core/failure.ts';
import type { Order } from '../core/order.ts';
import type { UpstreamReply, UpstreamRequest } from '../core/ports/provider.ts';
import type { Moderator } from '../core/ports/world.ts';
import { ModerationUnavailable } from '../core/ports/world.ts';

const answer = z.object({
  results: z
    .array(z.object({ flagged: z.boolean(), categories: z.record(z.string(), z.boolean()).optional() }))
    .min(1),
});

/**
 * Judges prompts by any service that speaks OpenAI's `POST /v1/moderations`.
 * @param call reaches the service; its base URL and key are the operator's
 */
export function createOpenAiModerator(
  call: (request: UpstreamRequest) => Promise<UpstreamReply>,
  model: string,
): Moderator {
  return {
    async judge(order: Order) {
      const reply = await asked(call, { model, input: order.prompt });
      const parsed = answer.safeParse(reply.json);
      if (reply.status !== 200 || !parsed.success) throw new ModerationUnavailable(`HTTP ${reply.status}`);
      const hit = parsed.data.results.find((result) => result.flagged);
      if (!hit) return { allowed: true };
      const categories = Object.entries(hit.categories ?? {}).filter(([, flagged]) => flagged);
      return { allowed: false, reason: categories.map(([name]) => name).join(', ') || 'flagged' };
    },
  };
}

async function asked(
  call: (request: UpstreamRequest) => Promise<UpstreamReply>,
  body: Readonly<Record<string, string>>,
): Promise<UpstreamReply> {
  try {
    return await call({ method: 'POST', path: '/moderations', body });
  } catch (error) {
    if (error instanceof Trouble) throw new ModerationUnavailable(error.message);
    throw error;
  }
}
