import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Trouble } from '../core/failure.ts';
import type { Media } from '../core/order.ts';
import type { Job } from '../core/ports/provider.ts';
import type { Json } from '../core/values.ts';

/** A picture of a job, read from where it was checked and kept. */
export interface Picture {
  readonly role: Media['role'];
  readonly mimeType: string;
  readonly bytes: Buffer<ArrayBuffer>;
  /** With the ending its type asks for: some upstreams judge by the name. */
  readonly name: string;
}

/** Ready to be handed over inside of a request. */
export interface InlinePicture {
  readonly role: Media['role'];
  readonly mimeType: string;
  readonly base64: string;
}

const ENDINGS: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
};

/**
 * The pictures of a job, in its order.
 * @param takes the types the upstream takes; another one is a trouble of this route, before anything is sent
 */
export async function picturesOf(job: Job, takes: readonly string[]): Promise<readonly Picture[]> {
  const pictures: Picture[] = [];
  for (const media of job.media) {
    if (!takes.includes(media.mimeType)) throw new Trouble('internal', `does not take ${media.mimeType}`);
    const bytes = await readFile(media.path).catch(() => {
      throw new Trouble('not_sent', `the input ${media.file} cannot be read`);
    });
    const name = `${media.sha256.slice(0, 32)}.${ENDINGS[media.mimeType] ?? 'bin'}`;
    pictures.push({ role: media.role, mimeType: media.mimeType, bytes, name });
  }
  return pictures;
}

/** The pictures of a job as base64, for upstreams that take them inside of the request. */
export async function inlinePictures(job: Job, takes: readonly string[]): Promise<Json> {
  const pictures = await picturesOf(job, takes);
  return pictures.map(({ role, mimeType, bytes }) => ({ role, mimeType, base64: bytes.toString('base64') }));
}

const inline = z.array(
  z.object({
    role: z.enum(['first_frame', 'last_frame', 'reference']),
    mimeType: z.string(),
    base64: z.string(),
  }),
);

/** What `inlinePictures` prepared: the picture of a role; null where the job has none. */
export function inlineOf(job: Job, role: Media['role']): InlinePicture | null {
  return inline.parse(job.prepared ?? []).find((picture) => picture.role === role) ?? null;
}

const uploaded = z.array(
  z.object({ role: z.enum(['first_frame', 'last_frame', 'reference']), url: z.string() }),
);

/** What an upload prepared: where the picture of a role lies now; null where the job has none. */
export function uploadedOf(job: Job, role: Media['role']): string | null {
  return uploaded.parse(job.prepared ?? []).find((picture) => picture.role === role)?.url ?? null;
}

/** A picture as a `data:` URL. */
export function dataUrl(picture: InlinePicture): string {
  return `data:${picture.mimeType};base64,${picture.base64}`;
}

/**
 * The address before the path of an upload, for upstreams that take files on another host: the operator's `upload_url`,
 * else the upstream's own. A base address that is not the upstream's stands in for it whole, its uploads included.
 */
export function uploadsAt(
  credential: Readonly<Record<string, string>>,
  own: { readonly base: string; readonly uploads: string },
): string {
  if (credential.upload_url) return credential.upload_url.replace(/\/$/, '');
  return (credential.base_url || own.base) === own.base ? own.uploads : '';
}

/** The same as addresses of a provider: none where uploads go below the base address. */
export function uploadAddresses(
  credential: Readonly<Record<string, string>>,
  own: { readonly base: string; readonly uploads: string },
): readonly string[] {
  const at = uploadsAt(credential, own);
  return at === '' ? [] : [at];
}
