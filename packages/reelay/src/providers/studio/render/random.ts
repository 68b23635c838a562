/** A deterministic stream of numbers: the only randomness of the studio. */
export interface Random {
  /** The next number in [0, 1). */
  next(): number;
  /** The next number in [low, high). */
  between(low: number, high: number): number;
  /** A stream of its own for one part, so that adding a part never changes its neighbours. */
  fork(label: string): Random;
}

/** 32-bit FNV-1a over UTF-16 code units: stable across platforms and releases. */
export function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    h ^= text.charCodeAt(i);
    h = Math.imul(h, 0x01000193);
  }
  return h >>> 0;
}

/** Starts the stream of a seed (mulberry32: 32 bits of state, good enough for pictures). */
export function random(seed: number): Random {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    fork: (label) => random(hash32(`${seed}/${label}`)),
  };
}

/** One of the items; the list must not be empty. */
export function pick<T>(rng: Random, items: readonly T[]): T {
  const item = items[Math.floor(rng.next() * items.length)];
  if (item === undefined) throw new Error('pick from an empty list');
  return item;
}
