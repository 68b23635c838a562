import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A secret of this data folder: what stands in its file, or a new one, written for the owner only.
 * Of several processes that start together, one makes it and all read the same.
 */
export async function folderSecret(dataDir: string, name: string): Promise<{ secret: string; path: string }> {
  const folder = join(dataDir, 'secrets');
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o700);
  const path = join(folder, name);
  const draft = join(folder, `${name}.${randomBytes(6).toString('hex')}`);
  await writeFile(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flush: true });
  try {
    // A link appears whole or not at all, and never over another's.
    await link(draft, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await unlink(draft);
  }
  return { secret: (await readFile(path, 'utf8')).trim(), path };
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Whether a given token is the one with this hash, in constant time. */
export function matches(token: string, hash: string): boolean {
  return timingSafeEqual(Buffer.from(sha256(token), 'hex'), Buffer.from(hash, 'hex'));
}
