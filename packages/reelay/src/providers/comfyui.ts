import { z } from 'zod';
import { Trouble } from '../core/failure.ts';
import type { Job, Provider, Sighting, Upstream } from '../core/ports/provider.ts';
import type { Json } from '../core/values.ts';
import { filled, filmOf, promptIdOf, refusal, wordsOf } from './comfyui.wire.ts';
import { picturesOf, uploadedOf } from './picture.ts';
import {
  bodyOf,
  doubtful,
  failed,
  GONE,
  idOf,
  isOk,
  oneByOne,
  RUNNING,
  rendered,
  trouble,
  unbilled,
} from './reply.ts';
import { seedOf, sidesOf, WAN_22, WAN_22_LOOKS } from './wan-2-2.ts';

const PICTURES = ['image/jpeg', 'image/png', 'image/webp'];
const FPS = 16;
const Handle = z.object({ id: z.string() });

/**
 * An operator's own ComfyUI (contract 7): a workflow in its API format, exported there, with slots such as
 * `"{{prompt}}"` where an order's values go. Progress is not asked for: it comes over a websocket only.
 */
export const comfyui: Provider = {
  name: 'comfyui',
  tier: 'own',
  credential: [
    {
      name: 'base_url',
      label: "ComfyUI's address",
      secret: false,
      required: true,
      default: 'http://127.0.0.1:8188',
    },
    {
      name: 'workflow_text',
      label:
        'Workflow for text-to-video: API-format JSON with {{prompt}}, and where wanted {{width}} {{height}} {{seconds}} {{frames}} {{fps}} {{seed}}',
      secret: false,
      required: true,
    },
    {
      name: 'workflow_image',
      label: 'Workflow for image-to-video: the same with {{image}}, the name of the uploaded picture',
      secret: false,
      required: false,
    },
    { name: 'fps', label: 'Frames a second', secret: false, required: false, default: String(FPS) },
  ],
  abilities: [WAN_22],
  dedupe: 'free',
  looks: WAN_22_LOOKS,
  pictures: PICTURES,

  async prepare(job, upstream) {
    const uploaded: Json[] = [];
    for (const { role, bytes, mimeType, name } of await picturesOf(job, PICTURES)) {
      const body = new FormData();
      body.append('image', new Blob([bytes], { type: mimeType }), name);
      body.append('type', 'input');
      body.append('overwrite', 'true');
      const reply = await unbilled(upstream.call({ method: 'POST', path: '/upload/image', body }));
      const file = z
        .object({ name: z.string().min(1), subfolder: z.string().catch('') })
        .safeParse(bodyOf(reply));
      if (!isOk(reply) || !file.success)
        throw trouble('internal', reply, upstream, 'the picture was not taken');
      const { name: kept, subfolder } = file.data;
      uploaded.push({ role, url: subfolder === '' ? kept : `${subfolder}/${kept}` });
    }
    return uploaded;
  },

  /**
   * The prompt's id is ours, and a second one of the same id would be rendered too: what an earlier attempt left here is
   * taken up. Builds that choose their own ids say which.
   */
  async submit(job, upstream) {
    const id = promptIdOf(job.attempt.reference);
    if (job.attempt.number > 1 && (await isKnown(id, upstream))) return { id };
    const body = { prompt: workflowOf(job, upstream), client_id: 'reelay', prompt_id: id };
    const reply = await upstream.callOnce({ method: 'POST', path: '/prompt', body }, job.attempt.sendBy);
    const made = z
      .object({ prompt_id: z.unknown().transform(idOf).pipe(z.string()) })
      .safeParse(bodyOf(reply));
    if (isOk(reply) && made.success) return { id: made.data.prompt_id };
    const kind = refusal(reply);
    throw kind ? trouble(kind, reply, upstream, wordsOf(reply)) : doubtful(reply);
  },

  /** What is in no queue is looked for in the history: it leaves the one before it enters the other. */
  async watch(handles, upstream) {
    const queue = await queueOf(upstream);
    return oneByOne(handles, async (handle) => {
      const { id } = Handle.parse(handle);
      if (queue.pending.has(id) || queue.running.has(id)) return RUNNING;
      return look(id, upstream);
    });
  },

  /** `interrupt` of older builds stops whatever runs: it is called only while that is this job. */
  async cancel(handle, upstream) {
    const { id } = Handle.parse(handle);
    const queue = await queueOf(upstream);
    if (queue.pending.has(id)) {
      const reply = await upstream.call({ method: 'POST', path: '/queue', body: { delete: [id] } });
      return isOk(reply) ? 'stopped' : 'too_late';
    }
    if (!queue.running.has(id)) return 'too_late';
    const reply = await upstream.call({ method: 'POST', path: '/interrupt', body: { prompt_id: id } });
    return isOk(reply) ? 'stopped' : 'too_late';
  },
};

