import { randomUUID } from 'node:crypto';
import { cancel } from '../engine.ts';
import { filmReply } from '../film-server.ts';
import {
  type Call,
  type CommonError,
  type Fields,
  type Format,
  Refusal,
  type Reply,
  type Route,
  type WireError,
} from '../format.ts';
import { isOver, type Job, type Submission, toldState } from '../job.ts';
import { findJob, type Namespace, visibleJobs } from '../namespace.ts';
import { formOf, jsonOf, listAt, objectAt, textAt } from '../request.ts';
import { readGraph } from './comfyui-graph.ts';

const errors: Readonly<Record<string, WireError>> = {
  prompt_no_outputs: { status: 400, code: 'prompt_no_outputs', message: 'Prompt has no outputs' },
  no_prompt: { status: 400, code: 'no_prompt', message: 'No prompt provided' },
  invalid_prompt: {
    status: 400,
    code: 'invalid_prompt',
    message: 'Cannot execute because a node is missing',
  },
  prompt_outputs_failed_validation: {
    status: 400,
    code: 'prompt_outputs_failed_validation',
    message: 'Prompt outputs failed validation',
  },
  forbidden: { status: 403, code: 'forbidden', message: 'Forbidden' },
  not_found: { status: 404, code: 'not_found', message: 'Not found' },
  internal: { status: 500, code: 'internal', message: 'Internal server error' },
  unavailable: { status: 503, code: 'unavailable', message: 'Service unavailable' },
  overloaded: { status: 429, code: 'overloaded', message: 'Too many requests' },
};

const commonErrors: Readonly<Record<CommonError, string>> = {
  auth: 'forbidden',
  permission: 'forbidden',
  balance: 'internal',
  content: 'prompt_outputs_failed_validation',
  invalid: 'prompt_outputs_failed_validation',
  not_found: 'not_found',
  rate: 'overloaded',
  concurrency: 'overloaded',
  internal: 'internal',
  maintenance: 'unavailable',
  timeout: 'unavailable',
};

const failures = {
  internal: 'RuntimeError: expected all tensors to be on the same device',
  oom: 'torch.OutOfMemoryError: Allocation on device',
  image: 'FileNotFoundError: invalid image file',
  timeout: 'TimeoutError',
} as const;

const paths: readonly Route[] = [
  { operation: 'submit', method: 'POST', path: '/prompt', read: readOrder, accepted },
  { operation: 'list', method: 'GET', path: '/queue', handle: queue },
  { operation: 'cancel', method: 'POST', path: '/queue', handle: changeQueue },
  { operation: 'cancel', method: 'POST', path: '/interrupt', handle: interrupt },
  { operation: 'status', method: 'GET', path: '/history/:id', handle: history },
  { operation: 'upload', method: 'POST', path: '/upload/image', handle: upload },
  {
    operation: 'film',
    method: 'GET',
    path: '/view',
    handle: view,
    about: (call) => [idOfFile(call.query.get('filename') ?? '')],
  },
  { operation: 'account', method: 'GET', path: '/system_stats', handle: systemStats },
];

/** ComfyUI, also below `/api`. Its events are in comfyui-events.ts. */
export const comfyui: Format = {
  name: 'comfyui',
  routes: [...paths, ...paths.map((route) => ({ ...route, path: `/api${route.path}` }))],
  errors,
  commonErrors,
  failures,
  commonFailures: { content: 'internal', image: 'image', internal: 'internal', timeout: 'timeout' },
  keeps: { filmMs: null, recordMs: null },
  whenFull: 'queues',
  newId: randomUUID,
  price: () => 0,
  authenticate() {
    // It has no keys.
  },
  refuse: (error, message) => ({
    status: error.status,
    body: { error: { type: error.code, message, details: '', extra_info: {} }, node_errors: {} },
  }),
};

function readOrder(call: Call): Submission {
  const body = jsonOf(call);
  if (body.prompt === undefined) throw new Refusal('no_prompt');
  const graph = readGraph(objectAt(body, 'prompt'));
  const id = textAt(body, 'prompt_id');
  return {
    reference: id,
    ...(id === null ? {} : { id }),
    model: 'comfyui',
    ...graph,
    pictures: graph.images.map((name) => ({ role: 'first' as const, from: uploaded(call.namespace, name) })),
    callbackUrl: null,
    memory: { graph: body.prompt, clientId: textAt(body, 'client_id') ?? '', output: graph.outputNode },
  };
}

