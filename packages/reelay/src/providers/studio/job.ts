import type { FilmFiles, FilmOrder } from './render/film.ts';

/** What the renderer asks of its child process. */
export interface RenderJob {
  readonly film: FilmOrder;
  /** A tiny valid film at once, for test suites, in place of the drawn one. */
  readonly instant: boolean;
  /** The film file is filled up to this size; 0: as it comes. */
  readonly bytes: number;
}

/** What the child process says of the one job it has. */
export type ChildMessage =
  | { readonly is: 'progress'; readonly percent: number }
  | { readonly is: 'rendered'; readonly files: FilmFiles }
  | { readonly is: 'failed'; readonly reason: FailedReason; readonly message: string };

/** `picture`: the customer's picture cannot be decoded; `internal`: anything else. */
export type FailedReason = 'picture' | 'internal';
