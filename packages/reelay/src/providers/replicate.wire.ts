import { z } from 'zod';
import type { TroubleKind } from '../core/failure.ts';
import type { Sighting, UpstreamReply } from '../core/ports/provider.ts';
import { bodyOf, failed, firstUrl, GONE, idOf, RUNNING, rendered } from './reply.ts';

/** A prediction, as it is created, listed and called back (contract 3.1). */
export const prediction = z.object({
  id: z.unknown().transform(idOf).pipe(z.string()),
  status: z.string().catch(''),
  output: z.unknown().optional(),
  error: z.unknown().optional(),
  webhook: z.string().nullish().catch(null),
});

/** What an error says, where it says anything. */
export function detailOf(reply: UpstreamReply): string {
  const read = z.object({ detail: z.string() }).safeParse(bodyOf(reply));
  return read.success ? read.data.detail : '';
}

/**
 * What a refusal means; null where it does not say that nothing was taken (contract 3.3). The input is blamed only in
 * Replicate's own words: anything in between can answer 404 as well.
 */
export function refusal(reply: UpstreamReply): TroubleKind | null {
  const kinds: Readonly<Record<number, TroubleKind>> = {
    400: 'invalid_input',
    401: 'auth',
    402: 'insufficient_upstream_credits',
    403: 'auth',
    404: 'misconfigured',
    422: 'invalid_input',
    429: 'rate_limited',
  };
  const kind = kinds[reply.status] ?? null;
  return (kind === 'invalid_input' || kind === 'misconfigured') && detailOf(reply) === '' ? null : kind;
}

/** What a prediction says; a status that nobody knows still runs. */
export function sightingOf(seen: z.infer<typeof prediction>): Sighting {
  switch (seen.status) {
    case 'succeeded': {
      const url = firstUrl(...(Array.isArray(seen.output) ? seen.output : [seen.output]));
      // Outputs are removed after an hour, and then the prediction shows none.
      return url ? rendered(url) : GONE;
    }
    case 'failed': {
      const refused = typeof seen.error === 'string' && /\(E005\)|flagged as sensitive/i.test(seen.error);
      return failed(refused ? 'content_violation' : 'internal', seen.error);
    }
    case 'canceled':
      return failed('canceled', seen.error);
    case 'aborted':
      return failed('timeout', 'its deadline passed before it began', false);
    default:
      return RUNNING;
  }
}
