import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { pause } from './clock.ts';
import type { Reply } from './format.ts';
import { type Directive, numberOf } from './script.ts';

const PAGE =
  '<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>';

/** Answers as written. */
export function send(response: ServerResponse, reply: Reply): void {
  const { bytes, headers } = encoded(reply);
  response.writeHead(reply.status, { ...headers, 'content-length': bytes.length });
  response.end(bytes);
}

/** Answers as one fault wants it. Returns the status that was sent, or null when none was. */
export async function sendHurt(
  response: ServerResponse,
  reply: Reply,
  fault: Directive,
  closed: AbortSignal,
): Promise<number | null> {
  switch (fault.name) {
    case 'reset':
      return await reset(response, reply, fault.kind);
    case 'timeout':
      await pause(numberOf(fault, 'ms', 3_600_000), closed);
      response.destroy();
      return null;
    case 'drip':
      return await drip(response, reply, numberOf(fault, 'ms', 100), closed);
    case 'slow':
      await pause(numberOf(fault, 'ms', 1000), closed);
      break;
  }
  const hurt = hurtReply(reply, fault);
  send(response, hurt);
  return hurt.status;
}

function hurtReply(reply: Reply, fault: Directive): Reply {
  const html = { 'content-type': 'text/html; charset=utf-8' };
  switch (fault.name) {
    case 'http':
      return errorPage(Number(fault.kind || (fault.args.status ?? '500')), fault.args.body ?? 'html');
    case 'html':
      return { status: 200, headers: html, body: Buffer.from(PAGE) };
    case 'empty':
      return { ...reply, body: null };
    case 'cut': {
      const { bytes, headers } = encoded(reply);
      return { ...reply, headers, body: bytes.subarray(0, Math.floor(bytes.length / 2)) };
    }
    case 'redirect': {
      const status = numberOf(fault, 'status', 307);
      return { status, headers: { location: fault.args.to ?? 'http://169.254.169.254/' }, body: null };
    }
    case 'encoded': {
      const { bytes, headers } = encoded(reply);
      return { ...reply, headers: { ...headers, 'content-encoding': 'gzip' }, body: gzipSync(bytes) };
    }
    case 'huge':
      return { ...reply, body: { filler: 'x'.repeat(numberOf(fault, 'bytes', 20_000_000)) } };
    case 'deep': {
      const levels = numberOf(fault, 'levels', 100_000);
      const json = { 'content-type': 'application/json' };
      return { ...reply, headers: json, body: Buffer.from('['.repeat(levels) + ']'.repeat(levels)) };
    }
    default:
      return reply;
  }
}

function errorPage(status: number, body: string): Reply {
  const headers: Readonly<Record<string, string>> = body === 'html' ? { 'content-type': 'text/html' } : {};
  if (body === 'empty') return { status, body: null };
  return { status, headers, body: body === 'json' ? { error: 'upstream trouble' } : Buffer.from(PAGE) };
}

async function reset(response: ServerResponse, reply: Reply, when: string): Promise<number | null> {
  const socket = response.socket;
  const { bytes, headers } = encoded(reply);
  if (when === 'headers' || when === 'body') {
    response.writeHead(reply.status, { ...headers, 'content-length': bytes.length });
    response.flushHeaders();
    if (when === 'body') response.write(bytes.subarray(0, Math.max(1, Math.floor(bytes.length / 2))));
    // The kernel takes what was written before the connection is dropped.
    await new Promise<void>((resolve) => setImmediate(resolve));
    socket?.destroy();
    return reply.status;
  }
  socket?.resetAndDestroy();
  return null;
}

async function drip(
  response: ServerResponse,
  reply: Reply,
  everyMs: number,
  closed: AbortSignal,
): Promise<number> {
  const { bytes, headers } = encoded(reply);
  response.writeHead(reply.status, { ...headers, 'content-length': bytes.length });
  for (const byte of bytes) {
    if (closed.aborted) break;
    response.write(Buffer.of(byte));
    await pause(everyMs, closed);
  }
  response.end();
  return reply.status;
}

function encoded(reply: Reply): { bytes: Buffer; headers: Readonly<Record<string, string>> } {
  if (reply.body instanceof Buffer) return { bytes: reply.body, headers: reply.headers ?? {} };
  const bytes = Buffer.from(reply.body === null ? '' : JSON.stringify(reply.body));
  const type: Readonly<Record<string, string>> =
    reply.body === null ? {} : { 'content-type': 'application/json' };
  return { bytes, headers: { ...type, ...reply.headers } };
}
