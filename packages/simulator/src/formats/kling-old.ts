import { type Call, type Fields, Refusal, type Reply, type Route } from '../format.ts';
import {
  type Job,
  type JobState,
  outputUrls,
  type PictureInput,
  type Submission,
  toldState,
} from '../job.ts';
import { findByReference, findJob, visibleJobs } from '../namespace.ts';
import { jsonOf, objectAt, oneOf, promptAt, ratioOf, textAt } from '../request.ts';
import { pictureFrom } from './common.ts';
import { KLING_FAILURES } from './kling-errors.ts';
import { KLING, refuseDuplicate, success, unitsOf } from './kling-shared.ts';

type Kind = 'text2video' | 'image2video';

const OLD_STATES: Readonly<Record<JobState, string>> = {
  queued: 'submitted',
  running: 'processing',
  succeeded: 'succeed',
  failed: 'failed',
  canceled: 'failed',
};

/** `/v1/videos/text2video` and `/v1/videos/image2video`: the kind of a task is part of its address. */
export function oldGenerationRoutes(): readonly Route[] {
  return (['text2video', 'image2video'] as const).flatMap((kind): readonly Route[] => [
    {
      operation: 'submit',
      method: 'POST',
      path: `/v1/videos/${kind}`,
      read: (call) => readOrder(call, kind),
      accepted: created,
    },
    {
      operation: 'status',
      method: 'GET',
      path: `/v1/videos/${kind}/:id`,
      handle: (call) => query(call, kind),
      about: (call) => {
        const job = lookUp(call, kind);
        return job ? [job.id] : [];
      },
    },
    { operation: 'list', method: 'GET', path: `/v1/videos/${kind}`, handle: (call) => list(call, kind) },
  ]);
}

function readOrder(call: Call, kind: Kind): Submission {
  const body = jsonOf(call);
  // Without a name the retired kling-v1 is meant.
  if (textAt(body, 'model_name') !== 'kling-v2-6') throw new Refusal('1203', 'model is not supported');
  const mode = oneOf(body, 'mode', ['std', 'pro'], 'std');
  const sound = oneOf(body, 'sound', ['on', 'off'], 'off') === 'on';
  if (sound && mode !== 'pro') throw new Refusal('1201', 'sound is supported in mode pro only');
  const pictures = kind === 'image2video' ? picturesOf(body) : [];
  if (pictures.some((one) => one.role === 'last') && (sound || mode !== 'pro'))
    throw new Refusal('1201', 'image_tail is supported in mode pro without sound only');
  const reference = textAt(body, 'external_task_id');
  refuseDuplicate(call, reference);
  return {
    reference,
    model: 'kling-v2-6',
    prompt: promptAt(body, 2500),
    durationSeconds: Number(oneOf(body, 'duration', ['5', '10'], '5')),
    sound,
    resolution: mode === 'pro' ? '1080p' : '720p',
    ratio:
      kind === 'text2video' ? ratioOf(oneOf(body, 'aspect_ratio', ['16:9', '9:16', '1:1'], '16:9')) : null,
    pictures,
    callbackUrl: textAt(body, 'callback_url'),
    memory: { generation: 'old', kind, watermark: objectAt(body, 'watermark_info') },
  };
}

function picturesOf(body: Fields): readonly PictureInput[] {
  const pictures: PictureInput[] = [];
  for (const [key, role] of [
    ['image', 'first'],
    ['image_tail', 'last'],
  ] as const) {
    const value = textAt(body, key);
    if (value?.startsWith('data:'))
      throw new Refusal('1201', `${key} must be raw base64 without a data: prefix`);
    if (value) pictures.push({ role, from: pictureFrom(value) });
  }
  if (pictures.length === 0) throw new Refusal('1201', 'image or image_tail is required');
  return pictures;
}

function created(job: Job): Reply {
  return success({
    task_id: job.id,
    task_info: taskInfo(job),
    task_status: 'submitted',
    created_at: job.createdAt,
    updated_at: job.updatedAt,
  });
}

/** By Kling's id or by the caller's. */
function lookUp(call: Call, kind: Kind): Job | null {
  const id = call.params.id ?? '';
  const job = findJob(call.namespace, KLING, id) ?? findByReference(call.namespace, KLING, id);
  return job?.order.memory.kind === kind ? job : null;
}

function query(call: Call, kind: Kind): Reply {
  const job = lookUp(call, kind);
  if (!job) throw new Refusal('1201', 'Task not found');
  return success(oldTask(job, toldState(job)));
}

function list(call: Call, kind: Kind): Reply {
  const page = Number(call.query.get('pageNum') ?? 1);
  const size = Number(call.query.get('pageSize') ?? 30);
  if (!(page >= 1 && page <= 1000 && size >= 1 && size <= 500)) throw new Refusal('1201', 'invalid page');
  const mine = visibleJobs(call.namespace, KLING)
    .filter((job) => job.order.memory.kind === kind)
    .reverse();
  return success(mine.slice((page - 1) * size, page * size).map((job) => oldTask(job, job.state)));
}

/** A task of the old generation as queries and callbacks show it. */
export function oldTask(job: Job, state: JobState): Fields {
  const videos = outputUrls(job).map((url, at) => ({
    id: `${job.id}${at}`,
    url,
    watermark_url: '',
    duration: job.order.durationSeconds.toFixed(1),
  }));
  return {
    task_id: job.id,
    task_status: OLD_STATES[state],
    task_status_msg: state === 'failed' ? (job.failure?.message ?? KLING_FAILURES.internal) : '',
    task_info: taskInfo(job),
    watermark_info: job.order.memory.watermark,
    created_at: job.createdAt,
    updated_at: job.updatedAt,
    ...(state === 'succeeded' ? { final_unit_deduction: unitsOf(job), task_result: { videos } } : {}),
  };
}

function taskInfo(job: Job): Fields {
  return job.order.reference === null ? {} : { external_task_id: job.order.reference };
}
