import { type Call, type Fields, Refusal } from '../format.ts';
import type { PictureInput, Submission } from '../job.ts';
import { anyJson, formOf, isForm } from '../request.ts';
import { pictureFrom, resolutionOf } from './common.ts';
import { videosEngine } from './openai-videos.ts';

const FRAMES_PER_SECOND = 24;

/** vLLM-Omni: multipart only, and one single frame unless a length is asked for. */
export const vllm = videosEngine({
  name: 'vllm',
  detailErrors: false,
  deleteAborts: true,
  extra: () => ({}),
  read: readOrder,
});

async function readOrder(call: Call): Promise<Submission> {
  if (!isForm(call)) throw new Refusal('unprocessable', 'The body must be multipart/form-data');
  const form = await formOf(call);
  const fields: Record<string, string> = {};
  for (const [key, value] of form) if (typeof value === 'string') fields[key] = value;
  const prompt = fields.prompt ?? '';
  if (prompt === '') throw new Refusal('unprocessable', 'prompt: Field required');
  const size =
    fields.size ?? (fields.width && fields.height ? `${fields.width}x${fields.height}` : '1280x720');
  const [, width = 0, height = 0] = (/^(\d+)x(\d+)$/.exec(size) ?? []).map(Number);
  if (!width || !height) throw new Refusal('unprocessable', 'size must be WIDTHxHEIGHT');
  return {
    reference: null,
    model: fields.model ?? 'Wan-AI/Wan2.2-T2V-A14B-Diffusers',
    prompt,
    durationSeconds: lengthOf(fields),
    sound: fields.generate_sound === 'true',
    resolution: resolutionOf(width, height),
    ratio: [width, height],
    pictures: await picturesOf(form, fields),
    callbackUrl: null,
    memory: { size, fields },
  };
}

function lengthOf(fields: Fields): number {
  const fps = Number(fields.fps ?? FRAMES_PER_SECOND);
  const seconds = Number(fields.seconds ?? Number(fields.num_frames ?? 1) / fps);
  if (!(fps > 0 && seconds > 0))
    throw new Refusal('unprocessable', 'seconds, num_frames and fps must be positive');
  return seconds;
}

async function picturesOf(form: FormData, fields: Fields): Promise<readonly PictureInput[]> {
  const file = form.get('input_reference');
  if (file instanceof File) return [{ role: 'first', from: Buffer.from(await file.arrayBuffer()) }];
  if (typeof fields.image_reference !== 'string') return [];
  const reference = anyJson(Buffer.from(fields.image_reference));
  const object: Fields = typeof reference === 'object' && reference !== null ? { ...reference } : {};
  if (typeof object.image_url !== 'string')
    throw new Refusal('bad_request', 'image_reference must hold an image_url; file_id is not implemented');
  return [{ role: 'first', from: pictureFrom(object.image_url) }];
}
