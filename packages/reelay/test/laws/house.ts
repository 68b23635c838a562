import { posix } from 'node:path';
import type { Source } from './source.ts';
import { codeOf, functionsOf, lineOf } from './source.ts';

/** The ceilings; the aims (200 and 50) are a matter of taste, these are not. */
const FILE_LINES_MAX = 300;
const FUNCTION_LINES_MAX = 70;

const SRC = 'packages/reelay/src/';

/**
 * Who may see whom in the gateway. Every room that is not named here is a leaf: it sees the core and itself, and only
 * the composition root sees it.
 */
const SEES: Readonly<Record<string, readonly string[]>> = {
  core: [],
  flow: ['core'],
  worker: ['core', 'flow'],
  http: ['core', 'flow'],
  cli: ['core', 'flow', 'http', 'worker', 'config'],
  config: ['core'],
};

/** Where everything is put together: the composition root, and the command that starts it. */
const ROOTS = ['main', 'bin'];

/** Files beside the rooms that hold nothing of the house's: anybody but the core and the flows may use them. */
const TOOLS = ['clock', 'ids', 'log', 'metrics', 'vault', 'secrets', 'stopping'];

interface Home {
  readonly what: string;
  readonly pattern: RegExp;
  readonly at: (path: string) => boolean;
}

const below = (room: string) => (path: string) => path.startsWith(`${SRC}${room}/`);
const only = (file: string) => (path: string) => path === SRC + file;

/** What may be done in one place only. Patterns are held against code without comments and strings. */
const HOMES: readonly Home[] = [
  {
    what: 'reads the clock',
    pattern: /\bnew Date\b|\bDate\.now\b|\bperformance\.now\b|\bhrtime\b/g,
    at: only('clock.ts'),
  },
  {
    what: 'goes out by fetch',
    pattern: /(?<![.\w#])fetch\s*\(|\bglobalThis\.fetch\b|\bnew (WebSocket|EventSource)\b/g,
    at: below('net'),
  },
  { what: 'reads the environment', pattern: /\bprocess\.env\b|\bprocess\[/g, at: only('config.ts') },
  // The store has it from the flows, and hands it on within.
  { what: 'commits', pattern: /\.commit\s*\(/g, at: (path) => below('flow')(path) || below('store')(path) },
];

/** Modules that open sockets, and who may import them; types of them harm nobody. */
const SOCKETS =
  /^(node:)?(net|tls|http|https|http2|dgram|dns|dns\/promises)$|^undici$|^(axios|got|ws|node-fetch)$/;
/** The core is pure: hashes and checksums are arithmetic. */
const CORE_MAY = ['node:crypto', 'node:zlib'];

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

/** Everything in these sources that breaks a rule of the house, one line each. */
export function violations(sources: readonly Source[]): readonly string[] {
  return sources.flatMap((source) => {
    const code = codeOf(source.text);
    const found = [...style(source, code), ...imports(source, code)];
    if (source.path.startsWith(SRC)) found.push(...homes(source, code));
    return found;
  });
}

function style({ path, text }: Source, code: string): string[] {
  const found: string[] = [];
  const say = (at: number, what: string) => found.push(`${path}:${lineOf(text, at)} ${what}`);
  const lines = text.split('\n').length - 1;
  if (lines > FILE_LINES_MAX) found.push(`${path} has ${lines} lines`);
  for (const one of functionsOf(code)) {
    if (one.lines > FUNCTION_LINES_MAX) found.push(`${path}:${one.line} a function of ${one.lines} lines`);
  }
  for (const match of code.matchAll(/[:<|&,(]\s*any\b(?!\s*[(:.])|\bas\s+any\b|\bany\[\]/g))
    say(match.index, 'any');
  for (const match of code.matchAll(/\bexport\s+default\b|\bas\s+default\b/g))
    say(match.index, 'a default export');
  for (const match of text.matchAll(/\b(TODO|FIXME)\b/g)) say(match.index, `a ${match[0]}`);
  for (const match of code.matchAll(/\bexport\s+(type\s+)?(\*|\{[^}]*\})\s*(as\s+\w+\s+)?from\b/g)) {
    if (!isEntry(path)) say(match.index, 'exports what is another file’s');
  }
  return found;
}

/** What a package other than the gateway shows to its users. */
function isEntry(path: string): boolean {
  return !path.startsWith(SRC) && /^packages\/([\w-]+)\/src\/(index|\1)\.ts$/.test(path);
}

function imports({ path, text }: Source, code: string): string[] {
  return importsOf(text, code).flatMap((one) => {
    const wrong = path.startsWith(SRC) ? wrongInGateway(path, one) : wrongElsewhere(path, one);
    return wrong ? [`${path}:${one.line} ${wrong}`] : [];
  });
}

/** Imports are found in the code, their names read from the text at the same place. */
function importsOf(text: string, code: string): readonly Import[] {
  const pattern = /\b(import|export)(\s+type)?\b(?:[^'"();]*?\bfrom)?\s*\(?\s*(['"])/g;
  return [...code.matchAll(pattern)].map((match) => {
    const begin = match.index + match[0].length;
    const from = text.slice(begin, text.indexOf(match[3] ?? "'", begin));
    return { from, typeOnly: match[2] !== undefined, line: lineOf(text, match.index) };
  });
}

function wrongInGateway(path: string, { from, typeOnly }: Import): string | null {
  const mine = roomOf(path);
  if (!from.startsWith('.')) {
    if (mine === 'core' && !CORE_MAY.includes(from)) return `the core imports ${from}`;
    if (SOCKETS.test(from) && !typeOnly && mine !== 'net')
      return `imports ${from}: sockets are opened in net/`;
    return null;
  }
  const target = posix.join(posix.dirname(path), from);
  if (!target.startsWith(SRC)) return `imports ${from}, outside the gateway`;
  const theirs = roomOf(target);
  return theirs === mine || ROOTS.includes(mine) || maySee(mine, theirs) ? null : `${mine} sees ${theirs}`;
}

function wrongElsewhere(path: string, { from }: Import): string | null {
  if (!from.startsWith('.')) return null;
  const home = path.split('/').slice(0, 3).join('/');
  return posix.join(posix.dirname(path), from).startsWith(`${home}/`)
    ? null
    : `imports ${from}, outside its package`;
}

/** The room a file is in: its folder below src, or its own name where it stands beside the rooms. */
function roomOf(path: string): string {
  return path.slice(SRC.length).replace(/\.ts$/, '').split('/')[0] ?? '';
}

function maySee(mine: string, theirs: string): boolean {
  if (theirs === 'core') return true;
  if (TOOLS.includes(theirs)) return mine !== 'core' && mine !== 'flow';
  return (SEES[mine] ?? []).includes(theirs);
}

function homes({ path, text }: Source, code: string): string[] {
  return HOMES.filter((home) => !home.at(path)).flatMap((home) =>
    [...code.matchAll(home.pattern)].map((match) => `${path}:${lineOf(text, match.index)} ${home.what}`),
  );
}
