import type { Order } from '../core/order.ts';
import type { Moderator } from '../core/ports/world.ts';

export interface Rules {
  /** Whole words or phrases, in any case. */
  readonly words: readonly string[];
  /** Regular expressions of the operator's own making, matched without regard to case. */
  readonly patterns: readonly string[];
  /** Whether the built-in list counts as well. */
  readonly defaults: boolean;
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
export function createRules(rules: Rules): Moderator {
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
