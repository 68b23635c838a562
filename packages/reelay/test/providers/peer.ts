import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

/** A request as an upstream got it. */
export interface Seen {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly bytes: Buffer;
  /** The body as JSON, or the fields of a form; undefined where it is neither. */
  readonly json: unknown;
}

/** What an upstream answers: JSON, or text as it is. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface Peer {
  readonly url: string;
  readonly seen: Seen[];
  close(): Promise<void>;
}

/** A loopback upstream: every request is read whole, then answered, or dealt with on its own terms. */
export async function openPeer(
  answer: (seen: Seen, response: ServerResponse) => Answer | undefined,
): Promise<Peer> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const one = await read(request, Buffer.concat(chunks));
    seen.push(one);
    const said = answer(one, response);
    if (said) send(response, said);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(text);
}

async function read(request: IncomingMessage, bytes: Buffer): Promise<Seen> {
  const { method = '', url = '', headers } = request;
  return { method, path: url, headers, bytes, json: await jsonOf(headers['content-type'] ?? '', bytes) };
}

async function jsonOf(type: string, bytes: Buffer): Promise<unknown> {
  if (type.startsWith('multipart/form-data')) {
    const stream = Readable.toWeb(Readable.from([bytes])) as ReadableStream;
    const form = await new Response(stream, { headers: { 'content-type': type } }).formData();
    return Object.fromEntries(
      [...form].map(([name, value]) => [name, typeof value === 'string' ? value : '<file>']),
    );
  }
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
