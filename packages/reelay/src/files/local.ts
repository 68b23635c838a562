import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type Files, FileTooLarge, StorageFull } from '../core/ports/files.ts';
import type { Clock } from '../core/ports/world.ts';
import { Bug, type FileId, type Instant } from '../core/values.ts';

export interface LocalFilesOptions {
  /** Made where it is missing; nobody else writes in it. */
  readonly folder: string;
  /** `room` refuses below this much free disk, in bytes. */
  readonly minFreeBytes: number;
  readonly clock: Clock;
}

export interface LocalFiles extends Files {
  /**
   * Removes what a crash left: temporary files, and files that `known` does not name, each only when it is older
   * than `minAgeMs` (a younger one may be about to be committed). Answers how many.
   */
  sweep(known: (ids: readonly FileId[]) => Promise<ReadonlySet<FileId>>, minAgeMs: number): Promise<number>;
}

const FILE_ID = /^file_[A-Za-z0-9_-]{1,64}$/;
const TEMPORARY = 'tmp';
/** The free disk is not asked for more often. */
const ROOM_MS = 1000;

/** Files in a folder of this machine, spread over 256 folders: `{xx}/{id}`, and `tmp/` for what is being written. */
export async function openLocalFiles({
  folder,
  minFreeBytes,
  clock,
}: LocalFilesOptions): Promise<LocalFiles> {
  await makeFolders(folder);
  let asked: { at: Instant; free: Promise<number> } | null = null;
  const bytesOf = async (id: FileId) => {
    const found = FILE_ID.test(id) ? await unlessMissing(stat(placeOf(folder, id))) : null;
    return found?.isFile() ? { bytes: found.size } : null;
  };
  return {
    keep: (id, source, maxBytes) => keep(folder, id, source, maxBytes),
    stat: bytesOf,
    path: async (id) => ((await bytesOf(id)) ? placeOf(folder, id) : null),
    open: async (id, range) => {
      const file = FILE_ID.test(id) ? await unlessMissing(open(placeOf(folder, id), 'r')) : null;
      return file?.createReadStream(range) ?? null;
    },
    remove: async (id) => {
      if (FILE_ID.test(id)) await rm(placeOf(folder, id), { force: true });
    },
    room: async () => {
      if (!asked || Math.abs(clock.now() - asked.at) >= ROOM_MS) {
        asked = { at: clock.now(), free: freeBytes(folder) };
      }
      if ((await asked.free) < minFreeBytes) throw new StorageFull('The disk is nearly full');
    },
    sweep: (known, minAgeMs) => sweep(folder, known, clock.now() - minAgeMs),
  };
}

async function keep(
  folder: string,
  id: FileId,
  source: Parameters<Files['keep']>[1],
  maxBytes: number,
): Promise<{ bytes: number; sha256: string }> {
  if (!FILE_ID.test(id)) throw new Bug(`Not a file id: ${JSON.stringify(id)}`);
  const temporary = join(folder, TEMPORARY, `${id}.${randomUUID()}`);
  const place = placeOf(folder, id);
  const hash = createHash('sha256');
  let bytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of 'path' in source ? createReadStream(source.path) : source.stream) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw new FileTooLarge(`More than ${maxBytes} bytes`);
      hash.update(chunk);
      yield chunk;
    }
  }
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(counted());
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, place);
    await syncFolder(join(place, '..'));
  } catch (error) {
    await rm(temporary, { force: true });
    throw isFull(error) ? new StorageFull('The disk is full', { cause: error }) : error;
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function sweep(
  folder: string,
  known: Parameters<LocalFiles['sweep']>[0],
  before: Instant,
): Promise<number> {
  const old = async (path: string) => ((await unlessMissing(stat(path)))?.mtimeMs ?? before) < before;
  let removed = 0;
  for (const name of await readdir(join(folder, TEMPORARY))) {
    const path = join(folder, TEMPORARY, name);
    if (!(await old(path))) continue;
    await rm(path, { force: true });
    removed++;
  }
  for (const shard of await readdir(folder)) {
    if (!/^[0-9a-f]{2}$/.test(shard)) continue;
    const ids = (await readdir(join(folder, shard))).filter((name): name is FileId => FILE_ID.test(name));
    const keepers = ids.length > 0 ? await known(ids) : new Set<FileId>();
    for (const id of ids) {
      if (keepers.has(id) || !(await old(join(folder, shard, id)))) continue;
      await rm(join(folder, shard, id), { force: true });
      removed++;
    }
  }
  return removed;
}

function placeOf(folder: string, id: FileId): string {
  return join(folder, shardOf(id), id);
}

function shardOf(id: FileId): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 2);
}

/** All shards at once, on disk before the first file: a file is only as durable as the entry of its folder. */
async function makeFolders(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const present = new Set(await readdir(folder));
  const shards = Array.from({ length: 256 }, (_, index) => index.toString(16).padStart(2, '0'));
  const missing = [TEMPORARY, ...shards].filter((name) => !present.has(name));
  await Promise.all(missing.map((name) => mkdir(join(folder, name), { recursive: true, mode: 0o700 })));
  if (missing.length > 0) await syncFolder(folder);
}

async function syncFolder(path: string): Promise<void> {
  // Windows has no such thing: there a rename is as durable as its file system makes it.
  if (process.platform === 'win32') return;
  let folder: FileHandle | null = null;
  try {
    folder = await open(path, 'r');
    await folder.sync();
  } finally {
    await folder?.close();
  }
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

async function unlessMissing<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
