import { z } from 'zod';
import type { TroubleKind } from '../core/failure.ts';
import type { Sighting, UpstreamReply } from '../core/ports/provider.ts';
import { bodyOf, contentOrInternal, failed, firstUrl, idOf, RUNNING, rendered } from './reply.ts';

const work = z.object({
  video: z
    .object({ resource: z.unknown().optional(), resource_without_watermark: z.unknown().optional() })
    .nullish()
    .catch(null),
});

/** A task, as it is created, read and called back (contract 5). A film may lie in any of four places. */
export const piapiTask = z.object({
  code: z.number().optional(),
  data: z.object({
    task_id: z.unknown().transform(idOf).pipe(z.string()),
    status: z.string().catch(''),
    output: z
      .object({
        video_url: z.unknown().optional(),
        video: z.unknown().optional(),
        works: z.array(work).nullish().catch(null),
      })
      .nullish()
      .catch(null),
    error: z
      .object({ raw_message: z.string().catch(''), message: z.string().catch('') })
      .nullish()
      .catch(null),
  }),
});

/** What an answer says, where it says anything. */
export function wordsOf(reply: UpstreamReply): string {
  const read = z.object({ message: z.string() }).safeParse(bodyOf(reply));
  return read.success ? read.data.message : '';
}

/** What a refusal means; null where it does not say that nothing was taken. The input is blamed only in PiAPI's own words. */
export function refusal(reply: UpstreamReply): TroubleKind | null {
  const code = z.object({ code: z.number() }).safeParse(bodyOf(reply)).data?.code ?? reply.status;
  const kinds: Readonly<Record<number, TroubleKind>> = {
    400: 'invalid_input',
    401: 'auth',
    402: 'insufficient_upstream_credits',
    403: 'auth',
    404: 'invalid_input',
    422: 'invalid_input',
    429: 'rate_limited',
  };
  const kind = kinds[code] ?? null;
  if (kind !== 'invalid_input') return kind;
  const words = wordsOf(reply);
  if (words === '') return null;
  return contentOrInternal(words) === 'content_violation' ? 'content_violation' : kind;
}

/** What a task says, in whatever case; a status that nobody knows still runs. */
export function sightingOf(task: z.infer<typeof piapiTask>['data']): Sighting {
  const status = task.status.toLowerCase();
  if (status === 'failed') {
    const words = `${task.error?.message ?? ''} ${task.error?.raw_message ?? ''}`;
    return failed(contentOrInternal(words), words);
  }
  if (status !== 'completed') return RUNNING;
  const { output } = task;
  const film = output?.works?.[0]?.video;
  const url = firstUrl(film?.resource_without_watermark, output?.video_url, output?.video, film?.resource);
  return url ? rendered(url) : failed('internal', 'it completed without a film');
}
