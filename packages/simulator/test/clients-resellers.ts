import { BEARER, type Client, KEY, looked } from './client.ts';
import { at, type Json, post, request, text } from './tools.ts';

export const kie: Client = {
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

export const piapi: Client = {
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

export const higgsfield: Client = {
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

export const apixo: Client = {
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

export const rivya: Client = {
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
