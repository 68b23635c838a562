import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { filmOf } from './films.ts';
import type { Call, Format, Reply } from './format.ts';
import { shortened } from './journal.ts';
import { decodedSegment } from './router.ts';
import { faultsFor } from './script.ts';
import { deliver } from './serve.ts';

/** Serves `/films/{format}/{id}.mp4`: results as they lie on an upstream's CDN, with ranges, until they expire. */
export async function serveFilm(
  formats: ReadonlyMap<string, Format>,
  call: Call,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, name = '', id = ''] = /^\/films\/([^/]+)\/([^/]+)\.mp4$/.exec(call.path) ?? [];
  const format = formats.get(name);
  const { namespace } = call;
  const job = namespace.jobs.get(`${name} ${decodedSegment(id)}`);
  const prompts = job ? [job.order.prompt] : [];
  const header = call.headers['x-sim-script'];
  const faults = faultsFor(namespace.script, {
    format: name,
    operation: 'film',
    prompts,
    header: typeof header === 'string' ? header : undefined,
  });
  const entry = namespace.journal.add({
    at: namespace.clock.now(),
    format: name,
    operation: 'film',
    method: call.method,
    path: call.path,
    status: null,
    faults: [],
    job: job?.id ?? null,
    body: shortened(null),
    error: null,
  });
  const reply = format && job ? await filmReply(format, call, job) : missing;
  await deliver(call, { reply, faults, job: job ?? null }, entry, request, response);
}

const missing: Reply = {
  status: 404,
  headers: { 'content-type': 'text/plain' },
  body: Buffer.from('not found'),
};

/** The film of a job, whole or the range that was asked for. */
export async function filmReply(
  format: Format,
  call: Call,
  job: Parameters<typeof filmOf>[0],
): Promise<Reply> {
  if (job.state !== 'succeeded' || job.endedAt === null || job.plan.film.defect === 'missing') return missing;
  const keptMs = job.plan.filmKeptMs ?? job.order.filmKeptMs ?? format.keeps.filmMs;
  if (keptMs !== null && call.namespace.clock.now() - job.endedAt >= keptMs) return missing;
  const { bytes, type } = await filmOf(job);
  const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`;
  const headers = { 'content-type': type, 'accept-ranges': 'bytes', etag };
  const range = /^bytes=(\d+)-(\d*)$/.exec(call.headers.range ?? '');
  if (!range) return { status: 200, headers, body: bytes };
  const first = Number(range[1]);
  const last = Math.min(bytes.length - 1, range[2] === '' ? bytes.length - 1 : Number(range[2]));
  if (first > last)
    return { status: 416, headers: { 'content-range': `bytes */${bytes.length}` }, body: Buffer.alloc(0) };
  const part = { ...headers, 'content-range': `bytes ${first}-${last}/${bytes.length}` };
  return { status: 206, headers: part, body: bytes.subarray(first, last + 1) };
}
