import type { Surface } from '../core/ports/surface.ts';
import { apixo } from './apixo.ts';

/** Every surface that is served. Adding one is its file and its line here. */
export const SURFACES: readonly Surface[] = [apixo];
