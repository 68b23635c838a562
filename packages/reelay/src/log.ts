import pino from 'pino';

/**
 * What a log line may carry: an allow-list, because what is not named here cannot leak. Prompts, addresses with
 * query strings, headers and keys are never on it.
 */
const FIELDS = [
  'account',
  'address',
  'attempt',
  'bytes',
  'code',
  'count',
  'durationMs',
  'endpoint',
  'event',
  'key',
  'law',
  'loop',
  'method',
  'path',
  'pid',
  'port',
  'provider',
  'reason',
  'requestId',
  'route',
  'signal',
  'state',
  'status',
  'surface',
  'task',
  'version',
] as const;

export type LogFields = Readonly<
  Partial<Record<(typeof FIELDS)[number], string | number | boolean | null>>
> & {
  /** Of an error only its name, code and stack are written; messages of databases and upstreams can carry values. */
  readonly error?: unknown;
};

/** One wide JSON line per event. */
export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A log that writes to standard error, so that what commands print stays clean. */
export function createLog(level: LogLevel, destination: 2 | string = 2): Log {
  const logger = pino(
    {
      level,
      base: { pid: process.pid },
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    pino.destination({ dest: destination, sync: true }),
  );
  return {
    info: (event, fields) => {
      // Every request writes one: what is not logged is not even gathered.
      if (logger.isLevelEnabled('info')) logger.info(allowed(fields), event);
    },
    warn: (event, fields) => logger.warn(allowed(fields), event),
    error: (event, fields) => logger.error(allowed(fields), event),
  };
}

function allowed(fields: LogFields = {}): Record<string, unknown> {
  const line: Record<string, unknown> = {};
  for (const name of FIELDS) if (fields[name] !== undefined) line[name] = fields[name];
  if (fields.error !== undefined) line.error = described(fields.error);
  return line;
}

function described(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const cause = error.cause === undefined ? {} : { cause: described(error.cause) };
  // The stack without its first lines: those repeat the message.
  const stack = error.stack?.slice(error.stack.indexOf('\n    at ')).trim();
  return { name: error.name, ...code, stack, ...cause };
}
