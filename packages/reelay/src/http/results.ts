import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { refuse } from '../core/refusal.ts';
import type { StoredFile } from '../core/task.ts';
import type { FileId } from '../core/values.ts';
import type { Gateway } from './gateway.ts';
import type { Answers } from './reply.ts';
import { PROBLEM_TYPE } from './reply.ts';

/**
 * Results at signed links: `GET` and `HEAD /f/{id}`, whole or one range of it, shown inline or with `?download` saved.
 * The link is the permission: no key is asked for.
 */
export function mountResults(app: FastifyInstance, gateway: Gateway, answers: Answers): void {
  app.route<{ Params: { id: string } }>({
    method: ['GET', 'HEAD'],
    url: '/f/:id',
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const { id } = request.params;
      const query = new URLSearchParams(request.url.split('?')[1] ?? '');
      const link = gateway.judgeLink(id, query, gateway.clock.now());
      if (!isFileId(id) || link.is === 'forged') {
        const message = 'This link was not made by this gateway, or was changed';
        return answers.refuse(request, reply, refuse('scope_denied', message));
      }
      if (link.is === 'expired') return gone(request, reply, 'This link has expired');
      const file = (await gateway.store.file(id)) ?? (await gateway.uploads?.store.upload(id));
      if (!file) return answers.refuse(request, reply, refuse('not_found', 'No such file'));
      if (file.removed || file.expiresAt <= gateway.clock.now()) {
        return gone(request, reply, 'This file was kept until its time and is removed');
      }
      const disposition = query.has('download') ? 'attachment' : link.disposition;
      return serve(gateway, file, disposition, request, reply);
    },
  });
}

/** A result or an upload: to whoever has the link they are the same. */
type Kept = Pick<StoredFile, 'id' | 'mimeType' | 'bytes' | 'sha256' | 'expiresAt'>;

async function serve(
  gateway: Gateway,
  file: Kept,
  disposition: 'inline' | 'attachment',
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const etag = `"${file.sha256}"`;
  reply.headers({
    etag,
    'accept-ranges': 'bytes',
    'cache-control': `private, max-age=${secondsLeft(file, gateway)}, immutable`,
    'content-disposition': `${disposition}; filename="${file.id}${EXTENSIONS[file.mimeType] ?? ''}"`,
    'content-security-policy': "sandbox; default-src 'none'; media-src 'self'; img-src 'self'",
    'cross-origin-resource-policy': 'cross-origin',
  });
  const { headers } = request;
  if (isListed(headers['if-none-match'], etag)) return reply.code(304).send();

  const ifRange = typeof headers['if-range'] === 'string' ? headers['if-range'] : undefined;
  const part = gateway.judgeRange(headers.range, ifRange, { size: file.bytes, etag });
  if (part.status === 416) {
    return reply.code(416).header('content-range', `bytes */${file.bytes}`).send();
  }
  const { start, end } = part.status === 206 ? part : { start: 0, end: file.bytes - 1 };
  reply.code(part.status).header('content-type', file.mimeType);
  reply.header('content-length', end - start + 1);
  if (part.status === 206) reply.header('content-range', `bytes ${start}-${end}/${file.bytes}`);
  if (request.method === 'HEAD') return reply.send();
  const bytes = await gateway.files.open(file.id, part.status === 206 ? { start, end } : undefined);
  if (bytes === null) return gone(request, reply, 'This file was removed');
  return reply.send(Readable.from(bytes, { objectMode: false }));
}

/** A result past its time: the task still tells its history. */
function gone(request: FastifyRequest, reply: FastifyReply, detail: string): FastifyReply {
  for (const name of Object.keys(reply.getHeaders())) {
    if (!name.startsWith('x-')) reply.removeHeader(name);
  }
  const body = JSON.stringify({
    type: 'about:blank',
    title: 'Gone',
    status: 410,
    detail: `${detail}: results are valid for 15 days after completion. The task itself still tells its history.`,
    code: 'result_expired',
    request_id: request.id,
  });
  return reply.code(410).header('content-type', PROBLEM_TYPE).header('cache-control', 'no-store').send(body);
}

function isFileId(given: string): given is FileId {
  return /^file_[A-Za-z0-9_-]{1,64}$/.test(given);
}

function secondsLeft(file: Kept, gateway: Gateway): number {
  return Math.max(0, Math.floor((file.expiresAt - gateway.clock.now()) / 1_000));
}

function isListed(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  'video/mp4': '.mp4',
  'image/jpeg': '.jpg',
  'image/png': '.png',
  'image/webp': '.webp',
};
