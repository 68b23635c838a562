import type { Subject } from '../subject.ts';
import { abstract } from './abstract.ts';
import { birds } from './birds.ts';
import { cat } from './cat.ts';
import { city } from './city.ts';
import { desert } from './desert.ts';
import { fire } from './fire.ts';
import { fish } from './fish.ts';
import { forest } from './forest.ts';
import { horse } from './horse.ts';
import { lake } from './lake.ts';
import { meadow } from './meadow.ts';
import { mountains } from './mountains.ts';
import { neon } from './neon.ts';
import { nightsky } from './nightsky.ts';
import { road } from './road.ts';
import { rooftop } from './rooftop.ts';
import { room } from './room.ts';
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
  rooftop,
  room,
  fire,
  lake,
  road,
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
  birds,
  fish,
  cat,
  horse,
];

/** What is built where the prompt names no place. */
export const FALLBACK: Subject = abstract;
