import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;
const SQLITE_BUSY = 5;

/** A lock that is held until it is released, or until the process that holds it is gone. */
export interface FolderLock {
  release(): void;
}

/**
 * Waits for the one lock on `file` among all processes of this machine.
 * The operating system lets go of it when its holder dies, however it dies: Node has no flock of its own,
 * but SQLite's exclusive transaction is one, on every platform. Nothing is ever written to the file.
 * Rejects when the lock is still held after `waitMs`.
 */
export async function lockFile(file: string, waitMs: number): Promise<FolderLock> {
  for (let waitedMs = 0; waitedMs <= waitMs; waitedMs += POLL_MS) {
    const held = tryLock(file);
    if (held) return held;
    await sleep(POLL_MS);
  }
  throw new Error(`another process has held ${file} for ${waitMs / 1000} s`);
}

function tryLock(file: string): FolderLock | null {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return { release: () => database.close() };
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return null;
    throw error;
  }
}