function uploaded(namespace: Namespace, name: string): Buffer {
  const file = namespace.uploads.get(`comfyui ${name}`);
  if (!file) throw new Refusal('prompt_outputs_failed_validation', `Invalid image file: ${name}`);
  return file.bytes;
}

function accepted(job: Job, call: Call): Reply {
  return { status: 200, body: { prompt_id: job.id, number: call.namespace.jobs.size, node_errors: {} } };
}

function queue(call: Call): Reply {
  const open = visibleJobs(call.namespace, comfyui).filter((job) => !isOver(job));
  const item = (job: Job, at: number) => [at, job.id, job.order.memory.graph, {}, [job.order.memory.output]];
  return {
    status: 200,
    body: {
      queue_running: open.filter((job) => job.state === 'running').map(item),
      queue_pending: open.filter((job) => job.state === 'queued').map(item),
    },
  };
}

function changeQueue(call: Call): Reply {
  const body = jsonOf(call);
  for (const id of listAt(body, 'delete')) {
    const job = findJob(call.namespace, comfyui, String(id));
    if (job?.state === 'queued') drop(call.namespace, job);
  }
  if (body.clear === true)
    for (const job of visibleJobs(call.namespace, comfyui))
      if (job.state === 'queued') drop(call.namespace, job);
  return { status: 200, body: null };
}

/** What is taken off the queue leaves no trace in the history. */
function drop(namespace: Namespace, job: Job): void {
  cancel(comfyui, namespace, job);
  namespace.jobs.delete(`comfyui ${job.id}`);
}

/** Without an id (or on an older build) whatever runs is stopped. */
function interrupt(call: Call): Reply {
  const id = call.raw.length > 0 ? textAt(jsonOf(call), 'prompt_id') : null;
  for (const job of visibleJobs(call.namespace, comfyui))
    if (job.state === 'running' && (id === null || id === job.id)) cancel(comfyui, call.namespace, job);
  return { status: 200, body: null };
}

function history(call: Call): Reply {
  const job = findJob(call.namespace, comfyui, call.params.id ?? '');
  if (!job) return { status: 200, body: {} };
  const state = toldState(job);
  if (state === 'queued' || state === 'running') return { status: 200, body: {} };
  const isGood = state === 'succeeded';
  const file = { filename: `${job.id}_00001_.mp4`, subfolder: '', type: 'output' };
  const outputs =
    isGood && job.plan.lie !== 'empty'
      ? { [String(job.order.memory.output)]: { images: [file], animated: [true] } }
      : {};
  return {
    status: 200,
    body: {
      [job.id]: {
        prompt: [0, job.id, job.order.memory.graph, {}, [job.order.memory.output]],
        outputs,
        status: { status_str: isGood ? 'success' : 'error', completed: isGood, messages: messages(job) },
      },
    },
  };
}

function messages(job: Job): readonly unknown[] {
  const at = { prompt_id: job.id, timestamp: job.endedAt };
  if (job.state === 'succeeded') return [['execution_success', at]];
  if (job.state === 'canceled') return [['execution_interrupted', at]];
  const error = {
    ...at,
    node_id: '1',
    exception_type: 'RuntimeError',
    exception_message: job.failure?.message ?? '',
  };
  return [['execution_error', error]];
}

async function view(call: Call): Promise<Reply> {
  const name = call.query.get('filename') ?? '';
  const file = call.namespace.uploads.get(`comfyui ${name}`);
  if (file) return { status: 200, headers: { 'content-type': file.type }, body: file.bytes };
  const job = findJob(call.namespace, comfyui, idOfFile(name));
  if (!job) throw new Refusal('not_found');
  return await filmReply(comfyui, call, job);
}

function idOfFile(name: string): string {
  return name.replace(/_\d+_\.mp4$/, '');
}

async function upload(call: Call): Promise<Reply> {
  const image = (await formOf(call)).get('image');
  if (!(image instanceof File)) throw new Refusal('internal', 'image is missing');
  const bytes = Buffer.from(await image.arrayBuffer());
  const name = image.name.replace(/[/\\]/g, '_');
  call.namespace.uploads.set(`comfyui ${name}`, { id: name, name, type: image.type, bytes });
  return { status: 200, body: { name, subfolder: '', type: 'input' } };
}

function systemStats(): Reply {
  const stats: Fields = { system: { os: 'posix', comfyui_version: '0.3.75' }, devices: [] };
  return { status: 200, body: stats };
}
