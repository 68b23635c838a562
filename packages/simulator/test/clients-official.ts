import { BEARER, type Client, KEY, looked } from './client.ts';
import { at, post, request, text } from './tools.ts';

export const kling: Client = {
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

export const klingOld: Client = {
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

export const fal: Client = {
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

export const replicate: Client = {
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
