import type { Media } from '../order.ts';
import type { AccountId, FileId, Instant } from '../values.ts';

/** A file that a customer uploaded to use in orders: checked, kept beside the results, and removed at its time. */
export interface Upload {
  readonly id: FileId;
  readonly account: AccountId;
  readonly kind: Media['kind'];
  /** As the customer called it, made harmless. */
  readonly name: string;
  /** By its bytes. */
  readonly mimeType: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Null for pictures. */
  readonly durationMs: number | null;
  readonly clientRequestId: string | null;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
}

/**
 * Uploads in the store's book. They are files like results: `FileStore.expiredFiles` gives them when their time is
 * over, `known` knows them, and `filesRemoved` marks them.
 */
export interface UploadStore {
  /** Once the bytes are on disk. `quota_reached`: the account keeps as many bytes as it may, and nothing is recorded. */
  recordUpload(upload: Upload): Promise<'recorded' | 'quota_reached'>;
  upload(id: FileId): Promise<(Upload & { readonly removed: boolean }) | null>;
}
