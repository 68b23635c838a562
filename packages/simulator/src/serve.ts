import type { IncomingMessage, ServerResponse } from 'node:http';
import { announceEarly } from './callbacks.ts';
import { pause } from './clock.ts';
import { disfigure } from './disfigure.ts';
import { accept, referenceOf } from './engine.ts';
import {
  type Call,
  errorNamed,
  type Format,
  type PlainRoute,
  Refusal,
  type Reply,
  refusalReply,
  type SubmitRoute,
} from './format.ts';
import { send, sendHurt } from './hurt.ts';
import type { Job } from './job.ts';
import { type JournalEntry, shortened } from './journal.ts';
import { anyJson } from './request.ts';
import { match } from './router.ts';
import { type Directive, FAULTS, faultsFor, ScriptError } from './script.ts';

/** Faults whose request is processed (and billed) unless the script says `accept=no`. */
const ACCEPTED: ReadonlySet<string> = new Set(['reset', 'timeout', 'html', 'empty', 'cut']);
/** Faults whose request is turned away unless the script says `accept=yes`. */
const TURNED_AWAY: ReadonlySet<string> = new Set(['http', 'redirect', 'throttle', 'error']);
const DISFIGURING: ReadonlySet<string> = new Set([
  'no-id',
  'duplicate-id',
  'foreign-id',
  'wrong-types',
  'unknown-status',
  'progress',
]);

/** What came of one request before anything is sent. */
interface Outcome {
  readonly reply: Reply;
  readonly faults: readonly Directive[];
  readonly job: Job | null;
}

/** Answers one request of a format's client. */
export async function serveFormat(
  format: Format,
  call: Call,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const found = match(format, call.method, call.path);
  const entry = call.namespace.journal.add({
    at: call.namespace.clock.now(),
    format: format.name,
    operation: found?.route.operation ?? 'unknown',
    method: call.method,
    path: call.path + (call.query.size > 0 ? `?${call.query}` : ''),
    status: null,
    faults: [],
    job: null,
    body: shortened(anyJson(call.raw)) ?? null,
    error: null,
  });
  const outcome = await settle(format, { ...call, params: found?.params ?? {} }, found?.route ?? null, entry);
  await deliver(call, outcome, entry, request, response);
}

/** Sends a reply, hurt by the faults that act on the wire. */
export async function deliver(
  call: Call,
  outcome: Outcome,
  entry: JournalEntry,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { reply, faults, job } = outcome;
  Object.assign(entry, { faults: faults.map((one) => one.name), job: job?.id ?? entry.job });
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  if (request.socket.destroyed) closed.abort();
  if (call.namespace.settings.latencyMs > 0) await pause(call.namespace.settings.latencyMs, closed.signal);
  const hurting = faults.find((one) => FAULTS[one.name].acts === 'answer' && !DISFIGURING.has(one.name));
  if (hurting && !isRefusing(hurting)) entry.status = await sendHurt(response, reply, hurting, closed.signal);
  else {
    send(response, reply);
    entry.status = reply.status;
  }
}

async function settle(
  format: Format,
  call: Call,
  route: SubmitRoute | PlainRoute | null,
  entry: JournalEntry,
): Promise<Outcome> {
  try {
    format.authenticate(call);
    if (!route) throw new Refusal('not_found', `${call.method} ${call.path} is not served`);
    if (route.operation === 'submit') return await submit(format, call, route);
    return await plain(format, call, route);
  } catch (error) {
    if (error instanceof Refusal) return { reply: refusalReply(format, error, call), faults: [], job: null };
    if (!(error instanceof ScriptError)) throw error;
    entry.error = error.message;
    return { reply: { status: 400, body: { error: error.message } }, faults: [], job: null };
  }
}

async function submit(format: Format, call: Call, route: SubmitRoute): Promise<Outcome> {
  const { namespace } = call;
  const order = await route.read(call);
  namespace.ledger.received(format.name, referenceOf(order), order.prompt);
  const header = headerOf(call);
  const faults = faultsFor(namespace.script, {
    format: format.name,
    operation: 'submit',
    prompts: [order.prompt],
    header,
  });
  const turnedAway = turnAway(format, call, faults);
  if (turnedAway) return { reply: turnedAway, faults, job: null };
  const plans = faults.filter((one) => FAULTS[one.name].acts === 'job');
  const job = order.repeats ?? accept(format, call, order, plans);
  await announceEarly(format, namespace, job);
  const reply = await route.accepted(job, call);
  const before = namespace.lastIds.get(format.name) ?? null;
  namespace.lastIds.set(format.name, job.id);
  return { reply: disfigured(reply, job, faults, before), faults, job };
}

async function plain(format: Format, call: Call, route: PlainRoute): Promise<Outcome> {
  const { namespace } = call;
  const ids = route.about?.(call) ?? (call.params.id === undefined ? [] : [call.params.id]);
  const jobs = ids.flatMap((id) => namespace.jobs.get(`${format.name} ${id}`) ?? []);
  const faults = faultsFor(namespace.script, {
    format: format.name,
    operation: route.operation,
    prompts: jobs.map((job) => job.order.prompt),
    header: headerOf(call),
  });
  const turnedAway = turnAway(format, call, faults);
  const job = jobs[0] ?? null;
  if (turnedAway) return { reply: turnedAway, faults, job };
  const reply = await route.handle(call);
  return { reply: job ? disfigured(reply, job, faults, null) : reply, faults, job };
}

function headerOf(call: Call): string | undefined {
  const header = call.headers['x-sim-script'];
  return typeof header === 'string' ? header : undefined;
}

/** The answer to a request that is not processed; null when it is. */
function turnAway(format: Format, call: Call, faults: readonly Directive[]): Reply | null {
  for (const fault of faults) {
    const isAccepted = fault.args.accept ? fault.args.accept !== 'no' : !TURNED_AWAY.has(fault.name);
    if (isRefusing(fault)) return refusalByScript(format, call, fault);
    if (!isAccepted && (ACCEPTED.has(fault.name) || TURNED_AWAY.has(fault.name)))
      return { status: 200, body: {} };
  }
  return null;
}

function isRefusing(fault: Directive): boolean {
  return fault.name === 'error' || fault.name === 'throttle';
}

function refusalByScript(format: Format, call: Call, fault: Directive): Reply {
  const name = fault.name === 'throttle' ? 'rate' : fault.args.code || fault.kind || 'internal';
  if (!errorNamed(format, name))
    throw new ScriptError(`simulator: ${format.name} has no error called ${name}`);
  const reply = refusalReply(format, new Refusal(name), call);
  const after = fault.args['retry-after'];
  return after === undefined ? reply : { ...reply, headers: { ...reply.headers, 'retry-after': after } };
}

function disfigured(reply: Reply, job: Job, faults: readonly Directive[], otherId: string | null): Reply {
  let { body } = reply;
  for (const fault of faults) body = disfigure(body, job, fault, otherId);
  return { ...reply, body };
}
