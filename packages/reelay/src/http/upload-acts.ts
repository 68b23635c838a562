import { createHmac } from 'node:crypto';
import { fileTypeFromFile } from 'file-type';
import type { KeptUpload, UploadWish } from '../core/ports/actions.ts';
import { MediaFault } from '../core/ports/net.ts';
import type { Upload } from '../core/ports/uploads.ts';
import type { Refusal } from '../core/refusal.ts';
import { isRefusal, refuse } from '../core/refusal.ts';
import type { FileId } from '../core/values.ts';
import { Bug } from '../core/values.ts';
import type { Acts } from './actions.ts';
import { NOT_SET_UP, owner } from './actions.ts';
import type { Gateway, UploadDesk } from './gateway.ts';

/** As long as results. */
const UPLOAD_LIFE_MS = 15 * 86_400_000;

const FILE_NOT_FOUND = refuse('not_found', 'File not found');

/** Files that customers upload to use in orders. */
export function uploadActs({ uploads, files, clock }: Gateway): Pick<Acts, 'upload' | 'uploaded'> {
  return {
    async upload(wish, visit) {
      if (!uploads) return NOT_SET_UP;
      const { file } = visit;
      if (!file) return refuse('invalid', 'file is required', { field: 'file' });
      if (file.bytes > wish.maxBytes) {
        const megabytes = Math.floor(wish.maxBytes / 1024 / 1024);
        return refuse('invalid', `file must have at most ${megabytes} MB`, { field: 'file' });
      }
      const path = await files.path(file.id);
      if (path === null) throw new Bug(`${file.id} was kept and is not there`);
      const look = await lookInto(uploads, path, wish);
      if (isRefusal(look)) return look;
      const { kind, clientRequestId } = wish;
      const { account } = owner(visit);
      const createdAt = clock.now();
      const expiresAt = createdAt + UPLOAD_LIFE_MS;
      const upload: Upload = { ...file, ...look, account, kind, clientRequestId, createdAt, expiresAt };
      if ((await uploads.store.recordUpload(upload)) === 'recorded') return { output: kept(uploads, upload) };
      return refuse('invalid', 'The account keeps as many files as it may: wait until some expire', {
        field: 'file',
      });
    },

    async uploaded({ file: id }, visit) {
      if (!uploads) return NOT_SET_UP;
      const upload = await uploads.store.upload(id);
      if (!upload || upload.removed || upload.account !== owner(visit).account) return FILE_NOT_FOUND;
      return { output: kept(uploads, upload) };
    },
  };
}

interface Look {
  readonly mimeType: string;
  readonly durationMs: number | null;
}

/** What a file is by its bytes; it is decoded in a process of its own, under limits. */
async function lookInto({ inspector }: UploadDesk, path: string, wish: UploadWish): Promise<Look | Refusal> {
  const { kind, mimeTypes } = wish;
  try {
    if (kind === 'image') {
      const { mimeType } = await inspector.picture(path, mimeTypes);
      return { mimeType, durationMs: null };
    }
    if (kind === 'audio') {
      const sound = await inspector.sound(path);
      return mimeTypes.includes(sound.mimeType) ? sound : unusable(noneOf(mimeTypes));
    }
    const mimeType = (await fileTypeFromFile(path))?.mime ?? '';
    if (!mimeTypes.includes(mimeType)) return unusable(noneOf(mimeTypes));
    const { durationMs } = await inspector.film(path);
    return { mimeType, durationMs };
  } catch (error) {
    if (error instanceof MediaFault) return unusable(error.message);
    throw error;
  }
}

function noneOf(mimeTypes: readonly string[]): string {
  return `it is none of ${mimeTypes.join(', ')}`;
}

function unusable(why: string): Refusal {
  return refuse('invalid', `file cannot be used: ${why}`, { field: 'file' });
}

function kept({ tokenKey }: UploadDesk, upload: Upload): KeptUpload {
  const { id, durationMs, expiresAt } = upload;
  return {
    ...upload,
    durationToken: durationMs === null ? null : durationToken(tokenKey, id, durationMs, expiresAt),
  };
}

/** Proof of a file's length that an order can carry (decision 26): opaque, signed, good as long as the file. */
function durationToken(key: string, file: FileId, durationMs: number, expiresAt: number): string {
  const claims = Buffer.from(JSON.stringify([file, durationMs, expiresAt])).toString('base64url');
  return `${claims}.${createHmac('sha256', key).update(`duration\n${claims}`).digest('base64url')}`;
}
