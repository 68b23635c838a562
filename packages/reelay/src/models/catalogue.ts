import type { Model } from '../core/model.ts';
import { kling26 } from './kling-2-6.ts';

/** Every model that is served. Adding one is its file and its line here. */
export const MODELS: readonly Model[] = [kling26];
