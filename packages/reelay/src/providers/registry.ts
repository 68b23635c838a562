import type { Provider } from '../core/ports/provider.ts';
import { apixo } from './apixo.ts';
import { comfyui } from './comfyui.ts';
import { fal } from './fal.ts';
import { higgsfield } from './higgsfield.ts';
import { kie } from './kie.ts';
import { kling } from './kling.ts';
import { klingLegacy } from './kling-legacy.ts';
import { openaiVideos } from './openai-videos.ts';
import { piapi } from './piapi.ts';
import { replicate } from './replicate.ts';
import { rivya } from './rivya.ts';

/** Every upstream an operator can add. Adding one is its file and its line here; the studio is built in and not added. */
export const PROVIDERS: readonly Provider[] = [
  apixo,
  comfyui,
  fal,
  higgsfield,
  kie,
  kling,
  klingLegacy,
  openaiVideos,
  piapi,
  replicate,
  rivya,
];
