import { deadline } from './clock.ts';

/** The measures of a picture in pixels. */
export interface Measures {
  readonly width: number;
  readonly height: number;
  readonly type: 'png' | 'jpeg' | 'webp';
}

const PICTURE_BYTES_MAX = 50 * 1024 * 1024;
const FETCH_MS = 10_000;

/** Fetches a picture as an upstream would; null when there is none to be had. */
export async function fetchPicture(url: string): Promise<Buffer | null> {
  try {
    const reply = await fetch(url, {
      signal: deadline(FETCH_MS),
      headers: { 'user-agent': 'reelay-simulator' },
    });
    if (!reply.ok) return null;
    const bytes = Buffer.from(await reply.arrayBuffer());
    return bytes.length > PICTURE_BYTES_MAX ? null : bytes;
  } catch {
    return null;
  }
}

/** The bytes of a `data:` address; null when it is none. */
export function dataUrlBytes(text: string): Buffer | null {
  const match = /^data:[^,]*;base64,/i.exec(text);
  return match ? Buffer.from(text.slice(match[0].length), 'base64') : null;
}

/** What the head of a picture says of its size; null when it is no PNG, JPEG or WebP. */
export function measure(bytes: Buffer): Measures | null {
  try {
    return measurePng(bytes) ?? measureJpeg(bytes) ?? measureWebp(bytes);
  } catch {
    // Read beyond the end: a head that was cut short.
    return null;
  }
}

function measurePng(bytes: Buffer): Measures | null {
  if (bytes.toString('latin1', 0, 8) !== '\x89PNG\r\n\x1a\n') return null;
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), type: 'png' };
}

function measureJpeg(bytes: Buffer): Measures | null {
  if (bytes.readUInt16BE(0) !== 0xffd8) return null;
  for (let at = 2; at < bytes.length - 9; ) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1] ?? 0;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame)
      return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5), type: 'jpeg' };
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return null;
}

function measureWebp(bytes: Buffer): Measures | null {
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WEBP') return null;
  const kind = bytes.toString('latin1', 12, 16);
  if (kind === 'VP8X')
    return { width: 1 + bytes.readUIntLE(24, 3), height: 1 + bytes.readUIntLE(27, 3), type: 'webp' };
  if (kind === 'VP8L') {
    const bits = bytes.readUInt32LE(21);
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff), type: 'webp' };
  }
  return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff, type: 'webp' };
}
