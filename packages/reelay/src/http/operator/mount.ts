import type { FastifyInstance } from 'fastify';
import { isRefusal, refuse } from '../../core/refusal.ts';
import type { Gateway } from '../gateway.ts';
import { isAdmin } from '../keys.ts';
import { strings } from '../mount.ts';
import type { DocumentedRoute, Tag } from '../openapi.ts';
import type { Answers } from '../reply.ts';
import { ACCOUNT_ROUTES } from './accounts.ts';
import { HOUSE_ROUTES } from './house.ts';
import { KEY_ROUTES } from './keys.ts';
import { PROVIDER_ROUTES } from './providers.ts';
import type { OperatorRoute } from './route.ts';
import { TASK_ROUTES } from './tasks.ts';

const PREFIX = '/operator/v1';
const ROUTES: readonly OperatorRoute[] = [
  ...ACCOUNT_ROUTES,
  ...KEY_ROUTES,
  ...TASK_ROUTES,
  ...HOUSE_ROUTES,
  ...PROVIDER_ROUTES,
];

/** The operator API: the admin token opens it, and nothing else does. Errors are problems (RFC 9457). */
export function mountOperator(app: FastifyInstance, gateway: Gateway, answers: Answers): void {
  for (const route of ROUTES) {
    app.route({
      method: route.method,
      url: PREFIX + route.path,
      onRequest: async (request, reply) => {
        const { authorization } = request.headers;
        if (isAdmin(authorization, gateway.settings.adminTokenHash)) return;
        const code = authorization === undefined ? 'key_missing' : 'key_invalid';
        const message = 'Send the admin token as Authorization: Bearer YOUR_ADMIN_TOKEN';
        return answers.refuse(request, reply, refuse(code, message));
      },
      handler: async (request, reply) => {
        const { params, query, body } = request;
        const asked = { params: strings(params), query: Object(query), body };
        const done = await route.handle(asked, gateway);
        return isRefusal(done) ? answers.refuse(request, reply, done) : answers.send(reply, done);
      },
    });
  }
}

export const OPERATOR_TAG: Tag = {
  name: 'operator',
  title: 'Operator API',
  description:
    'For whoever runs the gateway. It takes the admin token only: a customer’s key never opens it. Times are ISO 8601.',
};

export const OPERATOR_ROUTES: readonly DocumentedRoute[] = ROUTES.map(({ method, path, docs }) => ({
  method,
  path: PREFIX + path,
  security: 'admin',
  scope: null,
  repeatable: false,
  docs,
}));
