import type { Season, TimeOfDay, Weather } from './brief.ts';
import type { Stage } from './stage.ts';
import type { Lexicon } from './words.ts';

/** What a film can be about. A place fills the frame; a figure stands, flies or swims in one. */
export interface Subject {
  readonly name: string;
  readonly words: Lexicon;
  readonly role: 'place' | 'figure';
  /** Among places that are asked for together the heaviest is built; 1 a mood, 2 a landscape, 3 a sight. */
  readonly weight: number;
  /** Figures: the place they belong to, where the prompt names none. */
  readonly home?: string;
  /** Its best light, where the prompt does not say. */
  readonly prefers?: { readonly time?: TimeOfDay; readonly weather?: Weather; readonly season?: Season };
  /** Builds it on the stage: as the place itself, or as a figure on the place's perch. */
  build(stage: Stage): void;
  /** Builds it small at the horizon of another place, where it can lie there. */
  far?(stage: Stage, horizon: number): void;
}
