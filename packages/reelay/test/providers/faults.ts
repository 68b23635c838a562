import type { ServerResponse } from 'node:http';
import type { TroubleKind } from '../../src/core/failure.ts';
import { type Answer, send } from './peer.ts';

/** What can go wrong with the answer to a submit, and what has to be made of it. */
export interface Fault {
  readonly name: string;
  /** `accepted`: the id arrives all the same. */
  readonly becomes: TroubleKind | 'accepted';
  /** Deals with the request, which was read whole. `accepted` is what a healthy upstream would have said. */
  readonly act: (response: ServerResponse, accepted: Answer, idPath: readonly string[]) => void;
  /** The answer never ends: the caller's patience has to. */
  readonly hangs?: true;
}

const HTML = '<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>';

const doubt = (name: string, act: Fault['act']): Fault => ({ name, becomes: 'doubtful', act });
const says = (name: string, status: number, body: unknown, headers: Record<string, string> = {}): Fault =>
  doubt(name, (response) => send(response, { status, body, headers }));
const raw = (name: string, text: string, end: 'end' | 'reset'): Fault =>
  doubt(name, (response) => {
    const { socket } = response;
    if (end === 'end') socket?.end(text);
    else socket?.write(text, () => socket.resetAndDestroy());
  });

/** The accepted answer with its id replaced; `undefined` leaves it out. */
function withId(accepted: Answer, idPath: readonly string[], id: unknown): Answer {
  const body: unknown = structuredClone(accepted.body);
  let at = body as Record<string, unknown>;
  for (const key of idPath.slice(0, -1)) at = at[key] as Record<string, unknown>;
  const last = idPath.at(-1) ?? '';
  if (id === undefined) delete at[last];
  else at[last] = id;
  return { ...accepted, body };
}

const id = (name: string, value: unknown): Fault =>
  doubt(`200 whose id is ${name}`, (response, accepted, idPath) =>
    send(response, withId(accepted, idPath, value)),
  );

const text = (accepted: Answer) => JSON.stringify(accepted.body);

