import type { Upload, UploadStore } from '../../../../src/core/ports/uploads.ts';
import type { AccountId, FileId } from '../../../../src/core/values.ts';
import { MemoryHouse } from './house.ts';

const DAY_MS = 86_400_000;

export interface UploadRow {
  readonly upload: Upload;
  removed: boolean;
}

/** Uploads in memory, in the same book as other files. */
export abstract class MemoryUploads extends MemoryHouse implements UploadStore {
  readonly uploadRows = new Map<FileId, UploadRow>();
  uploadQuotaBytes = 5_000_000_000;

  async recordUpload(upload: Upload): Promise<'recorded' | 'quota_reached'> {
    if (this.keptBytes(upload.account) + upload.bytes > this.uploadQuotaBytes) return 'quota_reached';
    this.uploadRows.set(upload.id, { upload, removed: false });
    return 'recorded';
  }

  async upload(id: FileId) {
    const row = this.uploadRows.get(id);
    return row ? { ...row.upload, removed: row.removed } : null;
  }

  override async expiredFiles(limit: number): Promise<readonly FileId[]> {
    const before = this.now() - DAY_MS;
    const expired = [...this.uploadRows.values()].filter(
      ({ upload, removed }) => !removed && upload.expiresAt <= before,
    );
    return [...(await super.expiredFiles(limit)), ...expired.map(({ upload }) => upload.id)].slice(0, limit);
  }

  override async filesRemoved(ids: readonly FileId[]): Promise<void> {
    await super.filesRemoved(ids);
    for (const id of ids) {
      const row = this.uploadRows.get(id);
      if (row) row.removed = true;
    }
  }

  override async known(ids: readonly FileId[]): Promise<ReadonlySet<FileId>> {
    const uploads = ids.filter((id) => this.uploadRows.get(id)?.removed === false);
    return new Set([...(await super.known(ids)), ...uploads]);
  }

  private keptBytes(account: AccountId): number {
    return [...this.uploadRows.values()]
      .filter((row) => row.upload.account === account && !row.removed)
      .reduce((sum, row) => sum + row.upload.bytes, 0);
  }
}
