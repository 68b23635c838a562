import { machineTime } from '../clock.ts';
import {
  type Call,
  type Fields,
  type Format,
  type Notice,
  Refusal,
  type Reply,
  type Route,
} from '../format.ts';
import {
  type Job,
  type JobState,
  outputUrls,
  type PictureInput,
  type Submission,
  toldState,
} from '../job.ts';
import { findByReference, findJob, hex, visibleJobs } from '../namespace.ts';
import {
  checkCredential,
  credential,
  jsonOf,
  listAt,
  objectAt,
  oneOf,
  promptAt,
  ratioOf,
  textAt,
} from '../request.ts';
import { readJwt, standardHeaders } from '../sign.ts';
import { digits, klingListPrice, pictureFrom } from './common.ts';
import { KLING_COMMON_ERRORS, KLING_ERRORS, KLING_FAILURES } from './kling-errors.ts';
import { oldGenerationRoutes, oldTask } from './kling-old.ts';
import { KLING, refuseDuplicate, success, UNIT_USD, unitsOf } from './kling-shared.ts';

const NEW_STATES: Readonly<Record<JobState, string>> = {
  queued: 'submitted',
  running: 'processing',
  succeeded: 'succeeded',
  failed: 'failed',
  canceled: 'failed',
};

const routes: readonly Route[] = [
  {
    operation: 'submit',
    method: 'POST',
    path: '/text-to-video/kling-2.6',
    read: (call) => readOrder(call, textContents),
    accepted: created,
  },
  {
    operation: 'submit',
    method: 'POST',
    path: '/image-to-video/kling-2.6',
    read: (call) => readOrder(call, imageContents),
    accepted: created,
  },
  {
    operation: 'status',
    method: 'GET',
    path: '/tasks',
    handle: queryTasks,
    about: (call) => askedJobs(call).map((job) => job.id),
  },
  { operation: 'list', method: 'POST', path: '/tasks', handle: listTasks },
  { operation: 'account', method: 'GET', path: '/account/costs', handle: accountCosts },
];

/** Kling's own API: the new generation here, the old one in kling-old.ts, under one host and one table of errors. */
export const kling: Format = {
  ...KLING,
  routes: [...routes, ...oldGenerationRoutes()],
  errors: KLING_ERRORS,
  commonErrors: KLING_COMMON_ERRORS,
  failures: KLING_FAILURES,
  commonFailures: { content: 'content', image: 'image', internal: 'internal', timeout: 'timeout' },
  whenFull: 'refuses',
  newId: () => digits(18),
  price: klingListPrice,
  refuse: (error, message) => ({
    status: error.status,
    body: { code: error.code, message, request_id: hex(32) },
  }),
  authenticate,
  notify(job, _, namespace): readonly Notice[] {
    const { callbackUrl, memory } = job.order;
    if (callbackUrl === null) return [];
    const { settings, signer } = namespace;
    const body = memory.generation === 'old' ? oldTask(job, job.state) : newTask(job, job.state);
    return [
      {
        url: callbackUrl,
        body,
        sign: (raw, id, at) =>
          settings.klingSigns ? standardHeaders(signer.standardSecret(), id, raw, at) : {},
        // The schedule is not documented.
        retriesMs: [10_000, 60_000, 600_000],
        timeoutMs: 10_000,
      },
    ];
  },
};

/** An API key opens both generations, a JWT only the old one. */
function authenticate(call: Call): void {
  const token = credential(call, 'Bearer');
  if (token === null) throw new Refusal('1001');
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token) || token.startsWith('ns.')) {
    checkCredential(call, token);
    return;
  }
  if (!call.path.startsWith('/v1/')) throw new Refusal('1002');
  const claims = readJwt(token, call.namespace.settings.klingSecretKey, machineTime());
  if (claims === 'early') throw new Refusal('1003');
  if (claims === 'expired') throw new Refusal('1004');
  if (claims === 'invalid') throw new Refusal('1002');
  checkCredential(call, claims.issuer);
}

interface Contents {
  readonly prompt: string;
  readonly pictures: readonly PictureInput[];
  readonly ratio: readonly [number, number] | null;
}

function readOrder(call: Call, contents: (body: Fields) => Contents): Submission {
  const body = jsonOf(call);
  const settings = objectAt(body, 'settings');
  const options = objectAt(body, 'options');
  const sound = oneOf(settings, 'audio', ['native', 'off'], 'off') === 'native';
  const resolution = oneOf(settings, 'resolution', ['720p', '1080p'], '720p');
  const { prompt, pictures, ratio } = contents(body);
  if (sound && resolution !== '1080p') throw new Refusal('1201', 'audio native is supported at 1080p only');
  if (pictures.some((one) => one.role === 'last') && resolution !== '1080p')
    throw new Refusal('1201', 'last_frame is supported at 1080p only');
  const reference = textAt(options, 'external_task_id');
  refuseDuplicate(call, reference);
  return {
    reference,
    model: 'kling-2.6',
    prompt,
    durationSeconds: oneOf(settings, 'duration', [5, 10], 5),
    sound,
    resolution,
    ratio,
    pictures,
    callbackUrl: textAt(options, 'callback_url'),
    memory: { generation: 'new' },
  };
}

