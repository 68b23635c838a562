import { backoffMs } from '../../core/backoff.ts';
import type { TaskEvent } from '../../core/lifecycle.ts';
import { deadline } from '../../core/lifecycle.ts';
import { ratio } from '../../core/model.ts';
import { FileTooLarge, StorageFull } from '../../core/ports/files.ts';
import type { Film, Net } from '../../core/ports/net.ts';
import { MediaFault } from '../../core/ports/net.ts';
import type { Output, StoredFile, Task } from '../../core/task.ts';
import type { FileId, Instant } from '../../core/values.ts';
import { move } from '../move.ts';
import type { AdvanceDeps } from './deps.ts';
import { insist } from './insist.ts';

/** The largest result that is taken from an upstream. */
const FILM_BYTES_MAX = 1024 ** 3;
const DOWNLOAD_MS = 10 * 60_000;

/** Upstreams' clips run a little over (Kling: 5.04 s, 5.1 s). */
const DURATION_SLACK_MS = 500;
const RATIO_SLACK = 0.02;

const MIME_TYPES = { video: 'video/mp4', poster: 'image/jpeg', preview: 'video/mp4' } as const;

/** Copies the results, holds the film against the order, and finishes the task: charge, files and notice in one commit. */
export async function keep(deps: AdvanceDeps, task: Task, now: Instant): Promise<void> {
  if (task.state.name !== 'storing') return;
  if (now >= (deadline(task) ?? now)) {
    await move(deps, task, { is: 'expired' });
    return;
  }
  const { attempt, outputs } = task.state;
  const copied = await copy(deps, task, attempt.route, outputs);
  if ('is' in copied) {
    const moved = await move(deps, task, copied);
    if (moved && copied.is === 'rerouted') {
      deps.routes.report(attempt.route, { is: 'failed', stage: 'film', kind: copied.reason });
    }
    return;
  }
  if (!(await insist(deps, () => move(deps, task, { is: 'stored', files: copied.files })))) return;
  const latencyMs = Math.max(0, deps.clock.now() - attempt.startedAt);
  deps.routes.report(attempt.route, { is: 'succeeded', latencyMs });
}

/** Copies all results; what went wrong with them instead. */
async function copy(
  deps: AdvanceDeps,
  task: Task,
  routeName: string,
  outputs: readonly Output[],
): Promise<{ readonly files: readonly StoredFile[] } | TaskEvent> {
  const files: StoredFile[] = [];
  try {
    const route = await deps.routes.byName(routeName);
    const download = route?.download ?? deps.net.download;
    for (const output of outputs) files.push(await copyOne(deps, task, output, download));
    const film = files.find((file) => file.kind === 'video');
    if (!film) throw new MediaFault('broken', 'there is no film');
    await holdAgainstOrder(deps, task, film.id);
    return { files };
  } catch (error) {
    for (const { id } of files) await deps.files.remove(id);
    const event = setback(deps, task, error);
    if (!event) throw error;
    return event;
  }
}

/** Under a new id: somebody slower who copies the same result must not replace bytes that are recorded already. */
async function copyOne(
  deps: AdvanceDeps,
  task: Task,
  output: Output,
  download: Net['download'],
): Promise<StoredFile> {
  const id = deps.ids.file();
  const source =
    'path' in output.at
      ? { path: output.at.path }
      : { stream: await download(output.at.url, { maxBytes: FILM_BYTES_MAX, totalMs: DOWNLOAD_MS }) };
  const { bytes, sha256 } = await deps.files.keep(id, source, FILM_BYTES_MAX);
  const expiresAt = deps.clock.now() + task.terms.retentionMs;
  return { id, kind: output.kind, mimeType: MIME_TYPES[output.kind], bytes, sha256, expiresAt };
}

/** Throws a `MediaFault` where a film is not what was ordered. */
async function holdAgainstOrder(deps: AdvanceDeps, task: Task, id: FileId): Promise<void> {
  const path = await deps.files.path(id);
  if (path === null) throw new MediaFault('broken_off', 'the film is gone again');
  const wrong = difference(task, await deps.inspector.film(path));
  if (wrong !== null) throw new MediaFault('unsupported', wrong);
}

function difference({ order }: Task, film: Film): string | null {
  // Asked this way round, what is not a number is not what was ordered either.
  if (!(Math.abs(film.durationMs - order.durationSeconds * 1000) <= DURATION_SLACK_MS))
    return `it runs ${film.durationMs} ms`;
  if (order.sound && !film.hasAudio) return 'it has no sound';
  if (order.aspectRatio && order.mode === 'text-to-video') {
    const wanted = ratio(order.aspectRatio);
    if (!(Math.abs(film.width / film.height / wanted - 1) <= RATIO_SLACK))
      return `it is ${film.width}×${film.height}`;
  }
  return null;
}

/** Another try later, another route, or (null) an error that is nobody's setback. */
function setback(deps: AdvanceDeps, task: Task, error: unknown): TaskEvent | null {
  if (error instanceof StorageFull) return { is: 'deferred', reason: 'storage is full', dueInMs: 30_000 };
  if (error instanceof FileTooLarge) return { is: 'rerouted', reason: 'bad_film', dueInMs: 0 };
  if (isMissing(error)) return { is: 'rerouted', reason: 'gone', dueInMs: 0 };
  if (!(error instanceof MediaFault)) return null;
  if (error.problem !== 'unreachable' && error.problem !== 'broken_off') {
    return { is: 'rerouted', reason: 'bad_film', dueInMs: 0 };
  }
  const ageMs = Math.max(0, deps.clock.now() - task.stateSince);
  const dueInMs = backoffMs(Math.floor(Math.log2(1 + ageMs / 2_000)), deps.ids.chance(), 2_000);
  return { is: 'deferred', reason: `the result is ${error.problem}`, dueInMs };
}

/** The studio's film is no longer where it was left: its machine lost it, so it is made again. */
function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
