import type { Format, Route } from './format.ts';

interface Compiled {
  readonly route: Route;
  readonly pattern: RegExp;
}

const compiled = new WeakMap<Format, readonly Compiled[]>();

/** A route and the parameters of its path. */
export interface Match {
  readonly route: Route;
  readonly params: { readonly [name: string]: string };
}

/** The route of a request; null where the format has none. `:name` is one segment of a path, `*name` one or more. */
export function match(format: Format, method: string, path: string): Match | null {
  const routes = compiled.get(format) ?? format.routes.map(compile);
  compiled.set(format, routes);
  for (const { route, pattern } of routes) {
    const found = route.method === method ? pattern.exec(path) : null;
    if (found) return { route, params: decoded(found.groups ?? {}) };
  }
  return null;
}

function compile(route: Route): Compiled {
  const pattern = route.path
    .replace(/[.]/g, '\\.')
    .replace(/:([a-z]+)/gi, '(?<$1>[^/]+)')
    .replace(/\*([a-z]+)/gi, '(?<$1>.+?)');
  return { route, pattern: new RegExp(`^${pattern}/?$`) };
}

function decoded(groups: { readonly [name: string]: string }): { readonly [name: string]: string } {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodedSegment(value)]));
}

/** A segment of a path without its percent escapes; as it stands where they are malformed. */
export function decodedSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
