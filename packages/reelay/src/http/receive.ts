import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Files } from '../core/ports/files.ts';
import { FileTooLarge } from '../core/ports/files.ts';
import { refuse } from '../core/refusal.ts';
import type { FileId } from '../core/values.ts';
import { Refused } from './errors.ts';

/** The largest file of any kind. Source: contract Rivya B5. */
const FILE_BYTES_MAX = 50 * 1024 * 1024;
const FIELD_BYTES_MAX = 4_096;

/** A file as it came in: on disk already, not yet looked into. */
export interface Received {
  readonly id: FileId;
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Form {
  readonly fields: Readonly<Record<string, string>>;
  readonly file: Received | null;
}

/** Lets a part of the app take multipart bodies: nothing of one is read before `receive`. */
export async function takeForms(app: FastifyInstance): Promise<void> {
  await app.register(multipart, {
    throwFileSizeLimit: false,
    limits: {
      fieldNameSize: 100,
      fieldSize: FIELD_BYTES_MAX,
      fields: 10,
      files: 1,
      parts: 11,
      headerPairs: 50,
      // One byte more than is taken, so that what is too large is seen to be.
      fileSize: FILE_BYTES_MAX + 1,
    },
  });
}

/**
 * Reads a form: its file is streamed to disk under a new id, never held whole. Nothing is left behind where the form is
 * cut off or wrong. Throws `Refused`, `StorageFull`.
 */
export async function receive(
  request: FastifyRequest,
  files: Pick<Files, 'keep' | 'remove' | 'room'>,
  newId: () => FileId,
): Promise<Form> {
  if (!request.isMultipart()) {
    throw new Refused(refuse('media_type_unsupported', 'Content-Type must be multipart/form-data'));
  }
  await files.room();
  const fields: Record<string, string> = {};
  let file: Received | null = null;
  try {
    for await (const part of request.parts()) {
      if (part.type === 'file') {
        if (part.fieldname !== 'file') throw wrong(`${part.fieldname} must not be a file`, part.fieldname);
        const id = newId();
        const { bytes, sha256 } = await files.keep(id, { stream: part.file }, FILE_BYTES_MAX);
        file = { id, name: harmless(part.filename), bytes, sha256 };
      } else {
        fields[part.fieldname] = text(part.fieldname, part.value, part.valueTruncated);
      }
    }
  } catch (error) {
    if (file) await files.remove(file.id);
    throw explained(error);
  }
  return { fields, file };
}

function text(name: string, value: unknown, truncated: boolean): string {
  if (truncated || typeof value !== 'string') throw wrong(`${name} is too long`, name);
  if (value.includes('\0')) throw wrong(`${name} must not contain the character U+0000`, name);
  return value;
}

/** What is known of an error, in public words. A form that cannot be read is its sender's doing. */
function explained(error: unknown): unknown {
  if (error instanceof FileTooLarge) {
    return wrong(`file must have at most ${FILE_BYTES_MAX / 1024 / 1024} MB`, 'file');
  }
  const isOfTheForm =
    error instanceof Error &&
    (/multipart|unexpected end of form|malformed part/i.test(error.message) ||
      ('code' in error && /^(FST_|ECONNRESET|ERR_STREAM_PREMATURE_CLOSE)/.test(String(error.code))));
  return isOfTheForm ? wrong('The form is malformed or was cut off') : error;
}

function wrong(message: string, field?: string): Refused {
  return new Refused(refuse('invalid', message, field ? { field } : {}));
}

/** A file's name without its path and without characters that could do harm where it is shown or logged. */
function harmless(name: string | undefined): string {
  const base = (name ?? '').split(/[/\\]/).at(-1) ?? '';
  const clean = base
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .trim();
  return [...clean].slice(0, 255).join('') || 'file';
}
