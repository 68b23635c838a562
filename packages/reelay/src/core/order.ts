import type { FileId, Json } from './values.ts';

export type Mode = 'text-to-video' | 'image-to-video';
export type Strategy = 'auto' | 'value' | 'official';
export type AspectRatio = `${number}:${number}`;

/** A picture or film that a caller wants used. */
export interface Media {
  readonly role: 'first_frame' | 'last_frame' | 'reference';
  readonly kind: 'image' | 'video' | 'audio';
  readonly url: string;
}

/** What a caller wants, in the gateway's own words: surfaces write it, providers read it. */
export interface Order {
  readonly model: string;
  readonly mode: Mode;
  readonly prompt: string;
  readonly media: readonly Media[];
  readonly durationSeconds: number;
  readonly sound: boolean;
  /** null: what the model's terms say (Kling 2.6: 720p silent, 1080p with sound). */
  readonly resolution: '720p' | '1080p' | null;
  /** null: follows the picture. */
  readonly aspectRatio: AspectRatio | null;
  readonly strategy: Strategy;
  /** Passed to one provider untouched; its schema checks it. */
  readonly extra: { readonly [key: string]: Json };
}

/** A medium as it was fetched and checked, once, before the first attempt; every attempt uses these bytes. */
export interface PreparedMedia {
  readonly role: Media['role'];
  readonly kind: Media['kind'];
  readonly file: FileId;
  readonly mimeType: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly width: number;
  readonly height: number;
}

export interface Prepared {
  readonly media: readonly PreparedMedia[];
}
