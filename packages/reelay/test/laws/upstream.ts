import type { UpstreamFailureKind } from '../../src/core/failure.ts';
import { failure, Trouble } from '../../src/core/failure.ts';
import type { Job, Provider, Route, Sighting, Upstream } from '../../src/core/ports/provider.ts';
import type { Output, Tier } from '../../src/core/task.ts';
import type { Instant, Json, TaskId } from '../../src/core/values.ts';
import { anAbility } from '../world.ts';
import type { Life, Stage } from './stage.ts';
import { PlantedBug } from './stage.ts';

/** How often an upstream misbehaves, from 0 to 1. */
export interface Storm {
  readonly rate: number;
  /** Whether it lists what it has: a job that exists is found, at the latest `LAG_MS` after it was taken. */
  readonly honest: boolean;
}

/** A job that an upstream took, and billed. */
interface Taken {
  readonly handle: string;
  readonly task: TaskId;
  readonly attempt: number;
  readonly reference: string;
  readonly takenAt: Instant;
  readonly ends: Sighting;
  readonly endsAt: Instant;
  stopped: boolean;
}

export interface Setup {
  readonly name: string;
  readonly tier: Tier;
  readonly dedupe: Provider['dedupe'];
}

const LAG_MS = 30_000;
const CALL_MS = 60_000;
const FOREVER_MS = 10 ** 9;
const REFUSALS: readonly UpstreamFailureKind[] = [
  'content_violation',
  'invalid_input',
  'rate_limited',
  'concurrency_limited',
  'auth',
  'insufficient_upstream_credits',
  'internal',
];

/** An upstream that takes jobs, bills them, and gets up to everything that upstreams get up to. */
export class FakeUpstream {
  readonly setup: Setup;
  /** Everything it billed. */
  readonly taken: Taken[] = [];
  /** Submits that came before their intent was committed (I-9), or past their time. */
  readonly wrong: string[] = [];
  readonly #stage: Stage;
  readonly #storm: Storm;
  /** Whether the intent of a submit that has just arrived is on record. */
  readonly #intended: (job: Job) => Promise<boolean>;

  constructor(stage: Stage, setup: Setup, storm: Storm, intended: (job: Job) => Promise<boolean>) {
    this.#stage = stage;
    this.setup = setup;
    this.#storm = storm;
    this.#intended = intended;
  }