function workflowOf(job: Job, upstream: Upstream): Json {
  const isText = job.order.mode === 'text-to-video';
  const text = isText ? upstream.credential.workflow_text : upstream.credential.workflow_image;
  if (!text) throw new Trouble('internal', `there is no workflow for ${job.order.mode}`);
  const fps = Number(upstream.credential.fps) || FPS;
  const workflow = filled(text, {
    prompt: job.order.prompt,
    ...sidesOf(job),
    seconds: job.order.durationSeconds,
    frames: job.order.durationSeconds * fps + 1,
    fps,
    seed: seedOf(job),
    image: uploadedOf(job, 'first_frame') ?? '',
  });
  if (workflow === null)
    throw new Trouble('internal', `the workflow for ${job.order.mode} is no JSON object`);
  return workflow;
}

const entries = z
  .array(z.array(z.unknown()))
  .transform((rows) => new Set(rows.map((row) => (typeof row[1] === 'string' ? row[1] : ''))));
const queues = z.object({ queue_running: entries, queue_pending: entries });

async function isKnown(id: string, upstream: Upstream): Promise<boolean> {
  const queue = await queueOf(upstream);
  return queue.pending.has(id) || queue.running.has(id) || (await look(id, upstream)).is !== 'gone';
}

async function queueOf(upstream: Upstream) {
  const reply = await unbilled(upstream.call({ method: 'GET', path: '/queue' }));
  const read = queues.safeParse(bodyOf(reply));
  if (!isOk(reply) || !read.success)
    throw trouble(refusal(reply) ?? 'internal', reply, upstream, wordsOf(reply));
  return { running: read.data.queue_running, pending: read.data.queue_pending };
}

const entry = z.object({
  outputs: z.unknown().optional(),
  status: z.object({ status_str: z.string().catch(''), messages: z.array(z.array(z.unknown())).catch([]) }),
});

async function look(id: string, upstream: Upstream): Promise<Sighting> {
  const reply = await unbilled(upstream.call({ method: 'GET', path: `/history/${encodeURIComponent(id)}` }));
  const history = z.record(z.string(), z.unknown()).safeParse(bodyOf(reply));
  if (!isOk(reply) || !history.success) {
    throw trouble(refusal(reply) ?? 'internal', reply, upstream, wordsOf(reply));
  }
  // In neither: a restart forgot it.
  if (!Object.hasOwn(history.data, id)) return GONE;
  const done = entry.safeParse(history.data[id]);
  if (!done.success)
    throw trouble('internal', reply, upstream, 'its history is of a shape that nobody knows');
  const { status, outputs } = done.data;
  if (status.status_str === 'error') {
    const wasInterrupted = status.messages.some(([name]) => name === 'execution_interrupted');
    return failed(wasInterrupted ? 'canceled' : 'internal', 'the workflow failed', false);
  }
  const film = filmOf(outputs);
  if (film === null) return failed('internal', 'the workflow left no film', false);
  const base = (upstream.credential.base_url ?? '').replace(/\/$/, '');
  return rendered(`${base}/view?${film}`);
}
