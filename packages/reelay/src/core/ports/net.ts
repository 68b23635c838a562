/** Why a picture or film could not be fetched or used. */
export type MediaProblem =
  | 'unreachable'
  | 'broken_off'
  | 'forbidden'
  | 'too_large'
  | 'unsupported'
  | 'broken'
  | 'too_many_pixels';

export interface Picture {
  readonly mimeType: string;
  readonly width: number;
  readonly height: number;
}

export interface JpegCopy {
  readonly path: string;
  readonly bytes: number;
  dispose(): Promise<void>;
}

export interface Film {
  readonly durationMs: number;
  readonly width: number;
  readonly height: number;
  readonly videoCodec: string;
  readonly hasAudio: boolean;
}

export interface Sound {
  /** By its bytes. */
  readonly mimeType: string;
  readonly durationMs: number;
}

export interface PostReply {
  /** Null where the receiver gave none. */
  readonly status: number | null;
  readonly durationMs: number;
  readonly excerpt: string;
  readonly retryAfterMs: number | null;
  readonly error: string | null;
}

/** The one door out. Every address is guarded here, and nothing else opens a socket. */
export interface Net {
  /** Whether a customer's URL may be used at all, before anything is opened; null when it may, else why not. */
  judge(url: string): string | null;
  /** Opens a guarded download, redirects followed and re-checked, at most `maxBytes`. Throws `MediaFault`. */
  download(url: string, limits: { maxBytes: number; totalMs: number }): Promise<AsyncIterable<Uint8Array>>;
  /** Posts a message once: no redirect, no retry. Never throws. */
  post(
    url: string,
    body: string,
    headers: Readonly<Record<string, string>>,
    timeoutMs: number,
  ): Promise<PostReply>;
}

/** Pictures, films and sounds looked into under limits, in a process of their own. Throws `MediaFault`. */
export interface Inspector {
  picture(path: string, mimeTypes: readonly string[]): Promise<Picture>;
  film(path: string): Promise<Film>;
  sound(path: string): Promise<Sound>;
  /** A copy of a picture as JPEG, in a temporary place until it is disposed of. */
  jpeg(path: string): Promise<JpegCopy>;
}

/** A medium that cannot be used. */
export class MediaFault extends Error {
  override readonly name = 'MediaFault';
  readonly problem: MediaProblem;
  constructor(problem: MediaProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}
