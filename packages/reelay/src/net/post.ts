import type { PostReply } from '../core/ports/net.ts';
import type { Clock } from '../core/ports/world.ts';
import type { Answer, Dispatch } from './dispatcher.ts';
import { NetFault, timeLimit } from './fault.ts';
import { judgeUrl, type Policy } from './guard.ts';
import { retryAfterMs } from './retry-after.ts';

const EXCERPT_BYTES = 1024;
/** The status is the answer; its body is a courtesy that is not waited for. */
const EXCERPT_MS = 1000;

/** Posts a message once. Whatever happens is in the reply: a bad address, no answer, a status of any kind. */
export async function post(
  dispatch: Dispatch,
  policy: Policy,
  clock: Clock,
  message: {
    readonly url: string;
    readonly body: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
  },
): Promise<PostReply> {
  const startedAt = clock.now();
  const elapsedMs = () => Math.max(0, clock.now() - startedAt);
  const limit = timeLimit(message.timeoutMs);
  try {
    const verdict = judgeUrl(message.url, policy);
    if (!verdict.ok) throw new NetFault('forbidden', verdict.because);
    const answer = await dispatch.send({
      url: verdict.url,
      trusted: verdict.trusted,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...message.headers },
      body: message.body,
      limit: limit.signal,
      silenceMs: EXCERPT_MS,
      fresh: true,
    });
    return {
      status: answer.status,
      durationMs: elapsedMs(),
      excerpt: await excerptOf(answer),
      retryAfterMs: retryAfterMs(answer.headers['retry-after'], clock.now()),
      error: null,
    };
  } catch (error) {
    if (!(error instanceof NetFault)) throw error;
    const durationMs = elapsedMs();
    return { status: null, durationMs, excerpt: '', retryAfterMs: null, error: error.message };
  } finally {
    limit.clear();
  }
}

/** The first of a body as text that a database takes: no control characters, no half characters. Never throws. */
async function excerptOf(answer: Answer): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const timer = setTimeout(() => answer.drop(), EXCERPT_MS);
  try {
    for await (const chunk of answer.read(Number.MAX_SAFE_INTEGER)) {
      chunks.push(chunk.subarray(0, EXCERPT_BYTES - bytes));
      bytes += chunk.byteLength;
      if (bytes >= EXCERPT_BYTES) break;
    }
  } catch (error) {
    // Compressed, broken off or too slow: what came is the excerpt.
    if (!(error instanceof NetFault)) throw error;
  } finally {
    clearTimeout(timer);
  }
  const text = new TextDecoder().decode(Buffer.concat(chunks), { stream: true });
  return text.replace(/[\p{Cc}\p{Co}\p{Cn}]+/gu, ' ').trim();
}
