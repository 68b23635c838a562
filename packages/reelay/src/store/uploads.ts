import type { Upload, UploadStore } from '../core/ports/uploads.ts';
import type { FileId } from '../core/values.ts';
import type { Session, Statement } from './session.ts';

const RECORD: Statement = {
  name: 'record_upload',
  text: 'select record_upload($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) as recorded',
};
const UPLOAD: Statement = {
  name: 'upload',
  text: `select f.id, u.account, u.kind, u.name, f.mime_type as "mimeType", f.bytes, f.sha256, u.duration_ms as "durationMs",
      u.client_request_id as "clientRequestId", u.created_at as "createdAt", f.expires_at as "expiresAt", f.removed
    from uploads u join files f on f.id = u.file where u.file = $1`,
};

type UploadRow = Upload & { readonly removed: boolean };

/** Files that customers upload. @param quotaBytes the most that an account may keep at a time */
export function uploadStore(session: Session, quotaBytes: number): UploadStore {
  return {
    async recordUpload(upload) {
      const { id, account, kind, name, mimeType, bytes, sha256, durationMs, clientRequestId } = upload;
      const what = [id, account, kind, name, mimeType, bytes, sha256, durationMs && Math.round(durationMs)];
      const values = [...what, clientRequestId, upload.createdAt, upload.expiresAt, quotaBytes];
      const [row] = await session.query<{ recorded: boolean }>(RECORD, values);
      return row?.recorded ? 'recorded' : 'quota_reached';
    },
    upload: async (id: FileId) => (await session.query<UploadRow>(UPLOAD, [id]))[0] ?? null,
  };
}
