import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Film,
  type Inspector,
  MediaFault,
  type MediaProblem,
  type Picture,
  type Sound,
} from '../core/ports/net.ts';

/** What the child is asked, one at a time. */
export type Question =
  | { readonly about: 'picture'; readonly path: string; readonly mimeTypes: readonly string[] }
  | { readonly about: 'film'; readonly path: string }
  | { readonly about: 'sound'; readonly path: string }
  | { readonly about: 'jpeg'; readonly path: string; readonly into: string };

/** What the child says: `ready` once, then one finding for each question. */
export type Finding =
  | { readonly about: 'ready' }
  | { readonly about: 'picture'; readonly picture: Picture }
  | { readonly about: 'film'; readonly film: Film }
  | { readonly about: 'sound'; readonly sound: Sound }
  | { readonly about: 'jpeg'; readonly bytes: number }
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
 * Looks into pictures, films and sounds in a child process, which is killed when it takes too long: no file of a stranger
 * can block or bloat the gateway, and none of its settings are in the child's environment. One child, one look at a time.
 */
export function openInspector(options: InspectorOptions = {}): OpenInspector {
  const { limitMs = 5000, idleMs = 30_000 } = options;
  let child: ChildProcess | null = null;
  let closed = false;
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
      if (!closed && !child?.connected) child = await start();
      if (closed || !child) throw new Error('The inspector is closed');
      return await nextFrom(child, limitMs, question);
    } catch (error) {
      stop();
      throw error;
    } finally {
      idle = setTimeout(stop, idleMs).unref();
    }
  };
  const askAgain = async (question: Question): Promise<Finding> => {
    try {
      return await ask(question);
    } catch (error) {
      if (!(error instanceof ChildGone)) throw error;
    }
    // Somebody may have killed it; a file that kills a second one is at fault itself.
    return ask(question).catch((error: unknown) => {
      throw error instanceof ChildGone ? new MediaFault('broken', 'The file cannot be looked into') : error;
    });
  };
  const inTurn = (question: Question): Promise<Finding> => {
    const answer = turn.then(() => askAgain(question));
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
    sound: async (path) => {
      const finding = await inTurn({ about: 'sound', path });
      if (finding.about !== 'sound') throw faultOf(finding);
      return finding.sound;
    },
    async jpeg(path) {
      const folder = await mkdtemp(join(tmpdir(), 'reelay-picture-'));
      const dispose = () => rm(folder, { recursive: true, force: true });
      const into = join(folder, 'picture.jpg');
      try {
        const finding = await inTurn({ about: 'jpeg', path, into });
        if (finding.about !== 'jpeg') throw faultOf(finding);
        return { path: into, bytes: finding.bytes, dispose };
      } catch (error) {
        await dispose();
        throw error;
      }
    },
    pid: () => child?.pid ?? null,
    close: () => {
      closed = true;
      stop();
    },
  };
}

/** The child went without an answer. */
class ChildGone extends Error {
  override readonly name = 'ChildGone';
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

/**
 * Asks, where there is a question, and waits for the child's next word. Throws `ChildGone`, or a `MediaFault` when no
 * word comes in time.
 */
async function nextFrom(child: ChildProcess, limitMs: number, question?: Question): Promise<Finding> {
  const { promise, resolve, reject } = Promise.withResolvers<Finding>();
  const gone = () => reject(new ChildGone());
  const tooLong = () => reject(new MediaFault('broken', 'The file takes too long to look into'));
  const timer = setTimeout(tooLong, limitMs);
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
  return new MediaFault('broken', 'The file cannot be looked into');
}
