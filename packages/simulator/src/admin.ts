import { announceAgain } from './callbacks.ts';
import { cancel, finish, forgetJobs } from './engine.ts';
import type { Format } from './format.ts';
import type { Job } from './job.ts';
import type { JournalEntry } from './journal.ts';
import type { LedgerReport } from './ledger.ts';
import { createNamespace, type Namespace, type NamespaceSettings, type Settings } from './namespace.ts';
import { planOf } from './plan.ts';
import { numberOf, parseDirective, type Rule } from './script.ts';

/** What the secrets of a namespace's callbacks are; a receiver needs them to verify. */
export interface Secrets {
  readonly kling: string;
  readonly replicate: string;
  readonly kie: string;
  readonly falJwk: object;
}

/** A job as the admin API shows it. */
export type JobReport = Omit<Job, 'alarms' | 'order' | 'plan'> & {
  readonly prompt: string;
  readonly model: string;
  readonly durationSeconds: number;
  readonly sound: boolean;
};

/** One namespace, as a test drives it. */
export interface NamespaceAdmin {
  readonly name: string;
  ledger(): LedgerReport;
  /** The last requests and callbacks, oldest first. */
  journal(): readonly JournalEntry[];
  jobs(): readonly JobReport[];
  settings(change?: NamespaceSettings): Settings;
  secrets(): Secrets;
  /** Adds an instruction such as `reset body on=submit times=1`, for prompts that contain `prompt` if given. Throws a ScriptError. */
  script(text: string, prompt?: string): Rule;
  clearScript(): void;
  /** The namespace's time, milliseconds since 1970. */
  now(): number;
  /** Moves its time on; whatever falls due on the way, callbacks and their retries included, has happened when it resolves. */
  advance(ms: number): Promise<void>;
  freeze(): void;
  resume(): void;
  /** Waits for callbacks that are under way. */
  settled(): Promise<void>;
  /** Ends a job now: `code` is a reason of failure, null for success. False: there is no such open job. */
  finish(jobId: string, code: string | null): boolean;
  cancel(jobId: string): boolean;
  /** Sends the callback of a job's present state again; how many messages that makes. */
  callBack(jobId: string): number;
  /** An engine of that format restarts: what it kept is lost. Returns how many jobs that were. */
  restart(format: string): number;
  dispose(): void;
}

/** The simulator, as a test drives it. */
export interface Admin {
  readonly formats: readonly string[];
  namespaces(): readonly string[];
  /** The namespace of that name; made when it is new. */
  namespace(name: string, settings?: NamespaceSettings): NamespaceAdmin;
}

/** All namespaces of a simulator. */
export interface Namespaces {
  get(name: string): Namespace;
  drop(name: string): void;
  names(): readonly string[];
}

/** Namespaces come into being when they are first used. */
export function createNamespaces(settings: NamespaceSettings): Namespaces {
  const all = new Map<string, Namespace>();
  return {
    get(name) {
      const found = all.get(name) ?? createNamespace(name, settings);
      all.set(name, found);
      return found;
    },
    drop(name) {
      all.get(name)?.clock.stop();
      all.delete(name);
    },
    names: () => [...all.keys()],
  };
}

/** The admin object over those namespaces. */
export function createAdmin(namespaces: Namespaces, formats: ReadonlyMap<string, Format>): Admin {
  return {
    formats: [...formats.keys()],
    namespaces: () => namespaces.names(),
    namespace(name, settings) {
      const admin = administer(name, namespaces, formats);
      if (settings) admin.settings(settings);
      return admin;
    },
  };
}

function administer(
  name: string,
  namespaces: Namespaces,
  formats: ReadonlyMap<string, Format>,
): NamespaceAdmin {
  const here = () => namespaces.get(name);
  const withJob = <Result>(
    id: string,
    otherwise: Result,
    act: (format: Format, job: Job) => Result,
  ): Result => {
    const job = [...here().jobs.values()].find((one) => one.id === id);
    const format = job && formats.get(job.format);
    return job && format ? act(format, job) : otherwise;
  };
  here();
  return {
    name,
    ledger: () => here().ledger.report(),
    journal: () => here().journal.entries(),
    jobs: () => [...here().jobs.values()].map(report),
    settings: (change) => Object.assign(here().settings, change),
    secrets: () => secretsOf(here()),
    script: (text, prompt) => addRule(here(), text, prompt ?? null),
    clearScript() {
      here().script.rules.length = 0;
      here().script.strikes.clear();
    },
    now: () => here().clock.now(),
    advance: (ms) => here().clock.advance(ms),
    freeze: () => here().clock.freeze(),
    resume: () => here().clock.resume(),
    settled: () => here().clock.settled(),
    finish: (id, code) =>
      withJob(id, false, (format, job) => {
        if (job.endedAt !== null) return false;
        finish(format, here(), job, code);
        return true;
      }),
    cancel: (id) => withJob(id, false, (format, job) => cancel(format, here(), job)),
    callBack: (id) => withJob(id, 0, (format, job) => announceAgain(format, here(), job)),
    restart: (format) => forgetJobs(here(), format),
    dispose: () => namespaces.drop(name),
  };
}

/** Reads an instruction completely before it is kept, so that a mistake shows at once. */
function addRule(namespace: Namespace, text: string, prompt: string | null): Rule {
  const directive = parseDirective(text);
  planOf([directive], namespace.settings);
  for (const key of ['times', 'skip']) numberOf(directive, key, 0);
  const rule = { id: (namespace.script.rules.at(-1)?.id ?? 0) + 1, directive, prompt };
  namespace.script.rules.push(rule);
  return rule;
}

function secretsOf(namespace: Namespace): Secrets {
  const { signer } = namespace;
  const standard = signer.standardSecret();
  return { kling: standard, replicate: standard, kie: signer.kieKey(), falJwk: signer.falJwk() };
}

function report(job: Job): JobReport {
  const { alarms: _, order, plan: __, ...rest } = job;
  const { prompt, model, durationSeconds, sound } = order;
  return { ...rest, prompt, model, durationSeconds, sound };
}
