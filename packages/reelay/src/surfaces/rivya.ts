import { isoTime } from '../clock.ts';
import type { Surface } from '../core/ports/surface.ts';
import { phase } from '../core/task.ts';
import { CODES } from './rivya.codes.ts';
import { FILE_ROUTES } from './rivya.files.ts';
import { GENERATION_ROUTES, generation } from './rivya.generations.ts';
import { event, WEBHOOK_ROUTES } from './rivya.webhooks.ts';

/** Rivya's Public API v1. Source: seed 003, contract Rivya, decisions 20–39. */
export const rivya: Surface = {
  name: 'rivya',
  title: 'Rivya dialect',
  about:
    'Public API v1 as the Kling 2.6 page of Rivya describes it: select values are strings, empty fields are null, times are ISO 8601, errors are {error: {code, message, requestId}}.',
  prefixes: ['/api/v1'],
  documentAt: '/api/v1/openapi.json',
  routes: [...GENERATION_ROUTES, ...FILE_ROUTES, ...WEBHOOK_ROUTES],
  refuse(refusal, requestId) {
    const { status, code } = CODES[refusal.refused];
    const { message, field } = refusal;
    const error = { code, message, requestId };
    if (code !== 'validation_failed' || !field) return { status, body: { error } };
    return { status, body: { error: { ...error, details: [{ field, message }] } } };
  },
  event(task, context) {
    const type = phase(task) === 'succeeded' ? 'generation.succeeded' : 'generation.failed';
    const at = isoTime(task.completedAt ?? task.updatedAt);
    const body = event(`evt_${task.id.slice('task_'.length)}`, type, at, generation(task, context));
    return { type, body };
  },
};
