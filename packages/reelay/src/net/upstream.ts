import { Trouble } from '../core/failure.ts';
import type { Upstream, UpstreamReply, UpstreamRequest } from '../core/ports/provider.ts';
import type { Clock } from '../core/ports/world.ts';
import { Bug, type Instant, type Json, type TaskId } from '../core/values.ts';
import type { Dispatch, Exchange } from './dispatcher.ts';
import { NetFault, timeLimit } from './fault.ts';
import { judgeUrl, type Policy } from './guard.ts';

/** An upstream as an operator set it up. */
export interface UpstreamSetup {
  readonly baseUrl: string;
  readonly credential: Readonly<Record<string, string>>;
  /** Other addresses of the same upstream (uploads), as good as `baseUrl`. */
  readonly addresses?: readonly string[];
  /** The values of `credential` that must not leave for another origin than those. */
  readonly secrets: readonly string[];
  callbackUrl(task: TaskId): string | null;
}

const REPLY_BYTES_MAX = 2_000_000;
/** A call that can be repeated is given up early; a billable one is waited for: its answer may hold the only handle. */
const CALL_MS = 20_000;
const CALL_ONCE_MS = 60_000;

/**
 * The transport a provider is given. Paths are below `baseUrl`; an absolute URL may go elsewhere (an upload address
 * the upstream named), judged like a customer's, and never with a secret. Troubles are `not_sent` or `doubtful`.
 */
export function openUpstream(
  dispatch: Dispatch,
  policy: Policy,
  clock: Clock,
  setup: UpstreamSetup,
): Upstream {
  const base = new URL(setup.baseUrl);
  const origins = new Set(
    [base, ...(setup.addresses ?? []).map((address) => new URL(address))].map((url) => url.origin),
  );
  const call = async (request: UpstreamRequest, limitMs: number, sendBy?: Instant) => {
    const url = addressOf(base, request.path);
    if (!origins.has(url.origin)) refuseLeak(request, setup.secrets);
    const limit = timeLimit(limitMs);
    try {
      const verdict = judgeUrl(url.href, policy);
      if (!verdict.ok) throw new NetFault('forbidden', verdict.because);
      const { method } = request;
      const once = sendBy !== undefined;
      const how = {
        method,
        limit: limit.signal,
        silenceMs: limitMs,
        fresh: once,
        ...(once ? { sendBy } : {}),
      };
      return await exchange(dispatch, {
        url: verdict.url,
        trusted: verdict.trusted,
        ...how,
        ...(await encoded(request)),
      });
    } catch (error) {
      throw troubleOf(error);
    } finally {
      limit.clear();
    }
  };
  return {
    credential: setup.credential,
    callbackUrl: setup.callbackUrl,
    call: (request) => call(request, CALL_MS),
    callOnce: (request, sendBy) => call(request, CALL_ONCE_MS, sendBy),
    now: () => clock.now(),
  };
}

async function exchange(dispatch: Dispatch, request: Exchange): Promise<UpstreamReply> {
  const answer = await dispatch.send(request);
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.read(REPLY_BYTES_MAX)) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  return { status: answer.status, headers: answer.headers, json: jsonOf(text), text };
}

function addressOf(base: URL, path: string): URL {
  if (/^https?:\/\//i.test(path)) return new URL(path);
  if (!path.startsWith('/')) throw new Bug(`An upstream path begins with a slash: ${path}`);
  return new URL(base.origin + base.pathname.replace(/\/$/, '') + path);
}

function refuseLeak(request: UpstreamRequest, secrets: readonly string[]): void {
  const headers = Object.values(request.headers ?? {}).join('\n');
  if (secrets.some((secret) => secret !== '' && headers.includes(secret))) {
    throw new Bug('A secret of one upstream was about to be sent to another origin');
  }
}

async function encoded(request: UpstreamRequest): Promise<Pick<Exchange, 'headers' | 'body'>> {
  const { body, headers = {} } = request;
  if (body === undefined) return { headers };
  if (body instanceof Uint8Array) return { headers, body };
  if (body instanceof FormData) {
    // Encoded whole, so that it has a length and can be sent in one go.
    const form = new Response(body);
    const type = form.headers.get('content-type') ?? '';
    return { headers: { ...headers, 'content-type': type }, body: new Uint8Array(await form.arrayBuffer()) };
  }
  return { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

function jsonOf(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function troubleOf(error: unknown): unknown {
  if (!(error instanceof NetFault)) return error;
  const kind = error.kind === 'forbidden' || error.kind === 'not_sent' ? 'not_sent' : 'doubtful';
  return new Trouble(kind, error.message);
}
