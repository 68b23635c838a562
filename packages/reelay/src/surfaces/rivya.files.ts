import { z } from 'zod';
import { isoTime } from '../clock.ts';
import type { KeptUpload } from '../core/ports/actions.ts';
import type {
  AnyRoute,
  RouteDocs,
  SurfaceContext,
  SurfaceRequest,
  SurfaceRoute,
} from '../core/ports/surface.ts';
import { isRefusal, refuse } from '../core/refusal.ts';
import type { FileId } from '../core/values.ts';
import { jsonSchema, parse, strict, text } from './reading.ts';
import { ok } from './rivya.codes.ts';
import { done, tag } from './rivya.docs.ts';
import { refusals } from './rivya.wire.ts';

const MEGABYTE = 1024 * 1024;

/** What may be uploaded where no model is named. Source: contract Rivya B5. */
const LIMITS = {
  image: { maxBytes: 10 * MEGABYTE, mimeTypes: ['image/jpeg', 'image/png', 'image/webp'] },
  video: { maxBytes: 50 * MEGABYTE, mimeTypes: ['video/mp4', 'video/quicktime', 'video/webm'] },
  audio: {
    maxBytes: 10 * MEGABYTE,
    mimeTypes: ['audio/mpeg', 'audio/mp4', 'audio/wav', 'audio/x-wav', 'audio/aac', 'audio/ogg'],
  },
} as const;

const form = strict({
  kind: z.enum(['image', 'video', 'audio']).describe('What it is'),
  model: z.string().optional().describe('Makes the checks those of this model'),
  client_request_id: text(0, 128).optional().describe('Your own id, for tracing; not echoed'),
});

const fileBody = z.strictObject({
  id: z.string(),
  object: z.literal('file'),
  kind: z.enum(['image', 'video', 'audio']),
  url: z.string().describe('Goes into referenceMediaItems'),
  name: z.string(),
  mime_type: z.string().describe('By its bytes'),
  size_bytes: z.int(),
  duration_seconds: z.number().nullable(),
  duration_token: z.string().nullable().describe('Goes into durationToken beside the url; images have none'),
  created_at: z.iso.datetime({ precision: 3 }),
  expires_at: z.iso.datetime({ precision: 3 }),
});

const upload: SurfaceRoute<'upload'> = {
  action: 'upload',
  method: 'POST',
  path: '/api/v1/files',
  scope: 'files:create',
  read({ body }: SurfaceRequest, context: SurfaceContext) {
    const fields = parse(form, body);
    if (isRefusal(fields)) return fields;
    const model = context.models.find((one) => one.id === fields.model);
    if (fields.model !== undefined && !model) {
      return refuse('invalid', `model must be one of ${ids(context)}`, { field: 'model' });
    }
    if (model && fields.kind !== 'image') {
      return refuse('invalid', `kind: ${model.id} takes images only`, { field: 'kind' });
    }
    const { maxBytes, mimeTypes } = model ? model.media : LIMITS[fields.kind];
    return { kind: fields.kind, maxBytes, mimeTypes, clientRequestId: fields.client_request_id ?? null };
  },
  write: (file, context) => ok(written(file, context)),
  docs: uploadDocs,
};

const read: SurfaceRoute<'uploaded'> = {
  action: 'uploaded',
  method: 'GET',
  path: '/api/v1/files/:fileId',
  scope: 'files:read',
  read({ params }) {
    const file = params.fileId ?? '';
    return isFileId(file) ? { file } : refuse('not_found', 'File not found');
  },
  write: (file, context) => ok(written(file, context)),
  docs: (context) => ({
    tag,
    summary: 'Read an uploaded file',
    description: 'The same answer again, for the account that uploaded it.',
    responses: { ...done('The file', fileBody), ...refusals(context, [401, 403, 404, 429, 503]) },
  }),
};

export const FILE_ROUTES: readonly AnyRoute[] = [upload, read];

function ids(context: SurfaceContext): string {
  return context.models.map((model) => model.id).join(', ');
}

function isFileId(text: string): text is FileId {
  return /^file_[A-Za-z0-9_-]{1,64}$/.test(text);
}

function written(file: KeptUpload, context: SurfaceContext): z.infer<typeof fileBody> {
  return {
    id: file.id,
    object: 'file',
    kind: file.kind,
    url: context.resultUrl(file),
    name: file.name,
    mime_type: file.mimeType,
    size_bytes: file.bytes,
    duration_seconds: file.durationMs === null ? null : file.durationMs / 1_000,
    duration_token: file.durationToken,
    created_at: isoTime(file.createdAt),
    expires_at: isoTime(file.expiresAt),
  };
}

function uploadDocs(context: SurfaceContext): RouteDocs {
  const fields = Object(jsonSchema(form));
  const binary = { type: 'string', format: 'binary', description: 'The file itself' };
  const schema = {
    ...fields,
    properties: { file: binary, ...fields.properties },
    required: ['file', ...fields.required],
  };
  return {
    tag,
    summary: 'Upload a reference file',
    description:
      'As multipart/form-data. The type is told by the bytes, not by the name; pictures are decoded before they are accepted. Images up to 10 MB, films up to 50 MB, sounds up to 10 MB (MP3, MP4, WAV, AAC, Ogg).',
    ours: ['Every key of the answer but url, id and duration_token; files are kept for 15 days.'],
    body: {
      schema,
      examples: { Example: { kind: 'image', model: 'kling-2-6', file: '@reference-image.png' } },
      mediaType: 'multipart/form-data',
    },
    responses: { ...done('Kept', fileBody), ...refusals(context, [400, 401, 403, 429, 503]) },
  };
}
