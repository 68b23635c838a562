import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { EventStream } from '../core/ports/surface.ts';

/** A silent connection is taken for dead by proxies: something is said at least so often. */
const HEARTBEAT_MS = 15_000;

/** Answers with server-sent events. */
export function sendEvents(reply: FastifyReply, events: EventStream['events']): FastifyReply {
  reply.header('content-type', 'text/event-stream; charset=utf-8');
  // nginx would hold events back until its buffer is full.
  reply.header('x-accel-buffering', 'no');
  return reply.send(Readable.from(lines(events), { objectMode: false }));
}

async function* lines(events: EventStream['events']): AsyncGenerator<string> {
  const iterator = events[Symbol.asyncIterator]();
  let next = iterator.next();
  for (;;) {
    const beat = Promise.withResolvers<null>();
    const timer = setTimeout(() => beat.resolve(null), HEARTBEAT_MS);
    const given = await Promise.race([next, beat.promise]).finally(() => clearTimeout(timer));
    if (given === null) {
      yield ': still here\n\n';
      continue;
    }
    if (given.done) return;
    const { id, event, data } = given.value;
    yield `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    next = iterator.next();
  }
}
