import { type Call, type Fields, Refusal } from '../format.ts';
import type { PictureInput, Submission } from '../job.ts';
import { formOf, isForm, jsonOf, textAt } from '../request.ts';
import { pictureFrom, resolutionOf } from './common.ts';
import { cloudUrl, videosEngine } from './openai-videos.ts';

/** What it takes when none is sent: every film is then made of the same noise. */
const SEED = 1024;

/** SGLang-Diffusion: JSON or multipart, a seed that does not vary by itself, and a DELETE that stops nothing. */
export const sglang = videosEngine({
  name: 'sglang',
  detailErrors: true,
  deleteAborts: false,
  extra: (job) => ({
    seed: job.order.memory.seed,
    url: job.order.memory.inCloud === true ? cloudUrl(job) : null,
  }),
  read: readOrder,
});

async function readOrder(call: Call): Promise<Submission> {
  const fields = isForm(call) ? await fieldsOf(call) : jsonOf(call);
  const prompt = textAt(fields, 'prompt');
  if (prompt === null) throw new Refusal('unprocessable', 'prompt: Field required');
  const size = textAt(fields, 'size') ?? '1280x720';
  const [, width = 0, height = 0] = (/^(\d+)x(\d+)$/.exec(size) ?? []).map(Number);
  if (!width || !height) throw new Refusal('bad_request', 'size must be WIDTHxHEIGHT');
  const seconds = Number(fields.seconds ?? Number(fields.num_frames ?? 96) / Number(fields.fps ?? 24));
  if (!(seconds > 0)) throw new Refusal('bad_request', 'seconds must be positive');
  return {
    reference: null,
    model: textAt(fields, 'model') ?? 'Wan-AI/Wan2.2-T2V-A14B-Diffusers',
    prompt,
    durationSeconds: seconds,
    sound: false,
    resolution: resolutionOf(width, height),
    ratio: [width, height],
    pictures: picturesOf(fields),
    callbackUrl: null,
    memory: { size, seed: fields.seed ?? SEED, inCloud: prompt.includes('(cloud)') },
  };
}

async function fieldsOf(call: Call): Promise<Fields> {
  const form = await formOf(call);
  const file = form.get('input_reference');
  if (!(file instanceof File) && call.namespace.settings.sglangOld)
    throw new Refusal('bad_request', 'input_reference is required');
  const fields: Record<string, unknown> = {};
  for (const [key, value] of form)
    fields[key] = value instanceof File ? Buffer.from(await value.arrayBuffer()) : value;
  return fields;
}

function picturesOf(fields: Fields): readonly PictureInput[] {
  const url = textAt(fields, 'reference_url');
  if (url !== null) return [{ role: 'first', from: pictureFrom(url) }];
  if (fields.input_reference instanceof Buffer) return [{ role: 'first', from: fields.input_reference }];
  // In JSON it is a path on the server's own disk, where nothing of ours lies.
  if (typeof fields.input_reference === 'string')
    throw new Refusal('bad_request', 'input_reference: no such file');
  return [];
}
