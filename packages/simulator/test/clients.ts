import { type Answer, at, type Json, post, request, text } from './tools.ts';

export type Common = 'pending' | 'processing' | 'success' | 'failed' | 'missing' | 'unknown';

export interface Order {
  readonly prompt: string;
  readonly seconds?: 5 | 10;
  readonly sound?: boolean;
  readonly ratio?: '16:9' | '9:16' | '1:1';
  readonly callbackUrl?: string;
  /** A picture's address. */
  readonly image?: string;
  readonly reference?: string;
}

export interface Look {
  readonly state: Common;
  readonly url: string;
  readonly answer: Answer;
}

/** A minimal client of one format: enough to order a film and to see what became of it. */
export interface Client {
  readonly format: string;
  readonly headers: Record<string, string>;
  /** What an order answers its id under. */
  readonly id: (json: Json) => string;
  submit(base: string, order: Order, headers?: Record<string, string>): Promise<Answer>;
  look(base: string, id: string): Promise<Look>;
}

const BEARER = { authorization: 'Bearer test-key' };
const KEY = { authorization: 'Key id:secret' };

const WORDS: Readonly<Record<string, Common>> = {
  submitted: 'pending',
  IN_QUEUE: 'pending',
  starting: 'pending',
  queuing: 'pending',
  pending: 'pending',
  queued: 'pending',
  processing: 'processing',
  IN_PROGRESS: 'processing',
  generating: 'processing',
  in_progress: 'processing',
  succeeded: 'success',
  succeed: 'success',
  success: 'success',
  completed: 'success',
  failed: 'failed',
  fail: 'failed',
  canceled: 'failed',
  aborted: 'failed',
  nsfw: 'failed',
};

function stateOf(word: string): Common {
  return WORDS[word] ?? WORDS[word.toLowerCase()] ?? 'unknown';
}

function looked(answer: Answer, word: string, url: string): Look {
  return { state: answer.status >= 400 ? 'missing' : stateOf(word), url, answer };
}

const kling: Client = {
  format: 'kling',
  headers: BEARER,
  id: (json) => text(json, 'data', 'id'),
  async submit(base, order, headers) {
    const { seconds = 5, sound = false, ratio = '16:9' } = order;
    const settings = {
      audio: sound ? 'native' : 'off',
      resolution: sound ? '1080p' : '720p',
      duration: seconds,
    };
    const options = { callback_url: order.callbackUrl, external_task_id: order.reference };
    const body = order.image
      ? {
          contents: [
            { type: 'prompt', text: order.prompt },
            { type: 'first_frame', url: order.image },
          ],
          settings,
          options,
        }
      : { prompt: order.prompt, settings: { ...settings, aspect_ratio: ratio }, options };
    const kind = order.image ? 'image' : 'text';
    return await post(`${base}/${kind}-to-video/kling-2.6`, body, { ...BEARER, ...headers });
  },
  async look(base, id) {
    const answer = await request(`${base}/tasks?task_ids=${id}`, { headers: BEARER });
    const word = text(answer.json, 'data', 0, 'status');
    if (at(answer.json, 'data', 0) === undefined) return { state: 'missing', url: '', answer };
    return looked(answer, word, text(answer.json, 'data', 0, 'outputs', 0, 'url'));
  },
};

const klingOld: Client = {
  format: 'kling',
  headers: BEARER,
  id: (json) => text(json, 'data', 'task_id'),
  async submit(base, order, headers) {
    const { seconds = 5, sound = false, ratio = '16:9' } = order;
    const body = {
      model_name: 'kling-v2-6',
      prompt: order.prompt,
      sound: sound ? 'on' : 'off',
      mode: sound ? 'pro' : 'std',
      aspect_ratio: ratio,
      duration: String(seconds),
      callback_url: order.callbackUrl,
      external_task_id: order.reference,
      image: order.image,
    };
    const kind = order.image ? 'image2video' : 'text2video';
    return await post(`${base}/v1/videos/${kind}`, body, { ...BEARER, ...headers });
  },
  async look(base, id) {
    const answer = await request(`${base}/v1/videos/text2video/${id}`, { headers: BEARER });
    const { json } = answer;
    return looked(
      answer,
      text(json, 'data', 'task_status'),
      text(json, 'data', 'task_result', 'videos', 0, 'url'),
    );
  },
};

