import type { NoticeType } from '../core/lifecycle.ts';
import type { Surface, SurfaceContext } from '../core/ports/surface.ts';
import type { LetterDraft } from '../core/ports/tasks.ts';
import type { Scribe } from '../core/ports/world.ts';
import type { Task } from '../core/task.ts';

/**
 * Writes the notices of a finished task: to the order's own callback address in the dialect it was ordered in, and to
 * the account's registered endpoints in the dialect that has them (decision 38).
 */
export function createScribe(surfaces: readonly Surface[], context: SurfaceContext): Scribe {
  return {
    letters(task: Task, notices: readonly NoticeType[]): readonly LetterDraft[] {
      return notices.flatMap((notice) => [...callback(task, notice), ...events(task)]);
    },
  };

  function callback(task: Task, notice: NoticeType): LetterDraft[] {
    if (task.origin.callbackUrl === null) return [];
    const surface = surfaces.find((one) => one.name === task.origin.surface);
    const body = surface?.callback?.(task, context);
    return body === undefined ? [] : [{ to: 'callback', type: notice, body: JSON.stringify(body) }];
  }

  function events(task: Task): LetterDraft[] {
    return surfaces.flatMap((surface) => {
      const event = surface.event?.(task, context);
      return event ? [{ to: 'endpoints' as const, type: event.type, body: JSON.stringify(event.body) }] : [];
    });
  }
}
