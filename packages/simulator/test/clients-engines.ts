import { type Client, looked, type Order } from './client.ts';
import { type Answer, at, type Json, post, request, text } from './tools.ts';

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

export const vllm = engine('vllm', async (url, order, headers) => {
  const form = new FormData();
  form.set('prompt', order.prompt);
  form.set('seconds', String(order.seconds ?? 5));
  form.set('size', SIZES[order.ratio ?? '16:9']);
  if (order.sound) form.set('generate_sound', 'true');
  if (order.image) form.set('image_reference', JSON.stringify({ image_url: order.image }));
  return await request(url, { method: 'POST', body: form, headers });
});

export const sglang = engine('sglang', async (url, order, headers) => {
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

export const comfyui: Client = {
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
