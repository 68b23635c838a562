/**
 * Words by language, separated by spaces; a star at the end takes any ending (Polish declines), an
 * underscore stands for the space in a phrase. Written without accents: prompts are compared so.
 */
export interface Lexicon {
  readonly en: string;
  readonly pl: string;
  readonly nl: string;
}

/** Lower case without accents, words parted by single spaces, with a space before and after. */
export function normalise(prompt: string): string {
  const plain = prompt
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replaceAll('ł', 'l')
    .replaceAll('ß', 'ss');
  return ` ${plain.replace(/[^\p{L}\p{N}]+/gu, ' ').trim()} `;
}

const patterns = new WeakMap<Lexicon, RegExp>();

function pattern(words: Lexicon): RegExp {
  const known = patterns.get(words);
  if (known) return known;
  const parts = `${words.en} ${words.pl} ${words.nl}`
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => word.replaceAll('_', ' ').replace(/\*$/, '\\p{L}*'));
  const made = new RegExp(`(?<= )(?:${parts.join('|')})(?= )`, 'gu');
  patterns.set(words, made);
  return made;
}

/** How often any of the words occurs in a normalised text. */
export function hits(words: Lexicon, text: string): number {
  return [...text.matchAll(pattern(words))].length;
}

/** Where the first of the words occurs in a normalised text; −1 where none does. */
export function find(words: Lexicon, text: string): number {
  return text.search(new RegExp(pattern(words).source, 'u'));
}
