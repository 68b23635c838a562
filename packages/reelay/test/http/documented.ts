import assert from 'node:assert/strict';
import type { OpenApi } from '../../src/http/openapi.ts';
import { mismatch } from '../surfaces/schema.ts';

/** Holds a real answer against the published document: its status is told there, and its body is as it says. */
export async function assertDocumented(
  api: OpenApi,
  method: string,
  url: string,
  answer: Response,
): Promise<void> {
  const [path = ''] = url.split('?');
  const found = Object.entries(api.paths).find(([pattern, operations]) => {
    const shape = new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]+')}$`);
    return shape.test(path) && operations[method.toLowerCase()];
  });
  const operation = found?.[1][method.toLowerCase()];
  // What is refused before a route is reached (an unknown path, a method, bytes) is told in words, not by route.
  if (!operation || answer.status === 500) return;
  const response = operation.responses[answer.status];
  assert.ok(response, `${method} ${found?.[0]} answers ${answer.status}, which is not documented`);
  const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
  if (!/json/.test(type)) return;
  const content = response.content[type];
  assert.ok(content, `${method} ${found?.[0]} ${answer.status} answers ${type}, which is not documented`);
  assert.equal(
    mismatch(content.schema, await answer.clone().json()),
    null,
    `${method} ${found?.[0]} ${answer.status}`,
  );
}
