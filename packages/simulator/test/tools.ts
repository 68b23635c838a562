import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { crc32, deflateSync } from 'node:zlib';
import { BufferSource, EncodedPacketSink, Input, MP4 } from 'mediabunny';

/** One answer, its body read as JSON where it is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Json;
}

/** Any JSON, read by path: `at(json, 'data', 0, 'id')`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export function at(json: Json | undefined, ...path: readonly (string | number)[]): Json | undefined {
  let value: Json | undefined = json;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.entries(value).find(([key]) => key === String(step))?.[1];
  }
  return value;
}

export function text(json: Json | undefined, ...path: readonly (string | number)[]): string {
  const value = at(json, ...path);
  return typeof value === 'string' ? value : '';
}

export async function request(url: string, init: RequestInit = {}): Promise<Answer> {
  const reply = await fetch(url, { redirect: 'manual', ...init });
  const body = await reply.text();
  return { status: reply.status, headers: reply.headers, text: body, json: parsed(body) };
}

export function parsed(body: string): Json {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
  method = 'POST',
): Promise<Answer> {
  const type = { 'content-type': 'application/json' };
  return await request(url, { method, body: JSON.stringify(body), headers: { ...type, ...headers } });
}

export interface Message {
  readonly headers: IncomingHttpHeaders;
  readonly raw: string;
  readonly json: Json;
  readonly path: string;
}

/** A receiver of callbacks. `answers` are the statuses of the first messages, then 200. */
export async function receiver(answers: readonly number[] = []): Promise<{
  readonly url: string;
  readonly messages: Message[];
  /** Resolves with the message of that number (from 0). */
  message(index: number): Promise<Message>;
  close(): void;
}> {
  const messages: Message[] = [];
  const waiting: (() => void)[] = [];
  const server = createServer((req, res) => {
    let raw = '';
    req.setEncoding('utf8').on('data', (chunk: string) => {
      raw += chunk;
    });
    req.on('end', () => {
      res.statusCode = answers[messages.length] ?? 200;
      messages.push({ headers: req.headers, raw, json: parsed(raw), path: req.url ?? '' });
      res.end();
      for (const wake of waiting.splice(0)) wake();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    messages,
    async message(index) {
      for (;;) {
        const found = messages[index];
        if (found) return found;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A PNG of one colour. */
export function png(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const frame = Buffer.alloc(8 + body.length);
    frame.writeUInt32BE(data.length, 0);
    body.copy(frame, 4);
    frame.writeUInt32BE(crc32(body), 4 + body.length);
    return frame;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 0, 0, 0, 0], 8);
  const pixels = deflateSync(Buffer.alloc((width + 1) * height));
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

export interface FilmFacts {
  readonly seconds: number;
  readonly ratio: number;
  readonly height: number;
  readonly codec: string | null;
  readonly hasAudio: boolean;
  /** Whether the last packet is there. */
  readonly isWhole: boolean;
}

/** What a film is, read from its bytes; null when it is none. */
export async function filmFacts(bytes: Uint8Array): Promise<FilmFacts | null> {
  using input = new Input({ source: new BufferSource(bytes), formats: [MP4] });
  if (!(await input.canRead())) return null;
  const video = await input.getPrimaryVideoTrack();
  if (!video) return null;
  const last = await new EncodedPacketSink(video).getPacket(Number.POSITIVE_INFINITY).catch(() => null);
  const height = await video.getDisplayHeight();
  return {
    seconds: await input.computeDuration(),
    ratio: (await video.getDisplayWidth()) / height,
    height,
    codec: await video.getCodec(),
    hasAudio: (await input.getPrimaryAudioTrack()) !== null,
    isWhole: last !== null && last.data.byteLength > 0,
  };
}

export async function download(url: string, headers: Record<string, string> = {}): Promise<Uint8Array> {
  const reply = await fetch(url, { headers });
  return new Uint8Array(await reply.arrayBuffer());
}
