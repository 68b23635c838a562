import type { FastifyInstance } from 'fastify';
import { refuse } from '../core/refusal.ts';
import type { Gateway } from './gateway.ts';
import { strings } from './mount.ts';
import type { Answers } from './reply.ts';

/** Callbacks are small; films and pictures are behind links. */
const BODY_BYTES_MAX = 1024 * 1024;

/**
 * `POST /callbacks/{route}/{task}?t=…`: where upstreams call back. The body is kept as it came, for it may be signed.
 * Whatever is wrong with one is answered with 404: strangers learn nothing.
 */
export function mountInbound(app: FastifyInstance, { inbound, clock }: Gateway, answers: Answers): void {
  if (!inbound) return;
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    const options = { parseAs: 'string', bodyLimit: BODY_BYTES_MAX } as const;
    scope.addContentTypeParser('*', options, (_request, body, done) => done(null, body));
    scope.post('/callbacks/:route/:task', async (request, reply) => {
      const { route = '', task = '' } = strings(request.params);
      const { t: token = '' } = strings(request.query);
      const { body } = request;
      const taken = await inbound({
        route,
        task,
        token,
        request: {
          headers: strings(request.headers),
          body: typeof body === 'string' ? body : '',
          receivedAt: clock.now(),
        },
      });
      if (!taken) return answers.refuse(request, reply, refuse('not_found', 'No such callback'));
      return reply.code(204).send();
    });
  });
}
