import { type Fields, Refusal } from '../format.ts';
import { objectAt } from '../request.ts';
import { resolutionOf } from './common.ts';

/** What a workflow in API form asks for, as far as its nodes tell. */
export interface GraphOrder {
  readonly prompt: string;
  readonly durationSeconds: number;
  readonly sound: boolean;
  readonly resolution: '720p' | '1080p';
  readonly ratio: readonly [number, number];
  /** Names of uploaded pictures. */
  readonly images: readonly string[];
  /** The node that writes the film. */
  readonly outputNode: string;
}

const FRAMES_PER_SECOND = 16;

/** Reads a workflow: the longest text is the prompt, frames and their rate give the length. Throws a `Refusal`. */
export function readGraph(graph: Fields): GraphOrder {
  let prompt = '';
  let frames = 0;
  let rate = FRAMES_PER_SECOND;
  let size: readonly [number, number] = [1280, 720];
  let sound = false;
  let outputNode = '';
  const images: string[] = [];
  for (const id of Object.keys(graph)) {
    const node = objectAt(graph, id);
    const inputs = objectAt(node, 'inputs');
    const kind = typeof node.class_type === 'string' ? node.class_type : '';
    if (kind === '')
      throw new Refusal('invalid_prompt', `Cannot execute because node ${id} has no class_type`);
    for (const key of ['text', 'prompt', 'positive']) {
      const text = inputs[key];
      if (typeof text === 'string' && text.length > prompt.length) prompt = text;
    }
    frames = Math.max(frames, numberOf(inputs, ['length', 'num_frames', 'frames', 'frames_number']));
    rate = numberOf(inputs, ['fps', 'frame_rate']) || rate;
    const [width, height] = [numberOf(inputs, ['width']), numberOf(inputs, ['height'])];
    if (width > 0 && height > 0) size = [width, height];
    if (kind.startsWith('LoadImage') && typeof inputs.image === 'string') images.push(inputs.image);
    if (/audio/i.test(kind)) sound = true;
    if (/save|preview|combine/i.test(kind)) outputNode = id;
  }
  if (outputNode === '') throw new Refusal('prompt_no_outputs');
  return {
    prompt,
    durationSeconds: frames > 0 ? frames / rate : 5,
    sound,
    resolution: resolutionOf(...size),
    ratio: size,
    images,
    outputNode,
  };
}

function numberOf(inputs: Fields, keys: readonly string[]): number {
  for (const key of keys) {
    const value = inputs[key];
    if (typeof value === 'number') return value;
  }
  return 0;
}