/** The fault script: every adapter is put through all of it. */
export const FAULTS: readonly Fault[] = [
  // The connection.
  doubt('reset before the answer', (response) => response.socket?.resetAndDestroy()),
  doubt('closed before the answer', (response) => response.socket?.end()),
  raw('reset within the status line', 'HTTP/1.1 2', 'reset'),
  raw('closed within the headers', 'HTTP/1.1 200 OK\r\ncontent-ty', 'end'),
  raw('reset after the headers', 'HTTP/1.1 200 OK\r\ncontent-length: 300\r\n\r\n', 'reset'),
  doubt('reset in the middle of the body', (response, accepted) => {
    response.writeHead(accepted.status, { 'content-length': text(accepted).length });
    response.write(text(accepted).slice(0, -5), () => response.socket?.resetAndDestroy());
  }),
  doubt('closed in the middle of the body', (response, accepted) => {
    response.writeHead(accepted.status, { 'content-length': text(accepted).length });
    response.write(text(accepted).slice(0, -1), () => response.socket?.end());
  }),
  raw(
    'closed without the last chunk',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"id"\r\n',
    'end',
  ),
  { ...doubt('no answer at all', () => {}), hangs: true },
  {
    ...doubt('silence after the headers', (response) => {
      response.writeHead(200, { 'content-length': 300 });
      response.flushHeaders();
    }),
    hangs: true,
  },
  {
    ...doubt('silence in the middle of the body', (response, accepted) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write(text(accepted));
    }),
    hangs: true,
  },
  // No HTTP, or too much of it.
  raw('another protocol', 'SSH-2.0-OpenSSH_9.6\r\n', 'end'),
  raw('an impossible status', 'HTTP/1.1 99999 Huh\r\n\r\n', 'end'),
  raw('two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}', 'end'),
  raw('headers of 100 kB', `HTTP/1.1 200 OK\r\nx-long: ${'x'.repeat(100_000)}\r\n\r\n{}`, 'end'),
  doubt('a compressed answer', (response, accepted) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.end(text(accepted));
  }),
  doubt('3 MB', (response) => response.end(`"${'x'.repeat(3_000_000)}"`)),
  raw('a length of 2 GB', 'HTTP/1.1 200 OK\r\ncontent-length: 2000000000\r\n\r\n{', 'end'),
  // Statuses that leave it open.
  says('500', 500, {}),
  says('500 as HTML', 500, HTML, { 'content-type': 'text/html' }),
  says('502 as HTML', 502, HTML, { 'content-type': 'text/html' }),
  says('503', 503, 'Service Unavailable', { 'retry-after': '5' }),
  says('504', 504, ''),
  says('520 of a proxy', 520, 'error code: 520'),
  says('408', 408, ''),
  says('409', 409, {}),
  says('418', 418, {}),
  says('400 as HTML', 400, HTML, { 'content-type': 'text/html' }),
  says('404 as HTML', 404, HTML, { 'content-type': 'text/html' }),
  says('301', 301, '', { location: '/elsewhere' }),
  says('307 to itself', 307, '', { location: '/' }),
  says('204', 204, ''),
  // 200 without what it should hold.
  says('200 with nothing', 200, ''),
  says('200 with HTML', 200, HTML, { 'content-type': 'text/html' }),
  says('200 with HTML called JSON', 200, HTML),
  says('200 with null', 200, 'null'),
  says('200 with a list', 200, '[]'),
  says('200 with a text', 200, '"ok"'),
  says('200 with a number', 200, '42'),
  says('200 with an empty object', 200, '{}'),
  says('200 with half a JSON', 200, '{"id":"abc"'),
  says('200 with two JSONs', 200, '{}{}'),
  says('200 with a byte order mark', 200, '\uFEFF{}'),
  says('200 with 10,000 brackets', 200, '['.repeat(10_000) + ']'.repeat(10_000)),
  says(
    '200 with a number and 10,000 brackets',
    200,
    `[1234567890123456,${'['.repeat(10_000)}${']'.repeat(10_000)}]`,
  ),
  says('200 with __proto__', 200, '{"__proto__":{"id":"x","data":{"id":"x"}}}'),
  says('200 with an error in it', 200, { error: { code: 'internal', message: 'oops' } }),
  id('missing', undefined),
  id('null', null),
  id('empty', ''),
  id('true', true),
  id('a list', ['a']),
  id('an object', { id: 'a' }),
  id('negative', -1),
  id('a fraction', 1.5),
  id('blank', '   '),
  id('a path', '..'),
  id('two lines', 'a\nb'),
  id('300 characters long', 'x'.repeat(300)),
  // Refused for now, whatever else it says.
  {
    name: '429 with nothing',
    becomes: 'rate_limited',
    act: (response) => send(response, { status: 429, body: '' }),
  },
  {
    name: '429 as HTML',
    becomes: 'rate_limited',
    act: (response) => send(response, { status: 429, body: HTML, headers: { 'retry-after': '7' } }),
  },
  // Odd, but an answer.
  {
    name: 'early hints first',
    becomes: 'accepted',
    act: (response, accepted) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      send(response, accepted);
    },
  },
  {
    name: 'byte by byte',
    becomes: 'accepted',
    act: (response, accepted) => {
      response.writeHead(accepted.status, { 'content-type': 'application/json' });
      for (const character of text(accepted)) response.write(character);
      response.end();
    },
  },
  {
    name: 'as text/plain with more in it than expected',
    becomes: 'accepted',
    act: (response, accepted) => {
      const body = { ...(accepted.body as object), unheard: { of: [9e99, -1] } };
      send(response, { ...accepted, body, headers: { 'content-type': 'text/plain' } });
    },
  },
];
