import type { Format } from '../format.ts';
import { apixo } from './apixo.ts';
import { comfyui } from './comfyui.ts';
import { fal } from './fal.ts';
import { higgsfield } from './higgsfield.ts';
import { kie } from './kie.ts';
import { kling } from './kling.ts';
import { piapi } from './piapi.ts';
import { replicate } from './replicate.ts';
import { rivya } from './rivya.ts';
import { sglang } from './sglang.ts';
import { vllm } from './vllm.ts';

/** Every upstream that the simulator stands in for. */
export const FORMATS: readonly Format[] = [
  kling,
  fal,
  replicate,
  kie,
  piapi,
  higgsfield,
  vllm,
  sglang,
  comfyui,
  apixo,
  rivya,
];