function textContents(body: Fields): Contents {
  const ratio = oneOf(objectAt(body, 'settings'), 'aspect_ratio', ['16:9', '9:16', '1:1'], '16:9');
  return { prompt: promptAt(body, 2500), pictures: [], ratio: ratioOf(ratio) };
}

function imageContents(body: Fields): Contents {
  let prompt = '';
  const pictures: PictureInput[] = [];
  for (const item of listAt(body, 'contents')) {
    const content: Fields = typeof item === 'object' && item !== null ? { ...item } : {};
    const url = textAt(content, 'url');
    if (content.type === 'prompt') prompt = promptAt(content, 2500, 'text');
    else if (content.type === 'first_frame' && url) pictures.push({ role: 'first', from: pictureFrom(url) });
    else if (content.type === 'last_frame' && url) pictures.push({ role: 'last', from: pictureFrom(url) });
    else if (content.type !== 'voice') throw new Refusal('1201', 'contents has an item of an unknown type');
  }
  if (!pictures.some((one) => one.role === 'first')) throw new Refusal('1201', 'first_frame is required');
  return { prompt, pictures, ratio: null };
}

function created(job: Job): Reply {
  return success({
    id: job.id,
    status: 'submitted',
    create_time: job.createdAt,
    update_time: job.updatedAt,
    ...externalId(job),
  });
}

function askedJobs(call: Call): readonly Job[] {
  const { namespace, query } = call;
  const split = (name: string) => (query.get(name) ?? '').split(',').filter((id) => id !== '');
  const byId = split('task_ids').map((id) => findJob(namespace, KLING, id));
  const byReference = split('external_task_ids').map((id) => findByReference(namespace, KLING, id));
  return [...byId, ...byReference].filter((job) => job !== null);
}

function queryTasks(call: Call): Reply {
  if (call.query.has('task_ids') === call.query.has('external_task_ids'))
    throw new Refusal('1201', 'exactly one of task_ids and external_task_ids is required');
  return success(askedJobs(call).map((job) => newTask(job, toldState(job))));
}

function listTasks(call: Call): Reply {
  const body = jsonOf(call);
  const limit = Math.min(500, Number(body.limit ?? 100));
  const from = Number(textAt(body, 'start_time') ?? 0);
  const to = Number(textAt(body, 'end_time') ?? Number.MAX_SAFE_INTEGER);
  const first = Number(textAt(body, 'cursor') ?? 0);
  const wanted = listAt(body, 'filters').flatMap((item) => {
    const filter: Fields = typeof item === 'object' && item !== null ? { ...item } : {};
    return filter.key === 'status' ? [listAt(filter, 'values')] : [];
  });
  const all = visibleJobs(call.namespace, KLING)
    .filter((job) => job.createdAt >= from && job.createdAt <= to)
    .filter((job) => wanted.every((values) => values.includes(NEW_STATES[job.state])));
  const result = all.slice(first, first + limit).map((job) => newTask(job, job.state));
  const next = first + result.length;
  const hasMore = next < all.length;
  return success({
    result,
    count: result.length,
    next_cursor: hasMore ? String(next) : '',
    has_more: hasMore,
  });
}

/** A task of the new generation as queries and callbacks show it. */
function newTask(job: Job, state: JobState): Fields {
  const outputs = outputUrls(job).map((url, at) => ({
    type: 'video',
    id: `${job.id}${at}`,
    url,
    watermark_url: '',
    duration: job.order.durationSeconds.toFixed(2),
  }));
  const billing = [{ charge_type: 'unit', amount: unitsOf(job), package_type: 'video' }];
  return {
    id: job.id,
    status: NEW_STATES[state],
    message: state === 'failed' ? (job.failure?.message ?? KLING_FAILURES.internal) : '',
    create_time: job.createdAt,
    update_time: job.updatedAt,
    ...externalId(job),
    ...(state === 'succeeded' ? { outputs, billing } : {}),
  };
}

function externalId(job: Job): Fields {
  return job.order.reference === null ? {} : { external_id: job.order.reference };
}

function accountCosts(call: Call): Reply {
  if (!call.query.has('start_time') || !call.query.has('end_time'))
    throw new Refusal('1201', 'start_time and end_time are required');
  const { balanceUsd } = call.namespace.settings;
  const total = (balanceUsd ?? 700) / UNIT_USD;
  const left = total - call.namespace.ledger.exposedUsd('kling') / UNIT_USD;
  const pack = {
    resource_pack_name: 'Video generation 5000 units',
    resource_pack_type: 'decreasing_total',
    total_quantity: total,
    remaining_quantity: left,
    status: 'online',
  };
  return success({ code: 0, msg: 'SUCCEED', resource_pack_subscribe_infos: [pack] });
}