const fal: Client = {
  format: 'fal',
  headers: KEY,
  id: (json) => text(json, 'request_id'),
  async submit(base, order, headers) {
    const { seconds = 5, sound = false, ratio = '16:9' } = order;
    const kind = order.image ? 'image' : 'text';
    const hook = order.callbackUrl ? `?fal_webhook=${encodeURIComponent(order.callbackUrl)}` : '';
    const body = {
      prompt: order.prompt,
      duration: String(seconds),
      generate_audio: sound,
      ...(order.image ? { start_image_url: order.image } : { aspect_ratio: ratio }),
    };
    const path = `/fal-ai/kling-video/v2.6/pro/${kind}-to-video${hook}`;
    return await post(base + path, body, { ...KEY, ...headers });
  },
  async look(base, id) {
    const address = `${base}/fal-ai/kling-video/requests/${id}`;
    const answer = await request(`${address}/status`, { headers: KEY });
    const word = text(answer.json, 'status');
    if (word !== 'COMPLETED') return looked(answer, word, '');
    const result = await request(address, { headers: KEY });
    const state = result.status === 200 ? 'success' : 'failed';
    return { state, url: text(result.json, 'video', 'url'), answer: result };
  },
};

const replicate: Client = {
  format: 'replicate',
  headers: BEARER,
  id: (json) => text(json, 'id'),
  async submit(base, order, headers) {
    const { seconds = 5, sound = false, ratio = '16:9' } = order;
    const input = {
      prompt: order.prompt,
      duration: seconds,
      generate_audio: sound,
      aspect_ratio: ratio,
      start_image: order.image,
    };
    const body = { input, webhook: order.callbackUrl, webhook_events_filter: ['completed'] };
    return await post(`${base}/v1/models/kwaivgi/kling-v2.6/predictions`, body, { ...BEARER, ...headers });
  },
  async look(base, id) {
    const answer = await request(`${base}/v1/predictions/${id}`, { headers: BEARER });
    return looked(answer, text(answer.json, 'status'), text(answer.json, 'output'));
  },
};

const kie: Client = {
  format: 'kie',
  headers: BEARER,
  id: (json) => text(json, 'data', 'taskId'),
  async submit(base, order, headers) {
    const { seconds = 5, sound = false, ratio = '16:9' } = order;
    const input = {
      prompt: order.prompt,
      sound,
      duration: String(seconds),
      ...(order.image ? { image_urls: [order.image] } : { aspect_ratio: ratio }),
    };
    const model = `kling-2.6/${order.image ? 'image' : 'text'}-to-video`;
    const body = { model, callBackUrl: order.callbackUrl, input };
    return await post(`${base}/api/v1/jobs/createTask`, body, { ...BEARER, ...headers });
  },
  async look(base, id) {
    const answer = await request(`${base}/api/v1/jobs/recordInfo?taskId=${id}`, { headers: BEARER });
    if (at(answer.json, 'code') !== 200) return { state: 'missing', url: '', answer };
    const result: Json = JSON.parse(text(answer.json, 'data', 'resultJson') || '{}');
    return looked(answer, text(answer.json, 'data', 'state'), text(result, 'resultUrls', 0));
  },
};

