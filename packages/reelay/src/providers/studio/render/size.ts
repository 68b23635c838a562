/** The measures of a film in pixels; both are even. */
export interface FilmSize {
  readonly width: number;
  readonly height: number;
}

const SIZES: Readonly<Record<string, FilmSize>> = {
  '16:9': { width: 1280, height: 720 },
  '9:16': { width: 720, height: 1280 },
  '1:1': { width: 960, height: 960 },
};

const AREA = 1280 * 720;

/** A film of about 720p area whose sides are as a : b, both multiples of 8 (what the encoders like best). */
export function sizeOfRatio(a: number, b: number): FilmSize {
  const height = Math.sqrt((AREA * b) / a);
  const round = (n: number): number => Math.max(16, Math.round(n / 8) * 8);
  return { width: round((height * a) / b), height: round(height) };
}

/** The measures for an aspect ratio such as `16:9`. Throws on what is none. */
export function filmSize(aspectRatio: string): FilmSize {
  const known = SIZES[aspectRatio];
  if (known) return known;
  const [a, b] = aspectRatio.split(':').map(Number);
  if (!a || !b || a / b > 4 || b / a > 4) throw new Error(`no aspect ratio: ${aspectRatio}`);
  return sizeOfRatio(a, b);
}
