import type { Failure, FailureCode } from '../../core/failure.ts';
import { failure } from '../../core/failure.ts';
import type { TaskEvent } from '../../core/lifecycle.ts';
import { longestLifeMs } from '../../core/lifecycle.ts';
import type { Model } from '../../core/model.ts';
import type { Media, Prepared, PreparedMedia } from '../../core/order.ts';
import { FileTooLarge, StorageFull } from '../../core/ports/files.ts';
import type { MediaProblem, Picture } from '../../core/ports/net.ts';
import { MediaFault } from '../../core/ports/net.ts';
import type { StoredFile, Task } from '../../core/task.ts';
import type { FileId } from '../../core/values.ts';
import { move } from '../move.ts';
import type { AdvanceDeps } from './deps.ts';
import { LEASE_MS } from './deps.ts';

const DOWNLOAD_MS = 30_000;
const TRIES = 3;

/**
 * Fetches and checks a task's pictures, once; every attempt uses those bytes.
 * @returns the task ready for an attempt; null when it failed, was put off, or somebody else moved it
 */
export async function prepare(deps: AdvanceDeps, task: Task): Promise<Task | null> {
  if (task.prepared || task.order.media.length === 0) return task;
  const model = deps.models.byId(task.model);
  if (!model)
    return move(deps, task, { is: 'failed', failure: failure('model_unavailable') }).then(() => null);
  const fetched = await fetchPictures(deps, model, task);
  if (!('is' in fetched)) {
    const { media } = fetched;
    const files = media.map((one) => kept(one, task));
    return move(deps, task, { is: 'prepared', prepared: { media }, files, leaseMs: LEASE_MS });
  }
  await move(deps, task, fetched);
  return null;
}

/** All pictures, fetched and checked; what went wrong with them instead. */
async function fetchPictures(deps: AdvanceDeps, model: Model, task: Task): Promise<Prepared | TaskEvent> {
  const media: PreparedMedia[] = [];
  try {
    for (const one of task.order.media) media.push(await fetchPicture(deps, model, task, one));
    return { media };
  } catch (error) {
    for (const { file } of media) await deps.files.remove(file);
    if (error instanceof StorageFull) {
      return { is: 'deferred', reason: 'storage is full', dueInMs: 30_000 };
    }
    const refused = refusedMedia(error);
    if (!refused) throw error;
    return { is: 'failed', failure: refused };
  }
}

function kept(media: PreparedMedia, task: Task): StoredFile {
  const expiresAt = task.createdAt + longestLifeMs(task.terms);
  return {
    id: media.file,
    kind: 'input',
    mimeType: media.mimeType,
    bytes: media.bytes,
    sha256: media.sha256,
    expiresAt,
  };
}

/** Under a new id: somebody slower who fetches the same picture must not replace the bytes an attempt uses. */
async function fetchPicture(
  deps: AdvanceDeps,
  model: Model,
  task: Task,
  media: Media,
): Promise<PreparedMedia> {
  const id = deps.ids.file();
  const { maxBytes } = model.media;
  const own = deps.ownFile?.(media.url, task.createdAt) ?? null;
  const { bytes, sha256 } =
    own === null
      ? await downloadPatiently(deps, media.url, id, maxBytes)
      : await copyOwn(deps, own, id, maxBytes);
  try {
    const path = await deps.files.path(id);
    if (path === null) throw new MediaFault('broken_off', 'the picture is gone again');
    const picture = await deps.inspector.picture(path, model.media.mimeTypes);
    fits(model, picture);
    return { role: media.role, kind: media.kind, file: id, bytes, sha256, ...picture };
  } catch (error) {
    await deps.files.remove(id);
    throw error;
  }
}

/** A file of ours is read where it lies: nobody may reach this gateway from within. */
async function copyOwn(
  { files }: AdvanceDeps,
  own: FileId | 'unusable',
  id: FileId,
  maxBytes: number,
): Promise<{ bytes: number; sha256: string }> {
  if (own === 'unusable') throw new MediaFault('forbidden', 'the link to the file is not good');
  const stream = await files.open(own);
  if (stream === null) throw new MediaFault('unreachable', 'the file is removed');
  return files.keep(id, { stream }, maxBytes);
}

/** A transfer that broke off is tried again at once, a few times; an address that must not be reached is not. */
async function downloadPatiently(
  deps: AdvanceDeps,
  url: string,
  id: FileId,
  maxBytes: number,
): Promise<{ bytes: number; sha256: string }> {
  for (let tries = 1; ; tries += 1) {
    try {
      const stream = await deps.net.download(url, { maxBytes, totalMs: DOWNLOAD_MS });
      return await deps.files.keep(id, { stream }, maxBytes);
    } catch (error) {
      const again =
        error instanceof MediaFault && (error.problem === 'broken_off' || error.problem === 'unreachable');
      if (!again || tries === TRIES) throw error;
    }
  }
}

/** What an upstream cannot take is refused before one is asked (Kling: sides of at least 300 px, 1:2.5 to 2.5:1). */
function fits(model: Model, { width, height }: Picture): void {
  const { minSidePixels, maxRatio } = model.media;
  if (Math.min(width, height) < minSidePixels) {
    throw new MediaFault('unsupported', `The image must be at least ${minSidePixels} pixels on each side`);
  }
  if (Math.max(width, height) / Math.min(width, height) > maxRatio) {
    throw new MediaFault('unsupported', `The image's sides must be within 1:${maxRatio} and ${maxRatio}:1`);
  }
}

const CODES: Readonly<Record<MediaProblem, FailureCode>> = {
  unreachable: 'invalid_image_url',
  forbidden: 'invalid_image_url',
  broken_off: 'image_download_failed',
  too_large: 'image_too_large',
  too_many_pixels: 'image_too_large',
  unsupported: 'unsupported_format',
  broken: 'unsupported_format',
};

/** The customer's failure that an error of the media stands for; null where it is something else. */
function refusedMedia(error: unknown): Failure | null {
  if (error instanceof FileTooLarge) return failure('image_too_large');
  if (!(error instanceof MediaFault)) return null;
  const exact = error.problem === 'unsupported' || error.problem === 'broken';
  return exact ? failure(CODES[error.problem], error.message) : failure(CODES[error.problem]);
}
