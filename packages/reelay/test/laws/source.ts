/** A source file as the house rules see it. */
export interface Source {
  /** Below the repository's root, with slashes: `packages/reelay/src/core/task.ts`. */
  readonly path: string;
  readonly text: string;
}

/** A slash begins a regular expression where a value may begin. */
const BEFORE_REGEX =
  /(^|[(,=:[!&|?{};+\-*%<>~^]|\b(return|typeof|case|in|of|do|else|void|throw|await|yield))\s*$/;

/**
 * Blanks out comments, and what strings, templates and regular expressions say, so that rules can be read off the code
 * alone. What a template interpolates is code and stays. Lengths and line breaks stay.
 */
export function codeOf(text: string): string {
  let code = '';
  for (let at = 0; at < text.length; ) {
    const end = tokenEnd(text, at, code);
    const token = text.slice(at, end);
    if (token.startsWith('`')) code += template(token);
    else if (/^(\/\/|\/\*)/.test(token)) code += blank(token);
    else if (token.length === 1) code += token;
    else code += token[0] + blank(token.slice(1, -1)) + token.at(-1);
    at = end;
  }
  return code;
}

/** Where the comment, string, template or expression that begins here ends; the next character otherwise. */
function tokenEnd(text: string, at: number, codeBefore: string): number {
  const char = text[at] ?? '';
  if (text.startsWith('//', at)) return endOf(text, at, '\n');
  if (text.startsWith('/*', at)) return endOf(text, at + 2, '*/') + 2;
  if (char === "'" || char === '"' || char === '`') return closing(text, at + 1, char);
  if (char === '/' && BEFORE_REGEX.test(codeBefore.slice(-40))) return closingRegex(text, at + 1);
  return at + 1;
}

function template(token: string): string {
  let code = '`';
  for (let at = 1; at < token.length - 1; ) {
    const hole = token.startsWith('${', at);
    const end = hole ? closingBrace(token, at + 2) : at + (token[at] === '\\' ? 2 : 1);
    const piece = token.slice(at, end);
    code += hole ? `  ${codeOf(piece.slice(2, -1))} ` : blank(piece);
    at = end;
  }
  return `${code}\``;
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}

function endOf(text: string, from: number, mark: string): number {
  const found = text.indexOf(mark, from);
  return found === -1 ? text.length : found;
}

/** Past the closing quote; what a template interpolates may have quotes and braces of its own. */
function closing(text: string, from: number, quote: string): number {
  let at = from;
  while (at < text.length && text[at] !== quote) {
    if (text[at] === '\\') at += 2;
    else if (quote === '`' && text.startsWith('${', at)) at = closingBrace(text, at + 2);
    else at += 1;
  }
  return at + 1;
}

function closingBrace(text: string, from: number): number {
  let at = from;
  for (let depth = 1; at < text.length && depth > 0; ) {
    const char = text[at] ?? '';
    if (char === "'" || char === '"' || char === '`') at = closing(text, at + 1, char);
    else {
      if (char === '{') depth += 1;
      if (char === '}') depth -= 1;
      at += 1;
    }
  }
  return at;
}

function closingRegex(text: string, from: number): number {
  let at = from;
  let inClass = false;
  while (at < text.length && text[at] !== '\n' && (inClass || text[at] !== '/')) {
    if (text[at] === '[') inClass = true;
    if (text[at] === ']') inClass = false;
    at += text[at] === '\\' ? 2 : 1;
  }
  return at + 1;
}

/**
 * The functions with a body in braces: the line each begins on, and how many lines its body spans, without the
 * functions within it (a factory is as long as what it does itself).
 */
export function functionsOf(code: string): readonly { readonly line: number; readonly lines: number }[] {
  const open: { at: number; within: number }[] = [];
  const found: { line: number; lines: number }[] = [];
  for (let at = 0; at < code.length; at += 1) {
    if (code[at] === '{') open.push({ at, within: 0 });
    if (code[at] !== '}') continue;
    const begin = open.pop();
    if (!begin) continue;
    const line = lineOf(code, begin.at);
    const lines = lineOf(code, at) - line + 1;
    const isFunction = beginsFunction(code, begin.at);
    if (isFunction) found.push({ line, lines: lines - begin.within });
    const around = open.at(-1);
    // A function within counts from its second line: its first is shared with what is around it.
    if (around) around.within += isFunction ? lines - 1 : begin.within;
  }
  return found;
}

export function lineOf(text: string, at: number): number {
  let line = 1;
  for (let index = text.indexOf('\n'); index !== -1 && index < at; index = text.indexOf('\n', index + 1))
    line += 1;
  return line;
}

/** Whether a brace opens a function's body: after `=>`, or after a list of parameters and perhaps a type. */
function beginsFunction(code: string, brace: number): boolean {
  const before = code.slice(Math.max(0, brace - 2_000), brace);
  if (/=>\s*$/.test(before)) return true;
  const close = parametersEnd(before);
  if (close === null) return false;
  const opening = matching(before, close);
  return !/\b(if|for|while|switch|catch|with)\s*(await\s*)?$/.test(before.slice(0, opening));
}

/** Where the list of parameters ends that stands before a body; a return type may stand between. */
function parametersEnd(before: string): number | null {
  let at = before.length - 1;
  while (at >= 0) {
    const char = before[at] ?? '';
    if (char === ')') {
      const between = before.slice(at + 1).trim();
      if (between === '' || between.startsWith(':')) return at;
      at = matching(before, at);
    } else if (char === '}' || char === ']') at = matching(before, at);
    else if (/[;=({[]/.test(char)) return null;
    at -= 1;
  }
  return null;
}

/** The opening bracket that a closing one belongs to; −1 where there is none. */
function matching(text: string, close: number): number {
  let depth = 0;
  for (let at = close; at >= 0; at -= 1) {
    if (/[)}\]]/.test(text[at] ?? '')) depth += 1;
    if (/[({[]/.test(text[at] ?? '')) depth -= 1;
    if (depth === 0) return at;
  }
  return -1;
}
