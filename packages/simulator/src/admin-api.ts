import type { Admin, NamespaceAdmin } from './admin.ts';
import type { Fields, Reply } from './format.ts';
import type { NamespaceSettings } from './namespace.ts';
import { anyJson } from './request.ts';
import { decodedSegment } from './router.ts';
import { FAULTS, ScriptError } from './script.ts';

/** Answers `/_sim` and what lies below it; the admin object over HTTP. */
export async function serveAdmin(admin: Admin, method: string, path: string, raw: Buffer): Promise<Reply> {
  const [name, what, id, deed] = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodedSegment);
  if (name === undefined) return overview(admin);
  const namespace = admin.namespace(name);
  const given = anyJson(raw);
  const body: Fields = typeof given === 'object' && given !== null ? { ...given } : {};
  try {
    return (await act(namespace, `${method} ${what ?? ''}`, id, deed, body)) ?? notFound;
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    return { status: 400, body: { error: error.message } };
  }
}

const notFound: Reply = { status: 404, body: { error: 'the admin API has no such path; see README.md' } };

function overview(admin: Admin): Reply {
  const faults = Object.fromEntries(Object.entries(FAULTS).map(([name, fault]) => [name, fault.meaning]));
  return ok({ formats: admin.formats, namespaces: admin.namespaces(), faults });
}

async function act(
  namespace: NamespaceAdmin,
  deed: string,
  id: string | undefined,
  verb: string | undefined,
  body: Fields,
): Promise<Reply | null> {
  switch (deed) {
    case 'GET ledger':
      return ok(namespace.ledger());
    case 'GET journal':
      return ok({ entries: namespace.journal() });
    case 'GET jobs':
      return ok({ jobs: namespace.jobs() });
    case 'POST jobs':
      return id === undefined ? null : driveJob(namespace, id, verb, body);
    case 'GET settings':
      return ok(namespace.settings());
    case 'PATCH settings':
      return changeSettings(namespace, body);
    case 'GET secrets':
      return ok(namespace.secrets());
    case 'POST script':
      return addRules(namespace, body);
    case 'DELETE script':
      namespace.clearScript();
      return ok({});
    case 'GET clock':
      return ok({ now: namespace.now() });
    case 'POST clock':
      return await moveClock(namespace, body);
    case 'POST restart':
      return ok({ forgotten: namespace.restart(String(body.format)) });
    case 'DELETE ':
      namespace.dispose();
      return ok({});
    default:
      return null;
  }
}

function driveJob(
  namespace: NamespaceAdmin,
  id: string,
  verb: string | undefined,
  body: Fields,
): Reply | null {
  if (verb === 'finish')
    return ok({ done: namespace.finish(id, typeof body.code === 'string' ? body.code : null) });
  if (verb === 'cancel') return ok({ done: namespace.cancel(id) });
  return verb === 'callback' ? ok({ messages: namespace.callBack(id) }) : null;
}

function addRules(namespace: NamespaceAdmin, body: Fields): Reply {
  const prompt = typeof body.prompt === 'string' ? body.prompt : undefined;
  const given = typeof body.do === 'string' ? [body.do] : body.do;
  if (!Array.isArray(given) || !given.every((one): one is string => typeof one === 'string'))
    return { status: 400, body: { error: '"do" must be an instruction or a list of them' } };
  return ok({ rules: given.map((text) => namespace.script(text, prompt)) });
}

async function moveClock(namespace: NamespaceAdmin, body: Fields): Promise<Reply> {
  if (body.frozen === true) namespace.freeze();
  if (body.frozen === false) namespace.resume();
  if (typeof body.advanceMs === 'number' && body.advanceMs >= 0) await namespace.advance(body.advanceMs);
  return ok({ now: namespace.now() });
}

/** Takes known settings of the right type; anything else is refused, and nothing is changed. */
function changeSettings(namespace: NamespaceAdmin, body: Fields): Reply {
  const present: Fields = { ...namespace.settings() };
  for (const [key, value] of Object.entries(body)) {
    const isNullable = present[key] === null || NULLABLE.has(key);
    const fits = value === null ? isNullable : isNullable || typeof value === typeof present[key];
    if (!Object.hasOwn(present, key) || !fits)
      return { status: 400, body: { error: `no setting ${key} of that type` } };
  }
  const change: NamespaceSettings = body;
  return ok(namespace.settings(change));
}

const NULLABLE: ReadonlySet<string> = new Set([
  'concurrency',
  'creates',
  'balanceUsd',
  'credentials',
  'klingSecretKey',
]);

function ok(body: unknown): Reply {
  return { status: 200, body };
}
