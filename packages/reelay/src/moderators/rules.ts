import * as z from 'zod';
import type { Order } from '../core/order.ts';
import type { Moderator } from '../core/ports/world.ts';

const rulesSchema = z.strictObject({
  words: z
    .array(z.string().min(1).max(200))
    .max(10_000)
    .default([])
    .describe('Whole words or phrases, in any case'),
  patterns: z
    .array(z.string().min(1).max(1_000).refine(isPattern, 'not a regular expression'))
    .max(1_000)
    .default([])
    .describe("Regular expressions of the operator's own making, matched without regard to case"),
  defaults: z.boolean().default(true).describe('Whether the built-in list counts as well'),
});

export type Rules = z.output<typeof rulesSchema>;

/** Rules that cannot be used; the message says which and why. */
export class BadRules extends Error {
  override readonly name = 'BadRules';
}

/** Reads the operator's rules. @throws BadRules */
export function readRules(text: string): Rules {
  try {
    return rulesSchema.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : 'it is not JSON';
    throw new BadRules(`The moderation rules cannot be used: ${why}`);
  }
}

function isPattern(source: string): boolean {
  try {
    return new RegExp(source, 'iu') instanceof RegExp;
  } catch {
    return false;
  }
}

/**
 * What no operator should have to write down first: sexual content with minors, sexual violence, gore, and instructions
 * for weapons. Deliberately small; an operator's own list or a moderation service does the rest.
 */
const DEFAULTS: readonly RegExp[] = [
  /\b(child|kid|minor|underage|teen(?:age)?|school(?:girl|boy)|loli|toddler|infant)(?:s|ren)?\b.{0,40}\b(nude|naked|sex(?:ual|y)?|porn\w*|erotic\w*|undress\w*)\b/iu,
  /\b(nude|naked|sex(?:ual|y)?|porn\w*|erotic\w*|undress\w*)\b.{0,40}\b(child|kid|minor|underage|teen(?:age)?|school(?:girl|boy)|loli|toddler|infant)(?:s|ren)?\b/iu,
  /\b(csam|child\s+porn\w*)\b/iu,
  /\b(rape|raped|raping|gang\s*rape|bestiality|necrophilia)\b/iu,
  /\b(hardcore\s+porn\w*|explicit\s+sex(?:ual)?(?:\s+(?:act|scene|intercourse))?)\b/iu,
  /\b(beheading|decapitat\w+|dismember\w+|disembowel\w+)\b/iu,
  /\bhow\s+to\s+(?:make|build)\s+(?:a\s+)?(?:pipe\s+)?(?:bomb|explosives?|nerve\s+agent)\b/iu,
];

/** Judges prompts by word and pattern lists. */
export function createRules(rules: Rules = { words: [], patterns: [], defaults: true }): Moderator {
  const banned = [
    ...(rules.defaults ? DEFAULTS : []),
    ...rules.words.map((word) => new RegExp(`(?<![\\p{L}\\p{N}])${escaped(word)}(?![\\p{L}\\p{N}])`, 'iu')),
    ...rules.patterns.map((pattern) => new RegExp(pattern, 'iu')),
  ];
  return {
    async judge(order: Order) {
      const text = order.prompt.normalize('NFKC');
      return banned.some((pattern) => pattern.test(text))
        ? { allowed: false, reason: 'a word or pattern list' }
        : { allowed: true };
    },
  };
}

function escaped(word: string): string {
  return word.normalize('NFKC').replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** Several judges, asked one after another; the first refusal stands. */
export function createBench(judges: readonly Moderator[]): Moderator {
  return {
    async judge(order) {
      for (const judge of judges) {
        const verdict = await judge.judge(order);
        if (!verdict.allowed) return verdict;
      }
      return { allowed: true };
    },
  };
}
