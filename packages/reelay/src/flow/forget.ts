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
  for (const id of ids) await deps.files.remove(id);
  if (ids.length > 0) await deps.store.filesRemoved(ids);
  return ids.length;
}