  /** The route to it as a process has it. */
  route(life: Life, now: () => Instant): Route {
    const { name, tier, dedupe } = this.setup;
    const abilities = [anAbility({ costMicros: tier === 'own' ? null : () => 350_000 })];
    const upstream: Upstream = {
      credential: {},
      callbackUrl: () => null,
      call: () => Promise.reject(new PlantedBug('not used')),
      callOnce: () => Promise.reject(new PlantedBug('not used')),
      now,
    };
    const stage = this.#stage;
    const adapter: Provider = {
      name,
      tier,
      credential: [],
      abilities,
      dedupe,
      looks: { firstMs: () => 20_000, thenMs: 10_000 },
      prepare: (job) => stage.port(life, 'prepare', () => this.#prepare(job)),
      submit: (job) => stage.port(life, 'submit', () => this.#submit(job, now)),
      watch: (handles) => stage.port(life, 'watch', () => this.#watch(handles)),
      cancel: (handle) => stage.port(life, 'stop', () => this.#cancel(handle)),
      ...(dedupe === 'lookup'
        ? { find: (one) => stage.port(life, 'find', () => this.#find(one.reference)) }
        : {}),
    };
    const provider = name === 'studio' ? 'studio' : 'fal';
    const health = this.#trouble(0.1) ? stage.dice.pick(['ill', 'full'] as const) : 'well';
    return { name, provider, tier, abilities, weight: 1, health, adapter, upstream };
  }

  #trouble(share = 1): boolean {
    return this.#stage.dice.chance(this.#storm.rate * share);
  }

  async #prepare(job: Job): Promise<Json> {
    if (this.#trouble(0.2)) throw new Trouble(this.#stage.dice.pick(['doubtful', 'not_sent']), 'upload');
    return job.media.length;
  }

  async #submit(job: Job, now: () => Instant): Promise<Json> {
    const { dice, outside } = this.#stage;
    if (now() > job.attempt.sendBy) throw new Trouble('not_sent', 'too late');
    if (this.#trouble(0.3))
      throw new Trouble('not_sent', 'connection refused', dice.pick([null, 1_000, FOREVER_MS]));
    // On the wire nobody can call it back, dead or alive.
    const flightMs = this.#trouble(0.3) ? dice.between(0, CALL_MS) : dice.between(0, 200);
    await this.#stage.turn(outside, flightMs);
    if (!(await this.#intended(job)))
      this.wrong.push(`${job.task}: submitted before the intent was committed`);
    if (this.#trouble(0.3)) {
      const kind = dice.pick(REFUSALS);
      throw new Trouble(kind, 'refused', kind === 'rate_limited' ? dice.pick([null, 0, FOREVER_MS]) : null);
    }
    const lost = this.#trouble(0.4) ? dice.pick(['before', 'after', 'stumble', null]) : null;
    if (lost !== 'before') this.#take(job);
    const handle = this.taken.at(-1)?.handle ?? '';
    if (lost === null) return { id: handle };
    if (lost === 'stumble') throw new PlantedBug('an answer that the adapter stumbles over');
    await this.#stage.turn(outside, CALL_MS - flightMs);
    throw new Trouble('doubtful', 'no answer');
  }

  #take(job: Job): void {
    const { dice, now } = this.#stage;
    const late = this.#trouble(0.3)
      ? dice.pick([600_000, 1_200_000, FOREVER_MS])
      : dice.between(10_000, 90_000);
    this.taken.push({
      handle: `${this.setup.name}-${this.taken.length}`,
      task: job.task,
      attempt: job.attempt.number,
      reference: job.attempt.reference,
      takenAt: now,
      ends: this.#ending(job),
      endsAt: now + late,
      stopped: false,
    });
  }

  #ending(job: Job): Sighting {
    const { dice } = this.#stage;
    if (this.#trouble(0.4)) {
      const kind = dice.pick([...REFUSALS, 'timeout', 'canceled'] as const);
      const literal = dice.chance(0.1) ? { failure: failure('nsfw_detected') } : {};
      return {
        is: 'failed',
        failure: { kind, message: '', charged: dice.pick([true, false, null]), ...literal },
      };
    }
    if (this.#trouble(0.1)) return { is: 'gone' };
    const { durationSeconds, sound, aspectRatio } = job.order;
    const [width, height] = (aspectRatio ?? '1:1').split(':');
    const right = [durationSeconds * 1000, width, height, sound ? 'sound' : 'mute'].join(',');
    const film = this.#trouble(0.3) ? dice.pick(['9,16,9,mute', 'garbage', right]) : right;
    const kind = this.#trouble(0.05) ? 'poster' : 'video';
    const at: Output['at'] =
      this.setup.dedupe === 'free'
        ? { path: `/studio/${film}` }
        : { url: `https://upstream.example/${film}` };
    return { is: 'rendered', outputs: [{ kind, at }], usage: { costMicros: dice.pick([null, 420_000]) } };
  }

  async #watch(handles: readonly Json[]): Promise<readonly Sighting[]> {
    if (this.#trouble(0.3)) throw new Trouble('doubtful', 'no answer');
    if (this.#trouble(0.05)) throw new PlantedBug('an answer that the adapter stumbles over');
    const sightings = handles.map((handle) => this.#sighting(handle));
    return this.#trouble(0.1) ? sightings.slice(0, -1) : sightings;
  }

  #sighting(handle: Json): Sighting {
    const { dice, now } = this.#stage;
    const job = this.#job(handle);
    if (!job || this.#trouble(0.02)) return { is: 'gone' };
    if (job.stopped) {
      return { is: 'failed', failure: { kind: 'canceled', message: '', charged: null } };
    }
    if (now >= job.endsAt) return job.ends;
    const share = (100 * (now - job.takenAt)) / (job.endsAt - job.takenAt);
    return { is: 'running', progress: this.#trouble() ? dice.pick([null, -5, 150, Number.NaN, 3]) : share };
  }

  async #cancel(handle: Json): Promise<'stopped' | 'too_late'> {
    if (this.#trouble(0.3)) throw new Trouble('doubtful', 'no answer');
    if (this.#trouble(0.1)) throw new PlantedBug('an answer that the adapter stumbles over');
    const job = this.#job(handle);
    if (!job || this.#stage.now >= job.endsAt || this.setup.dedupe === 'none') return 'too_late';
    job.stopped = true;
    return 'stopped';
  }

  async #find(reference: string): Promise<Json | null> {
    if (this.#trouble(0.4)) throw new Trouble('doubtful', 'no answer');
    if (!this.#storm.honest && this.#trouble(0.5)) return null;
    const listed = this.taken.filter(
      (job) => job.reference === reference && job.takenAt + LAG_MS <= this.#stage.now,
    );
    const job = listed.at(-1);
    return job ? { id: job.handle } : null;
  }

  #job(handle: Json): Taken | undefined {
    if (handle === null || typeof handle !== 'object' || !('id' in handle)) return undefined;
    return this.taken.find((job) => job.handle === handle.id);
  }
}
