import type { Surface } from '../core/ports/surface.ts';
import { apixo } from './apixo.ts';
import { rivya } from './rivya.ts';

/** Every dialect that is spoken. Adding one is its file and its line here. */
export const SURFACES: readonly Surface[] = [apixo, rivya];
