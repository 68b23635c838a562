import { MediaFault, type MediaProblem } from '../core/ports/net.ts';
import type { Answer, Dispatch } from './dispatcher.ts';
import { NetFault, type NetFaultKind, timeLimit } from './fault.ts';
import { judgeUrl, type Policy } from './guard.ts';

const REDIRECTS_MAX = 5;
const REDIRECTS = [301, 302, 303, 307, 308];
/** A sender that is silent for longer has stopped. */
const SILENCE_MS = 15_000;

const PROBLEMS: Readonly<Record<NetFaultKind, MediaProblem>> = {
  forbidden: 'forbidden',
  not_sent: 'unreachable',
  bad_status: 'unreachable',
  bad_redirect: 'unreachable',
  timeout: 'broken_off',
  no_answer: 'broken_off',
  encoded: 'unsupported',
  too_large: 'too_large',
};

/** What an upstream wants to see before it hands out what lies below its own address. */
export interface ResultAccess {
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Downloads with a GET of its own connection each hop; every hop is judged like the first. Nothing of ours goes
 * along but the headers of `access`, and those only until a redirect leaves its address. `totalMs` bounds all hops
 * and the body. Throws `MediaFault`, also while the body is read.
 */
export async function download(
  dispatch: Dispatch,
  policy: Policy,
  url: string,
  limits: { readonly maxBytes: number; readonly totalMs: number },
  access: ResultAccess | null,
): Promise<AsyncIterable<Uint8Array>> {
  const limit = timeLimit(limits.totalMs);
  try {
    const answer = await follow(dispatch, policy, url, limit.signal, access);
    return translated(answer.read(limits.maxBytes), limit.clear);
  } catch (error) {
    limit.clear();
    throw mediaFault(error);
  }
}

async function follow(
  dispatch: Dispatch,
  policy: Policy,
  first: string,
  limit: AbortSignal,
  access: ResultAccess | null,
): Promise<Answer> {
  let next = first;
  let entitled = access;
  for (let hop = 0; hop <= REDIRECTS_MAX; hop++) {
    const verdict = judgeUrl(next, policy);
    if (!verdict.ok) throw new NetFault('forbidden', verdict.because);
    const { url, trusted } = verdict;
    if (entitled && !isBelow(url, new URL(entitled.baseUrl))) entitled = null;
    const answer = await dispatch.send({
      url,
      trusted,
      method: 'GET',
      headers: { ...entitled?.headers, accept: '*/*' },
      limit,
      silenceMs: SILENCE_MS,
      fresh: true,
    });
    if (answer.status === 200) return answer;
    answer.drop();
    if (!REDIRECTS.includes(answer.status)) throw new NetFault('bad_status', String(answer.status));
    const { location } = answer.headers;
    const target = location === undefined ? null : URL.parse(location, url.href);
    if (!target) throw new NetFault('bad_redirect', 'location');
    next = target.href;
  }
  throw new NetFault('bad_redirect', 'too many');
}

function isBelow(url: URL, base: URL): boolean {
  return url.origin === base.origin && `${url.pathname}/`.startsWith(`${base.pathname.replace(/\/$/, '')}/`);
}

async function* translated(body: AsyncIterable<Uint8Array>, done: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw mediaFault(error);
  } finally {
    done();
  }
}

function mediaFault(error: unknown): unknown {
  return error instanceof NetFault ? new MediaFault(PROBLEMS[error.kind], error.message) : error;
}
