import { z } from 'zod';
import type { TroubleKind } from '../core/failure.ts';
import type {
  Job,
  Provider,
  Sighting,
  Upstream,
  UpstreamReply,
  UpstreamRequest,
} from '../core/ports/provider.ts';
import { picturesOf } from './picture.ts';
import {
  bodyOf,
  doubtful,
  failed,
  firstUrl,
  GONE,
  idOf,
  isOk,
  oneByOne,
  RUNNING,
  rendered,
  trouble,
} from './reply.ts';
import { seedOf, sidesOf, WAN_22, WAN_22_LOOKS } from './wan-2-2.ts';

const PICTURES = ['image/jpeg', 'image/png', 'image/webp'];
/** What Wan was trained at; an engine that renders at another rate is told so by the operator. */
const FPS = 16;
const Handle = z.object({ id: z.string() });

/** An operator's own engine that speaks the OpenAI Videos format (contract 7): vLLM-Omni or SGLang. */
export const openaiVideos: Provider = {
  name: 'openai-videos',
  tier: 'own',
  credential: [
    {
      name: 'base_url',
      label: "The engine's address, before /v1",
      secret: false,
      required: true,
      default: 'http://127.0.0.1:8091',
    },
    { name: 'api_key', label: 'API key, where the engine wants one', secret: true, required: false },
    {
      name: 'engine',
      label: 'vllm-omni or sglang',
      secret: false,
      required: false,
      default: 'vllm-omni',
    },
    {
      name: 'served_model',
      label:
        "The model's name on the engine, such as Wan-AI/Wan2.2-T2V-A14B-Diffusers (absent: its only one)",
      secret: false,
      required: false,
    },
    { name: 'fps', label: 'Frames a second', secret: false, required: false, default: String(FPS) },
  ],
  abilities: [WAN_22],
  dedupe: 'free',
  looks: WAN_22_LOOKS,
  pictures: PICTURES,

  async submit(job, upstream) {
    const body = isSglang(upstream) ? await sglangBody(job, upstream) : await vllmBody(job, upstream);
    const request = authorized(upstream, { method: 'POST', path: '/v1/videos', body });
    const reply = await upstream.callOnce(request, job.attempt.sendBy);
    const made = video.safeParse(bodyOf(reply));
    if (isOk(reply) && made.success) return { id: made.data.id };
    const kind = refusal(reply);
    throw kind ? trouble(kind, reply, upstream, wordsOf(reply)) : doubtful(reply);
  },

  watch: (handles, upstream) =>
    oneByOne(handles, async (handle) => {
      const path = `/v1/videos/${encodeURIComponent(Handle.parse(handle).id)}`;
      const reply = await upstream.call(authorized(upstream, { method: 'GET', path }));
      // Jobs live in the engine's memory: a restart loses them.
      if (reply.status === 404) return GONE;
      const read = video.safeParse(bodyOf(reply));
      if (isOk(reply) && read.success) return sightingOf(read.data, upstream);
      throw trouble(refusal(reply) ?? 'internal', reply, upstream, wordsOf(reply));
    }),

  /** vLLM-Omni aborts what is deleted; SGLang forgets it and renders on. */
  async cancel(handle, upstream) {
    const path = `/v1/videos/${encodeURIComponent(Handle.parse(handle).id)}`;
    const reply = await upstream.call(authorized(upstream, { method: 'DELETE', path }));
    return isOk(reply) && !isSglang(upstream) ? 'stopped' : 'too_late';
  },

  resultHeaders: ({ api_key }): Record<string, string> =>
    api_key ? { authorization: `Bearer ${api_key}` } : {},
};

function isSglang(upstream: Upstream): boolean {
  return upstream.credential.engine === 'sglang';
}

function fpsOf(upstream: Upstream): number {
  const fps = Number(upstream.credential.fps);
  return Number.isInteger(fps) && fps > 0 && fps <= 120 ? fps : FPS;
}

