import type { Subject } from '../subject.ts';
import { abstract } from './abstract.ts';
import { mountains } from './mountains.ts';
import { sea } from './sea.ts';

/** Every subject the studio knows. A new one is a file beside this and a line in this list. */
export const SUBJECTS: readonly Subject[] = [mountains, sea, abstract];

/** What is built where the prompt names no place. */
export const FALLBACK: Subject = abstract;
