import type { Subject } from '../subject.ts';
import { abstract } from './abstract.ts';
import { city } from './city.ts';
import { desert } from './desert.ts';
import { fire } from './fire.ts';
import { forest } from './forest.ts';
import { lake } from './lake.ts';
import { meadow } from './meadow.ts';
import { mountains } from './mountains.ts';
import { neon } from './neon.ts';
import { nightsky } from './nightsky.ts';
import { sea } from './sea.ts';
import { snow } from './snow.ts';
import { space } from './space.ts';
import { sunset } from './sunset.ts';
import { underwater } from './underwater.ts';
import { waterfall } from './waterfall.ts';

/** Every subject the studio knows. A new one is a file beside this and a line in this list. */
export const SUBJECTS: readonly Subject[] = [
  waterfall,
  neon,
  underwater,
  space,
  fire,
  lake,
  nightsky,
  forest,
  mountains,
  meadow,
  desert,
  city,
  sea,
  snow,
  sunset,
  abstract,
];

/** What is built where the prompt names no place. */
export const FALLBACK: Subject = abstract;
