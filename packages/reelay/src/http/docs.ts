import type { FastifyInstance } from 'fastify';
import type { Gateway } from './gateway.ts';
import type { OpenApi } from './openapi.ts';
import { openApi, surfaceRoutes } from './openapi.ts';
import { OPERATOR_ROUTES, OPERATOR_TAG } from './operator/mount.ts';
import { documentRoute, OWN_ROUTES, OWN_TAGS } from './own-docs.ts';
import { referencePage } from './reference.ts';
import { STYLE } from './style.ts';

/** Nothing but our own style sheet may be loaded, and nothing may run. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** `/openapi.json`, the same under a surface's own address where it has one, and `/docs` made from it. */
export function mountDocs(app: FastifyInstance, gateway: Gateway, baseUrl: () => string): void {
  // Built when first asked for: the address is known only once the server listens.
  let built: { readonly json: string; readonly page: string } | null = null;
  const docs = () => {
    built ??= render(document(gateway, baseUrl()));
    return built;
  };
  for (const place of places(gateway)) {
    app.get(place, (_request, reply) => {
      reply.header('content-type', 'application/json; charset=utf-8').send(docs().json);
    });
  }
  app.get('/docs', (_request, reply) => {
    reply.header('content-security-policy', PAGE_POLICY);
    reply.header('content-type', 'text/html; charset=utf-8').send(docs().page);
  });
  app.get('/docs/style.css', (_request, reply) => {
    reply
      .header('content-type', 'text/css; charset=utf-8')
      .header('cache-control', 'max-age=300')
      .send(STYLE);
  });
}

/** The whole document of a gateway. */
export function document(gateway: Gateway, baseUrl: string): OpenApi {
  const { surfaces, context, settings } = gateway;
  const tags = surfaces.map(({ name, title, about }) => ({ name, title, description: about }));
  const routes = surfaces.flatMap((surface) => surfaceRoutes(surface, context));
  const about = { baseUrl, version: settings.version, models: context.models };
  return openApi(
    about,
    [...tags, OPERATOR_TAG, ...OWN_TAGS],
    [...routes, ...OPERATOR_ROUTES, ...OWN_ROUTES, ...places(gateway).map(documentRoute)],
  );
}

function places({ surfaces }: Gateway): readonly string[] {
  return ['/openapi.json', ...surfaces.flatMap(({ documentAt }) => (documentAt ? [documentAt] : []))];
}

function render(api: OpenApi) {
  return { json: JSON.stringify(api), page: referencePage(api) };
}
