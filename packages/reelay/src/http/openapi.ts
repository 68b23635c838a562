import type { Model } from '../core/model.ts';
import type { AnyRoute, RouteDocs, Surface, SurfaceContext } from '../core/ports/surface.ts';
import type { Json } from '../core/values.ts';

/** A route as it is documented: a surface's, or one of the gateway's own. */
export interface DocumentedRoute {
  readonly method: string;
  /** With `:name` for parameters. */
  readonly path: string;
  readonly security: 'key' | 'admin' | 'none';
  readonly scope: string | null;
  /** Takes an `Idempotency-Key`. */
  readonly repeatable: boolean;
  readonly docs: RouteDocs;
}

export interface Tag {
  readonly name: string;
  readonly title: string;
  readonly description: string;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description: string;
  readonly schema: Json;
}

type Example = { readonly value: Json };

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: {
    readonly required: true;
    readonly content: Readonly<
      Record<string, { readonly schema: Json; readonly examples: Readonly<Record<string, Example>> }>
    >;
  };
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly description: string;
        readonly content: Readonly<
          Record<string, { readonly schema: Json; readonly examples?: Readonly<Record<string, Example>> }>
        >;
      }
    >
  >;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly 'x-reelay-scope'?: string;
  /** What is the gateway's own and not the vendor's contract. */
  readonly 'x-reelay-ours'?: readonly string[];
}

/** OpenAPI 3.1, as far as the gateway writes it. */
export interface OpenApi {
  readonly openapi: '3.1.1';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly {
    readonly name: string;
    readonly description: string;
    readonly 'x-displayName': string;
  }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly securitySchemes: Json };
  readonly 'x-reelay-models': readonly Model[];
}

/** The document of everything that is served, from the schemas that validate. */
export function openApi(
  about: { readonly baseUrl: string; readonly version: string; readonly models: readonly Model[] },
  tags: readonly Tag[],
  routes: readonly DocumentedRoute[],
): OpenApi {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Reelay',
      version: about.version,
      description:
        'A self-hosted gateway for AI video generation. A task enters by a surface, leaves by a provider, and moves only by a committed change. What is marked as ours is an addition or a choice of this gateway where the vendor’s documents are silent.',
    },
    servers: [{ url: about.baseUrl }],
    tags: tags.map(({ name, title, description }) => ({ name, description, 'x-displayName': title })),
    paths,
    components: {
      securitySchemes: {
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key: rly_live_… or rly_test_… (test keys are served by the built-in studio)',
        },
        adminToken: { type: 'http', scheme: 'bearer', description: 'The operator’s admin token' },
      },
    },
    'x-reelay-models': about.models,
  };
}

/** A surface's routes, as they are documented. */
export function surfaceRoutes(surface: Surface, context: SurfaceContext): readonly DocumentedRoute[] {
  return surface.routes.map((route: AnyRoute) => ({
    method: route.method,
    path: route.path,
    security: route.scope === null ? 'none' : 'key',
    scope: route.scope,
    repeatable: route.action === 'create',
    docs: route.docs(context),
  }));
}

function operation(route: DocumentedRoute): Operation {
  const { docs, scope } = route;
  const ours = docs.ours ?? [];
  return {
    operationId: operationId(route),
    tags: [docs.tag],
    summary: docs.summary,
    description: [docs.description, ...ours.map((line) => `Ours: ${line}`)].join('\n\n'),
    parameters: parameters(route),
    ...(docs.body ? { requestBody: requestBody(docs.body) } : {}),
    responses: responses(docs),
    security: security(route),
    ...(scope === null ? {} : { 'x-reelay-scope': scope }),
    ...(ours.length === 0 ? {} : { 'x-reelay-ours': ours }),
  };
}

function operationId({ method, path }: DocumentedRoute): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return [method.toLowerCase(), ...words].join('_');
}

function parameters({ path, docs, repeatable }: DocumentedRoute): readonly Parameter[] {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path' as const,
    required: true,
    description: '',
    schema: docs.pathParams?.[name] ?? { type: 'string' },
  }));
  const inQuery = Object.entries(docs.query ?? {}).map(([name, one]) => ({
    name,
    in: 'query' as const,
    ...one,
  }));
  const key = {
    name: 'Idempotency-Key',
    in: 'header' as const,
    required: false,
    description: 'At most 255 visible ASCII characters. Makes it safe to send the request again.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  };
  return [...inPath, ...inQuery, ...(repeatable ? [key] : [])];
}

function requestBody(body: NonNullable<RouteDocs['body']>): NonNullable<Operation['requestBody']> {
  const examples = Object.entries(body.examples).map(([name, value]) => [name, { value }] as const);
  const type = body.mediaType ?? 'application/json';
  return {
    required: true,
    content: { [type]: { schema: body.schema, examples: Object.fromEntries(examples) } },
  };
}

function responses(docs: RouteDocs): Operation['responses'] {
  const told = Object.entries(docs.responses).map(([status, { description, schema, example, mediaType }]) => {
    const examples = example === undefined ? {} : { examples: { example: { value: example } } };
    const content = schema === null ? {} : { [mediaType ?? 'application/json']: { schema, ...examples } };
    return [status, { description, content }] as const;
  });
  return Object.fromEntries(told);
}

function security(route: DocumentedRoute): Operation['security'] {
  if (route.security === 'none') return [];
  return [route.security === 'admin' ? { adminToken: [] } : { apiKey: [] }];
}
