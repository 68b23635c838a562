import type { Files } from '../core/ports/files.ts';
import type { FileStore } from '../core/ports/store.ts';

/**
 * Removes files whose time is over, bytes first: a crash in between removes nothing twice. The task keeps telling
 * its history. @returns how many were removed; call again while it is not 0
 */
export async function forget(
  deps: { store: FileStore; files: Pick<Files, 'remove'> },
  limit = 100,
): Promise<number> {
  const ids = await deps.store.expiredFiles(limit);
  const tries = await Promise.allSettled(ids.map((id) => deps.files.remove(id)));
  const removed = ids.filter((_, index) => tries[index]?.status === 'fulfilled');
  if (removed.length > 0) await deps.store.filesRemoved(removed);
  // One that cannot be removed does not keep the others, but it is told.
  for (const one of tries) if (one.status === 'rejected') throw one.reason;
  return ids.length;
}
