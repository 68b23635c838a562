import { type ChildProcess, fork } from 'node:child_process';
import { type Film, type Inspector, MediaFault, type MediaProblem, type Picture } from '../core/ports/net.ts';

/** What the child is asked, one at a time. */
export type Question =
  | { readonly about: 'picture'; readonly path: string; readonly mimeTypes: readonly string[] }
  | { readonly about: 'film'; readonly path: string };

/** What the child says: `ready` once, then one finding for each question. */
export type Finding =
  | { readonly about: 'ready' }
  | { readonly about: 'picture'; readonly picture: Picture }
  | { readonly about: 'film'; readonly film: Film }
  | { readonly about: 'fault'; readonly problem: MediaProblem; readonly message: string };

export interface InspectorOptions {
  /** A look that takes longer is ended with its process. */
  readonly limitMs?: number;
  /** A child without work is let go after it. */
  readonly idleMs?: number;
}

export interface OpenInspector extends Inspector {
  /** The process id of the child that stands ready; null where none does. */
  pid(): number | null;
  close(): void;
}

/** Where the child's code lies: beside this file, in the same language. */
const CHILD = new URL(`./inspector-child${/\.[jt]s$/.exec(import.meta.url)?.[0]}`, import.meta.url);
const CHILD_HEAP_MB = 256;
/** Loading the decoders is no fault of the file's, however busy the machine is. */
const START_MS = 60_000;

/**
 * Looks into pictures and films in a child process, which is killed when it takes too long: no file of a stranger
 * can block or bloat the gateway, and none of its settings are in the child's environment. One child, one look at a time.
 */
export function openInspector(options: InspectorOptions = {}): OpenInspector {
  const { limitMs = 5000, idleMs = 30_000 } = options;
  let child: ChildProcess | null = null;
  let idle: NodeJS.Timeout | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const stop = () => {
    clearTimeout(idle);
    child?.kill('SIGKILL');
    child = null;
  };
  const ask = async (question: Question): Promise<Finding> => {
    clearTimeout(idle);
    try {
      if (!child?.connected) child = await start();
      return await nextFrom(child, limitMs, question);
    } catch (error) {
      stop();
      throw error;
    } finally {
      idle = setTimeout(stop, idleMs).unref();
    }
  };
  const inTurn = (question: Question): Promise<Finding> => {
    const answer = turn.then(() => ask(question));
    turn = answer.catch(() => {});
    return answer;
  };
  return {
    picture: async (path, mimeTypes) => {
      const finding = await inTurn({ about: 'picture', path, mimeTypes });
      if (finding.about !== 'picture') throw faultOf(finding);
      return finding.picture;
    },
    film: async (path) => {
      const finding = await inTurn({ about: 'film', path });
      if (finding.about !== 'film') throw faultOf(finding);
      return finding.film;
    },
    pid: () => child?.pid ?? null,
    close: stop,
  };
}

async function start(): Promise<ChildProcess> {
  const child = fork(CHILD, [], {
    env: {},
    execArgv: [`--max-old-space-size=${CHILD_HEAP_MB}`],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  // An idle child keeps nobody alive.
  child.unref();
  child.on('error', () => {});
  try {
    await nextFrom(child, START_MS);
    return child;
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error('The process that looks into media does not start', { cause: error });
  }
}

/** Asks, where there is a question, and waits for the child's next word. Throws `MediaFault` when none comes. */
async function nextFrom(child: ChildProcess, limitMs: number, question?: Question): Promise<Finding> {
  const { promise, resolve, reject } = Promise.withResolvers<Finding>();
  const broken = (message: string) => reject(new MediaFault('broken', message));
  const gone = () => broken('The file could not be looked into');
  const timer = setTimeout(() => broken('The file takes too long to look into'), limitMs);
  child.once('message', resolve);
  child.once('exit', gone);
  child.channel?.ref();
  try {
    if (question) child.send(question, (error) => error && gone());
    return await promise;
  } finally {
    clearTimeout(timer);
    child.off('message', resolve);
    child.off('exit', gone);
    child.channel?.unref();
  }
}

function faultOf(finding: Finding): MediaFault {
  if (finding.about === 'fault') return new MediaFault(finding.problem, finding.message);
  return new MediaFault('broken', 'The file could not be looked into');
}