const piapi: Client = {
  format: 'piapi',
  headers: { 'x-api-key': 'test-key' },
  id: (json) => text(json, 'data', 'task_id'),
  async submit(base, order, headers) {
    const { seconds = 5, sound = false, ratio = '16:9' } = order;
    const input = {
      prompt: order.prompt,
      version: '2.6',
      mode: sound ? 'pro' : 'std',
      duration: seconds,
      aspect_ratio: ratio,
      enable_audio: sound,
      image_url: order.image ?? '',
    };
    const config = { webhook_config: { endpoint: order.callbackUrl ?? '', secret: 'hook-secret' } };
    const body = { model: 'kling', task_type: 'video_generation', input, config };
    return await post(`${base}/api/v1/task`, body, { 'x-api-key': 'test-key', ...headers });
  },
  async look(base, id) {
    const answer = await request(`${base}/api/v1/task/${id}`, { headers: { 'x-api-key': 'test-key' } });
    const output = at(answer.json, 'data', 'output');
    const video = [
      text(output, 'video_url'),
      text(output, 'video'),
      text(output, 'works', 0, 'video', 'resource'),
      text(output, 'works', 0, 'video', 'resource_without_watermark'),
    ].find((url) => url !== '');
    return looked(answer, text(answer.json, 'data', 'status'), video ?? '');
  },
};

const higgsfield: Client = {
  format: 'higgsfield',
  headers: KEY,
  id: (json) => text(json, 'request_id'),
  async submit(base, order, headers) {
    const { seconds = 5, sound = false, ratio = '16:9' } = order;
    const kind = order.image ? 'image' : 'text';
    const hook = order.callbackUrl ? `?hf_webhook=${encodeURIComponent(order.callbackUrl)}` : '';
    const body = {
      prompt: order.prompt,
      duration: seconds,
      sound: sound ? 'on' : 'off',
      ...(order.image ? { image_url: order.image } : { aspect_ratio: ratio }),
    };
    const key: Record<string, string> = order.reference ? { 'idempotency-key': order.reference } : {};
    return await post(`${base}/kling-video/v2.6/pro/${kind}-to-video${hook}`, body, {
      ...KEY,
      ...key,
      ...headers,
    });
  },
  async look(base, id) {
    const answer = await request(`${base}/requests/${id}/status`, { headers: KEY });
    return looked(answer, text(answer.json, 'status'), text(answer.json, 'video', 'url'));
  },
};

const SIZES = { '16:9': '1280x720', '9:16': '720x1280', '1:1': '720x720' } as const;

function engine(
  format: string,
  send: (url: string, order: Order, headers: Record<string, string>) => Promise<Answer>,
): Client {
  return {
    format,
    headers: {},
    id: (json) => text(json, 'id'),
    submit: (base, order, headers = {}) => send(`${base}/v1/videos`, order, headers),
    async look(base, id) {
      const answer = await request(`${base}/v1/videos/${id}`);
      return looked(answer, text(answer.json, 'status'), `${base}/v1/videos/${id}/content`);
    },
  };
}

const vllm = engine('vllm', async (url, order, headers) => {
  const form = new FormData();
  form.set('prompt', order.prompt);
  form.set('seconds', String(order.seconds ?? 5));
  form.set('size', SIZES[order.ratio ?? '16:9']);
  if (order.sound) form.set('generate_sound', 'true');
  if (order.image) form.set('image_reference', JSON.stringify({ image_url: order.image }));
  return await request(url, { method: 'POST', body: form, headers });
});

const sglang = engine('sglang', async (url, order, headers) => {
  const size = SIZES[order.ratio ?? '16:9'];
  const body = {
    prompt: order.prompt,
    seconds: order.seconds ?? 5,
    size,
    seed: 7,
    reference_url: order.image,
  };
  return await post(url, body, headers);
});

export function workflow(
  prompt: string,
  width: number,
  height: number,
  length: number,
  image?: string,
): Json {
  return {
    '1': { class_type: 'CLIPTextEncode', inputs: { text: prompt, clip: ['9', 0] } },
    '2': { class_type: 'EmptyHunyuanLatentVideo', inputs: { width, height, length, batch_size: 1 } },
    '3': { class_type: 'CreateVideo', inputs: { images: ['8', 0], fps: 16 } },
    '4': { class_type: 'SaveVideo', inputs: { video: ['3', 0], filename_prefix: 'video' } },
    ...(image ? { '5': { class_type: 'LoadImage', inputs: { image } } } : {}),
  };
}

