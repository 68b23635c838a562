import type { StoredFile } from '../task.ts';
import type { FileId } from '../values.ts';

/** Results and inputs, kept byte for byte. */
export interface Files {
  /**
   * Keeps what `source` gives under `id`: temporary name, fsync, rename, fsync of the folder. The same id again is the
   * same file, replaced whole. Throws `FileTooLarge` past `maxBytes`, and leaves nothing behind on any error.
   */
  keep(
    id: FileId,
    source: { readonly stream: AsyncIterable<Uint8Array> } | { readonly path: string },
    maxBytes: number,
  ): Promise<{ bytes: number; sha256: string }>;
  /** Null where there is no such file. `range` is inclusive. */
  open(id: FileId, range?: { start: number; end: number }): Promise<AsyncIterable<Uint8Array> | null>;
  stat(id: FileId): Promise<{ bytes: number } | null>;
  /** Where it lies on this machine, for those who need a path (inspection, the studio). */
  path(id: FileId): Promise<string | null>;
  remove(id: FileId): Promise<void>;
  /** Throws `StorageFull` when the free disk is under the watermark. */
  room(): Promise<void>;
}

export class FileTooLarge extends Error {
  override readonly name = 'FileTooLarge';
}
export class StorageFull extends Error {
  override readonly name = 'StorageFull';
}

/** Signed result links. */
export interface Links {
  url(file: Pick<StoredFile, 'id' | 'expiresAt'>): string;
}
