import { z } from 'zod';
import type { TroubleKind, UpstreamFailureKind } from '../core/failure.ts';
import type { Media } from '../core/order.ts';
import type {
  Job,
  Provider,
  Sighting,
  Upstream,
  UpstreamReply,
  UpstreamRequest,
} from '../core/ports/provider.ts';
import type { Json } from '../core/values.ts';
import { KLING_26, KLING_26_LOOKS, proPrice } from './kling-2-6.ts';
import { dataUrl, inlineOf, inlinePictures } from './picture.ts';
import {
  bodyOf,
  doubtful,
  exactJson,
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

const PICTURES = ['image/jpeg', 'image/png', 'image/webp'];
const Handle = z.object({ id: z.string() });

/** APIXO (contracts/apixo.md), and whoever speaks its dialect: another Reelay too. It keeps no reference of ours. */
export const apixo: Provider = {
  name: 'apixo',
  tier: 'value',
  credential: [
    {
      name: 'base_url',
      label: 'Address before /api/v1',
      secret: false,
      required: false,
      default: 'https://api.apixo.ai',
      env: 'APIXO_BASE_URL',
    },
    { name: 'api_key', label: 'API key', secret: true, required: true, env: 'APIXO_API_KEY' },
    {
      name: 'strategy',
      label: "APIXO's own routing: auto, value or official (absent: as the key is set there)",
      secret: false,
      required: false,
    },
  ],
  // It publishes no price that could be read: Kling's own stands for it.
  abilities: [{ ...KLING_26, lastFrame: true, promptMax: 1000, costMicros: proPrice }],
  dedupe: 'callback',
  looks: KLING_26_LOOKS,
  limits: {
    submits: { count: 10_000, perMs: 60_000 },
    asks: { count: 10_000, perMs: 60_000 },
    unfinished: 1000,
  },
  resultsLiveMs: 15 * 86_400_000,
  pictures: PICTURES,

  prepare: (job) => inlinePictures(job, PICTURES),

  async submit(job, upstream) {
    const request = {
      method: 'POST',
      path: '/api/v1/generateTask/kling-2-6',
      body: body(job, upstream),
    } as const;
    const reply = await upstream.callOnce(authorized(upstream, request), job.attempt.sendBy);
    const answer = envelope.safeParse(bodyOf(reply));
    const id = answer.success ? idOf(answer.data.data?.taskId) : null;
    if (isOk(reply) && answer.data?.code === 200 && id !== null) return { id };
    const kind = refusal(reply);
    throw kind ? trouble(kind, reply, upstream, answer.data?.message) : doubtful(reply);
  },

  watch: (handles, upstream) =>
    oneByOne(handles, async (handle) => {
      const path = `/api/v1/statusTask/kling-2-6?taskId=${encodeURIComponent(Handle.parse(handle).id)}`;
      const reply = await upstream.call(authorized(upstream, { method: 'GET', path }));
      const answer = envelope.safeParse(bodyOf(reply));
      if (answer.data?.code === 404) return GONE;
      if (isOk(reply) && answer.data?.code === 200 && answer.data.data) return sightingOf(answer.data.data);
      throw trouble(refusal(reply) ?? 'internal', reply, upstream, answer.data?.message);
    }),

  /** Nothing is signed; the body is the status envelope. */
  callback({ body: text }) {
    const answer = envelope.safeParse(exactJson(text));
    const id = answer.success ? idOf(answer.data.data?.taskId) : null;
    return id === null ? null : { handle: { id }, reference: null };
  },
};

function body(job: Job, upstream: Upstream): Json {
  const { order } = job;
  const callbackUrl = upstream.callbackUrl(job.task);
  const pictures = (['first_frame', 'last_frame'] as const).flatMap((role) => {
    const inline = inlineOf(job, role);
    return inline ? [linkOf(job, role, callbackUrl) ?? dataUrl(inline)] : [];
  });
  const { strategy } = upstream.credential;
  return {
    ...(callbackUrl ? { request_type: 'callback', callback_url: callbackUrl } : { request_type: 'async' }),
    ...(strategy ? { provider: strategy } : {}),
    input: {
      mode: order.mode,
      prompt: order.prompt,
      duration: order.durationSeconds,
      sound: order.sound,
      ...(pictures.length > 0 ? { image_urls: pictures } : { aspect_ratio: order.aspectRatio ?? '1:1' }),
    },
  };
}

/**
 * It has no upload and documents public addresses only: the customer's own is handed on. Null where that is this
 * gateway's, which may be out of its reach: then the picture travels in a `data:` address, as some clients are seen to do.
 */
function linkOf(job: Job, role: Media['role'], callbackUrl: string | null): string | null {
  const url = firstUrl(job.order.media.find((media) => media.role === role)?.url);
  if (url === null || !URL.canParse(url)) return null;
  return callbackUrl !== null && new URL(url).host === new URL(callbackUrl).host ? null : url;
}

function authorized(upstream: Upstream, request: UpstreamRequest): UpstreamRequest {
  return { ...request, headers: { authorization: `Bearer ${upstream.credential.api_key ?? ''}` } };
}

const status = z.object({
  taskId: z.unknown().optional(),
  state: z.string().catch(''),
  resultJson: z.string().nullish().catch(null),
  failCode: z.string().nullish().catch(null),
  failMsg: z.string().nullish().catch(null),
});
const envelope = z.object({
  code: z.number(),
  message: z.string().catch(''),
  data: status.nullish().catch(null),
});

/**
 * What a refusal means; null where it does not say that nothing was taken. Two things have no code of their own: a lack
 * of credits may be a 400, and a 403 is either a key without a permission or content (contract A5).
 */
function refusal(reply: UpstreamReply): TroubleKind | null {
  const read = envelope.safeParse(bodyOf(reply));
  if (!read.success) {
    const statuses: Readonly<Record<number, TroubleKind>> = { 401: 'auth', 403: 'auth', 429: 'rate_limited' };
    return statuses[reply.status] ?? null;
  }
  const { code, message, data } = read.data;
  if (data?.failCode) return failureKind(data.failCode);
  if (code === 400)
    return /insufficient credits/i.test(message) ? 'insufficient_upstream_credits' : 'invalid_input';
  if (code === 402) return 'insufficient_upstream_credits';
  if (code === 403) return /content|policy|safety/i.test(message) ? 'content_violation' : 'auth';
  const codes: Readonly<Record<number, TroubleKind>> = {
    401: 'auth',
    404: 'invalid_input',
    429: 'rate_limited',
  };
  return codes[code] ?? null;
}

/** Both vocabularies of failures, UPPER_SNAKE and CamelCase (contract A5). The picture was checked here: not reaching it is their fault. */
function failureKind(failCode: string): UpstreamFailureKind {
  const code = failCode.replaceAll('_', '').toUpperCase();
  if (/CONTENT|NSFW|SENSITIVE|PROHIBITED/.test(code)) return 'content_violation';
  if (/PROMPT|TOOLARGE|UNSUPPORTEDFORMAT/.test(code)) return 'invalid_input';
  if (code === 'PROCESSINGTIMEOUT') return 'timeout';
  return code === 'INSUFFICIENTCREDITS' ? 'insufficient_upstream_credits' : 'internal';
}

/** A state that nobody knows still runs: `processing_r2` was seen. */
function sightingOf(seen: z.infer<typeof status>): Sighting {
  if (seen.state === 'failed') {
    return failed(failureKind(seen.failCode ?? ''), `${seen.failCode ?? ''} ${seen.failMsg ?? ''}`);
  }
  if (seen.state !== 'success') return RUNNING;
  const results = z.object({ resultUrls: z.array(z.unknown()) }).safeParse(exactJson(seen.resultJson ?? ''));
  const url = results.success ? firstUrl(...results.data.resultUrls) : null;
  return url ? rendered(url) : failed('internal', 'it succeeded without a film');
}