/** Multipart only. Without `seconds` it would render a single frame. */
async function vllmBody(job: Job, upstream: Upstream): Promise<FormData> {
  const { order } = job;
  const { width, height } = sidesOf(job);
  const body = new FormData();
  body.append('prompt', order.prompt);
  if (upstream.credential.served_model) body.append('model', upstream.credential.served_model);
  body.append('seconds', String(order.durationSeconds));
  body.append('size', `${width}x${height}`);
  body.append('fps', String(fpsOf(upstream)));
  body.append('seed', String(seedOf(job)));
  body.append('generate_sound', String(order.sound));
  for (const { bytes, mimeType, name } of await picturesOf(job, PICTURES)) {
    body.append('input_reference', new Blob([bytes], { type: mimeType }), name);
  }
  return body;
}

/** JSON: old revisions refuse a form without a picture. Its own default seed is always the same. */
async function sglangBody(job: Job, upstream: Upstream): Promise<UpstreamRequest['body']> {
  const { order } = job;
  const { width, height } = sidesOf(job);
  const fps = fpsOf(upstream);
  const [picture] = await picturesOf(job, PICTURES);
  return {
    prompt: order.prompt,
    ...(upstream.credential.served_model ? { model: upstream.credential.served_model } : {}),
    seconds: order.durationSeconds,
    size: `${width}x${height}`,
    fps,
    num_frames: order.durationSeconds * fps + 1,
    seed: seedOf(job),
    ...(picture
      ? { reference_url: `data:${picture.mimeType};base64,${picture.bytes.toString('base64')}` }
      : {}),
  };
}

function authorized(upstream: Upstream, request: UpstreamRequest): UpstreamRequest {
  const { api_key } = upstream.credential;
  return api_key ? { ...request, headers: { authorization: `Bearer ${api_key}` } } : request;
}

const video = z.object({
  id: z.unknown().transform(idOf).pipe(z.string()),
  status: z.string().catch(''),
  progress: z.number().min(0).max(100).nullish().catch(null),
  url: z.unknown().optional(),
  error: z
    .object({ code: z.string().nullish().catch(null), message: z.string().catch('') })
    .nullish()
    .catch(null),
});

const problem = z.union([
  z.object({ error: z.object({ message: z.string() }) }).transform(({ error }) => error.message),
  z.object({ detail: z.string() }).transform(({ detail }) => detail),
  z
    .object({ detail: z.array(z.object({ msg: z.string() })) })
    .transform(({ detail }) => detail[0]?.msg ?? ''),
]);

function wordsOf(reply: UpstreamReply): string | null {
  return problem.safeParse(bodyOf(reply)).data ?? null;
}

/** What a refusal means; null where it does not say that nothing was taken. The input is blamed only in the engine's own words. */
function refusal(reply: UpstreamReply): TroubleKind | null {
  if (reply.status === 401 || reply.status === 403) return 'auth';
  if (reply.status === 429) return 'rate_limited';
  const isInput = reply.status === 400 || reply.status === 413 || reply.status === 422;
  return isInput && wordsOf(reply) !== null ? 'invalid_input' : null;
}

/** SGLang may keep films in a cloud: then `content` refuses, and the object has their address. */
function sightingOf(seen: z.infer<typeof video>, upstream: Upstream): Sighting {
  switch (seen.status) {
    case 'completed': {
      const base = (upstream.credential.base_url ?? '').replace(/\/$/, '');
      return rendered(firstUrl(seen.url) ?? `${base}/v1/videos/${encodeURIComponent(seen.id)}/content`);
    }
    case 'failed': {
      const refused =
        seen.error?.code === 'content_policy_violation' || seen.error?.code === 'moderation_blocked';
      return failed(refused ? 'content_violation' : 'internal', seen.error?.message, false);
    }
    case 'deleted':
    case 'cancelled':
      return failed('canceled', seen.status, false);
    default:
      return seen.status === 'in_progress' ? { is: 'running', progress: seen.progress ?? null } : RUNNING;
  }
}