const comfyui: Client = {
  format: 'comfyui',
  headers: {},
  id: (json) => text(json, 'prompt_id'),
  async submit(base, order, headers) {
    const [width = 0, height = 0] = SIZES[order.ratio ?? '16:9'].split('x').map(Number);
    const graph = workflow(order.prompt, width, height, (order.seconds ?? 5) * 16 + 1, order.image);
    const body = { prompt: graph, client_id: 'c1', prompt_id: order.reference };
    return await post(`${base}/prompt`, body, headers);
  },
  async look(base, id) {
    const queue = await request(`${base}/queue`);
    const has = (key: string) => JSON.stringify(at(queue.json, key)).includes(id);
    if (has('queue_running')) return { state: 'processing', url: '', answer: queue };
    if (has('queue_pending')) return { state: 'pending', url: '', answer: queue };
    const answer = await request(`${base}/history/${id}`);
    if (at(answer.json, id) === undefined) return { state: 'missing', url: '', answer };
    const state = text(answer.json, id, 'status', 'status_str') === 'success' ? 'success' : 'failed';
    const file = text(answer.json, id, 'outputs', '4', 'images', 0, 'filename');
    return { state, url: `${base}/view?filename=${file}&type=output`, answer };
  },
};

const apixo: Client = {
  format: 'apixo',
  headers: BEARER,
  id: (json) => text(json, 'data', 'taskId'),
  async submit(base, order, headers) {
    const { seconds = 5, sound = false, ratio = '16:9' } = order;
    const mode = order.image ? 'image-to-video' : 'text-to-video';
    const image = order.image ? { image_urls: [order.image] } : {};
    const input = { mode, prompt: order.prompt, duration: seconds, sound, aspect_ratio: ratio, ...image };
    const request_type = order.callbackUrl ? 'callback' : 'async';
    const body = { request_type, callback_url: order.callbackUrl, input };
    return await post(`${base}/api/v1/generateTask/kling-2-6`, body, { ...BEARER, ...headers });
  },
  async look(base, id) {
    const answer = await request(`${base}/api/v1/statusTask/kling-2-6?taskId=${id}`, { headers: BEARER });
    const result: Json = JSON.parse(text(answer.json, 'data', 'resultJson') || '{}');
    return looked(answer, text(answer.json, 'data', 'state'), text(result, 'resultUrls', 0));
  },
};

const rivya: Client = {
  format: 'rivya',
  headers: BEARER,
  id: (json) => text(json, 'id'),
  async submit(base, order, headers) {
    const { seconds = 5, sound = false, ratio = '16:9' } = order;
    const media = order.image ? { referenceMediaItems: [{ url: order.image, kind: 'image' }] } : {};
    const params = { duration: String(seconds), sound: String(sound), aspect_ratio: ratio, ...media };
    const key: Record<string, string> = order.reference ? { 'idempotency-key': order.reference } : {};
    const body = { model: 'kling-2-6', prompt: order.prompt, params };
    return await post(`${base}/api/v1/generations`, body, { ...BEARER, ...key, ...headers });
  },
  async look(base, id) {
    const answer = await request(`${base}/api/v1/generations/${id}`, { headers: BEARER });
    return looked(answer, text(answer.json, 'status'), text(answer.json, 'result', 'primary_url'));
  },
};

/** One client for each format; two for Kling's two generations. */
export const CLIENTS: readonly (readonly [string, Client])[] = [
  ['kling, new generation', kling],
  ['kling, old generation', klingOld],
  ['fal', fal],
  ['replicate', replicate],
  ['kie', kie],
  ['piapi', piapi],
  ['higgsfield', higgsfield],
  ['vllm', vllm],
  ['sglang', sglang],
  ['comfyui', comfyui],
  ['apixo', apixo],
  ['rivya', rivya],
];

export function client(name: string): Client {
  const found = CLIENTS.find(([key]) => key === name);
  if (!found) throw new Error(`no client called ${name}`);
  return found[1];
}
