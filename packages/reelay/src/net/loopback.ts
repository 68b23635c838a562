import { createWriteStream } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { request } from 'undici';

/** A customer's side of the wire on this machine: what commands talk to a gateway with. Not for customers' addresses. */
export const localHttp = {
  /** Sends JSON and reads JSON, whatever the status. */
  async json(method: 'GET' | 'POST', url: string, key: string, body?: object): Promise<unknown> {
    const reply = await request(url, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body ? JSON.stringify(body) : null,
    });
    return reply.body.json();
  },

  /** Saves what lies behind a link. @returns its bytes */
  async save(url: string, path: string): Promise<number> {
    const reply = await request(url);
    if (reply.statusCode !== 200) throw new Error(`HTTP ${reply.statusCode} for the result`);
    const file = createWriteStream(path);
    await pipeline(reply.body, file);
    return file.bytesWritten;
  },
};

export interface LoopbackHost {
  /** `127.0.0.1:port`, for `REELAY_ALLOW_HOSTS`. */
  readonly pair: string;
  readonly pictureUrl: string;
  readonly callbackUrl: string;
  /** The next message that is posted to `callbackUrl`. */
  nextCallback(): Promise<{ readonly body: string; readonly headers: Readonly<Record<string, string>> }>;
  close(): Promise<void>;
}

const CALLBACK_BYTES_MAX = 1_000_000;

/** A customer's own server on this machine: serves one picture and receives callbacks. For the demo and for tests. */
export async function openLoopbackHost(picture: Uint8Array): Promise<LoopbackHost> {
  type Callback = { body: string; headers: Record<string, string> };
  const arrived: Callback[] = [];
  const waiting: ((callback: Callback) => void)[] = [];
  const server = createServer((incoming, answer) => {
    if (incoming.method === 'GET' && incoming.url === '/ref.jpg') {
      answer
        .writeHead(200, { 'content-type': 'image/jpeg', 'content-length': picture.byteLength })
        .end(picture);
      return;
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > CALLBACK_BYTES_MAX) incoming.destroy();
      else chunks.push(chunk);
    });
    incoming.on('end', () => {
      const headers = Object.fromEntries(
        Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
      );
      const callback = { body: Buffer.concat(chunks).toString('utf8'), headers };
      const next = waiting.shift();
      if (next) next(callback);
      else arrived.push(callback);
      answer.writeHead(200).end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const base = `http://127.0.0.1:${port}`;
  return {
    pair: `127.0.0.1:${port}`,
    pictureUrl: `${base}/ref.jpg`,
    callbackUrl: `${base}/callback`,
    nextCallback: () => {
      const first = arrived.shift();
      return first ? Promise.resolve(first) : new Promise((resolve) => waiting.push(resolve));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
