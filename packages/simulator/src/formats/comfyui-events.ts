import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Job } from '../job.ts';
import { hex, type Namespace } from '../namespace.ts';

const STEPS = 20;
/** Of RFC 6455. */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TEXT = 0x1;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

/** `/ws?clientId=…`: what ComfyUI tells of the jobs of that client. Only the server's side of a websocket that is needed for it. */
export function serveComfyEvents(
  namespace: Namespace,
  path: string,
  request: IncomingMessage,
  socket: Duplex,
): void {
  const key = request.headers['sec-websocket-key'];
  if (!/^(\/api)?\/ws$/.test(path) || key === undefined) {
    socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
    return;
  }
  const accept = createHash('sha1')
    .update(key + ACCEPT_GUID)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  );
  const clientId = new URLSearchParams(request.url?.split('?')[1]).get('clientId') ?? hex(32);
  const tell = (type: string, data: object) => {
    if (socket.writable) socket.write(frame(TEXT, Buffer.from(JSON.stringify({ type, data }))));
  };
  const listener = (job: Job) => {
    if (job.format === 'comfyui' && job.order.memory.clientId === clientId) narrate(namespace, job, tell);
  };
  namespace.listeners.add(listener);
  socket.on('close', () => namespace.listeners.delete(listener));
  socket.on('error', () => socket.destroy());
  answerClient(socket);
  tell('status', { status: { exec_info: { queue_remaining: 0 } }, sid: clientId });
}

type Tell = (type: string, data: object) => void;

function narrate(namespace: Namespace, job: Job, tell: Tell): void {
  const about = { prompt_id: job.id, timestamp: namespace.clock.now() };
  const node = String(job.order.memory.output);
  if (job.state === 'running') {
    tell('execution_start', about);
    tell('execution_cached', { ...about, nodes: [] });
    tell('executing', { node, display_node: node, prompt_id: job.id });
    for (let step = 1; step <= STEPS; step++) {
      namespace.clock.after((job.plan.runMs * step) / (STEPS + 1), () => {
        if (job.state === 'running') tell('progress', { value: step, max: STEPS, prompt_id: job.id, node });
      });
    }
  } else if (job.state === 'succeeded') {
    const file = { filename: `${job.id}_00001_.mp4`, subfolder: '', type: 'output' };
    tell('executed', { node, display_node: node, output: { images: [file] }, prompt_id: job.id });
    tell('executing', { node: null, prompt_id: job.id });
    tell('execution_success', about);
  } else if (job.state === 'canceled')
    tell('execution_interrupted', { ...about, node_id: node, executed: [] });
  else
    tell('execution_error', {
      ...about,
      node_id: node,
      exception_type: 'RuntimeError',
      exception_message: job.failure?.message,
    });
}

/** Answers pings and the closing of the client; what else it says has no meaning here. */
function answerClient(socket: Duplex): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (let read = readFrame(pending); read; read = readFrame(pending)) {
      pending = pending.subarray(read.length);
      if (read.kind === PING) socket.write(frame(PONG, read.payload));
      if (read.kind === CLOSE) socket.end(frame(CLOSE, read.payload.subarray(0, 2)));
    }
  });
}

function frame(kind: number, payload: Buffer): Buffer {
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.of(0x80 | kind, length), payload]);
  const head = Buffer.alloc(length < 65_536 ? 4 : 10);
  head[0] = 0x80 | kind;
  head[1] = length < 65_536 ? 126 : 127;
  if (length < 65_536) head.writeUInt16BE(length, 2);
  else head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

/** The first whole frame of a client (always masked); null while it is incomplete. */
function readFrame(bytes: Buffer): { kind: number; payload: Buffer; length: number } | null {
  if (bytes.length < 6) return null;
  const short = (bytes[1] ?? 0) & 0x7f;
  const head = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < head + 4) return null;
  const size =
    short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  const length = head + 4 + size;
  if (bytes.length < length) return null;
  const mask = bytes.subarray(head, head + 4);
  const payload = Buffer.from(bytes.subarray(head + 4, length));
  for (let at = 0; at < size; at++) payload[at] = (payload[at] ?? 0) ^ (mask[at % 4] ?? 0);
  return { kind: (bytes[0] ?? 0) & 0x0f, payload, length };
}
