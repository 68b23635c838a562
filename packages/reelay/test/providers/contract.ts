import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, mock, test } from 'node:test';
import { Trouble, type TroubleKind } from '../../src/core/failure.ts';
import type { Order } from '../../src/core/order.ts';
import type { Job, Provider, Upstream } from '../../src/core/ports/provider.ts';
import type { Attempt } from '../../src/core/task.ts';
import type { Json } from '../../src/core/values.ts';
import { openNet } from '../../src/net/open.ts';
import { FAULTS } from './faults.ts';
import { type Answer, openPeer, type Peer, type Seen } from './peer.ts';

export const NOW = 1_790_000_000_000;
const LEASE_MS = 85_000;
/** When a job is looked at: past the first moments, in which an upstream may not know its own job yet. */
const LOOKED_AT = NOW + 120_000;
/** Past every limit of the transport. */
const PATIENCE_MS = 61_000;
/** Nothing listens there: whoever needs the gateway to be reachable gets nothing. */
const GATEWAY = 'http://127.0.0.1:9';
export const REFERENCE = 'task_0198a3b0c1d27e3f8a9b0c1d2e3f4a5b';
/** A picture's bytes only have to arrive: they were checked before any provider hears of them. */
const PICTURE = Buffer.from('\u0089PNG\r\n\u001a\n a picture that was fetched and checked', 'latin1');

/** How one upstream is spoken to and what it says, beside its fixtures. */
export interface Wire {
  readonly provider: Provider;
  /** Without `base_url`, which is the scripted upstream's. */
  readonly credential: Readonly<Record<string, string>>;
  /** Whether a request is the one that costs money. */
  isBillable(seen: Seen): boolean;
  /** Where the id stands in the answer to a submit. */
  readonly idPath: readonly string[];
  /** What `submit` makes of the recorded answer. */
  readonly handle: Json;
  /** The same for a job with pictures, where that differs. */
  readonly pictureHandle?: Json;
  /** Answers everything but the billable request while a job is prepared and submitted. */
  unbilled?(seen: Seen, url: string): Answer;
  /** What the order differs in from one for Kling 2.6. */
  readonly order?: Partial<Order>;
}

interface Refused extends Answer {
  readonly name: string;
  readonly kind: TroubleKind;
  readonly retryAfterMs?: number;
}

interface Sighted {
  readonly name: string;
  readonly replies: readonly (Answer & { readonly path: string })[];
  readonly sighting: Json;
}

/** Recorded replies of an upstream, from beside its adapter. */
export async function fixture<T>(provider: string, name: string): Promise<T> {
  const url = new URL(`../../src/providers/fixtures/${provider}/${name}.json`, import.meta.url);
  return JSON.parse(await readFile(url, 'utf8')) as T;
}

/** Runs with an adapter's upstream over the real transport. */
export async function withUpstream<T>(
  wire: Pick<Wire, 'credential'>,
  answer: Parameters<typeof openPeer>[0],
  run: (upstream: Upstream, peer: Peer) => Promise<T>,
  now: () => number = () => NOW,
): Promise<T> {
  const peer = await openPeer(answer);
  const net = openNet({ clock: { now }, allowHosts: [], allowPrivateNetwork: true, publicUrl: null });
  const credential = { ...wire.credential, base_url: peer.url };
  const secrets = Object.values(wire.credential);
  const callbackUrl = (task: string) => `${GATEWAY}/callbacks/${task}?token=t`;
  try {
    return await run(net.upstream({ baseUrl: peer.url, credential, secrets, callbackUrl }), peer);
  } finally {
    await net.close();
    await peer.close();
  }
}

const TEXT: Order = {
  model: 'kling-2-6',
  mode: 'text-to-video',
  prompt: 'A red kite over “dunes”, wind',
  media: [],
  durationSeconds: 5,
  sound: false,
  resolution: null,
  aspectRatio: '16:9',
  strategy: 'auto',
  extra: {},
};

export const attempt: Attempt = {
  number: 1,
  route: 'one',
  provider: 'any',
  tier: 'value',
  startedAt: NOW,
  sendBy: NOW + LEASE_MS,
  reference: REFERENCE,
  costMicros: null,
};

/** A job as a flow hands it over; pictures lie in `folder`. */
export function jobOf(wire: Wire, order: Partial<Order>, folder: string): Job {
  const whole: Order = { ...TEXT, ...wire.order, ...order };
  const media = whole.media.map(({ role, kind }) => ({
    role,
    kind,
    file: `file_${role}` as const,
    mimeType: 'image/png',
    bytes: PICTURE.length,
    sha256: 'c0ffee'.repeat(11).slice(0, 64),
    width: 1280,
    height: 720,
    path: join(folder, 'picture.png'),
  }));
  return { task: REFERENCE, order: whole, attempt, media, prepared: null };
}

export const FIRST_FRAME: Partial<Order> = {
  mode: 'image-to-video',
  media: [{ role: 'first_frame', kind: 'image', url: `${GATEWAY}/files/picture.png` }],
};
export const BOTH_FRAMES: Partial<Order> = {
  mode: 'image-to-video',
  media: [
    { role: 'first_frame', kind: 'image', url: `${GATEWAY}/files/picture.png` },
    { role: 'last_frame', kind: 'image', url: `${GATEWAY}/files/picture.png` },
  ],
};

/** What a flow does with a queued task: prepare, then submit. */
export async function submitted(provider: Provider, job: Job, upstream: Upstream): Promise<Json> {
  const prepared = provider.prepare ? await provider.prepare(job, upstream) : null;
  return provider.submit({ ...job, prepared }, upstream);
}

async function troubleOf(work: Promise<unknown>): Promise<Trouble> {
  const [outcome] = await Promise.allSettled([work]);
  assert.equal(outcome?.status, 'rejected', 'nothing was thrown');
  const thrown: unknown = outcome?.status === 'rejected' ? outcome.reason : null;
  if (!(thrown instanceof Trouble)) throw thrown;
  return thrown;
}

/** What every provider must do, over real HTTP, in its own wire format. */
export function describeProvider(wire: Wire): void {
  const { provider } = wire;
  describe(`${provider.name} as a provider`, () => {
    let folder = '';
    let accepted: Answer;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'reelay-provider-'));
      await writeFile(join(folder, 'picture.png'), PICTURE);
      accepted = await fixture<Answer>(provider.name, 'accepted');
    });
    after(() => rm(folder, { recursive: true }));

    const healthy = (peer: () => Peer | null) => (seen: Seen) =>
      wire.isBillable(seen) ? accepted : wire.unbilled?.(seen, peer()?.url ?? '');
    const run = <T>(
      answer: Parameters<typeof openPeer>[0],
      work: (upstream: Upstream, peer: Peer) => Promise<T>,
      now?: () => number,
    ) => withUpstream(wire, answer, work, now);
    const billable = (peer: Peer) => peer.seen.filter((seen) => wire.isBillable(seen));

    test('says what it is and what it needs', () => {
      assert.match(provider.name, /^[a-z0-9-]+$/);
      const fields = provider.credential;
      const address = fields.find((field) => field.name === 'base_url');
      assert.ok(address && !address.secret);
      if (provider.tier === 'own') assert.ok(address.required || address.default);
      else assert.ok(URL.canParse(address.default ?? ''), 'an upstream of others has a known address');
      assert.equal(new Set(fields.map((field) => field.name)).size, fields.length);
      const secrets = fields.filter((field) => field.secret).map((field) => field.name);
      const defaults = Object.fromEntries(fields.map((field) => [field.name, field.default ?? '']));
      for (const also of provider.addresses?.(defaults) ?? []) assert.match(also, /^https:/);
      for (const name of Object.keys(wire.credential)) {
        assert.ok(
          fields.some((field) => field.name === name),
          `${name} is asked for`,
        );
      }
      if (provider.tier !== 'own') assert.ok(secrets.length > 0);
      for (const ability of provider.abilities) {
        const serves =
          provider.tier === 'own' ? ability.model !== 'kling-2-6' : ability.model === 'kling-2-6';
        assert.ok(serves, `${ability.model} on ${provider.tier} hardware`);
        const price = ability.costMicros?.(jobOf(wire, { sound: true }, folder).order) ?? null;
        assert.equal(price === null, provider.tier === 'own');
      }
      assert.ok(provider.looks.thenMs >= 1_000 && provider.looks.firstMs(TEXT) >= 1_000);
      assert.equal(Boolean(provider.find), provider.dedupe === 'lookup' || provider.name === 'replicate');
    });

    test('sends exactly what was recorded, once, and answers a handle that survives a restart', async () => {
      const requests = await fixture<Readonly<Record<string, Json>>>(provider.name, 'requests');
      const [ability] = provider.abilities;
      const orders: Record<string, Partial<Order>> = {
        silent: { durationSeconds: ability?.durationsSeconds.at(-1) ?? 5, aspectRatio: '9:16' },
        ...(ability?.sound ? { sound: { sound: true } } : {}),
        first_frame: { ...FIRST_FRAME, sound: ability?.sound ?? false },
        ...(ability?.lastFrame ? { last_frame: BOTH_FRAMES } : {}),
      };
      assert.deepEqual(Object.keys(requests), Object.keys(orders));
      for (const [name, order] of Object.entries(orders)) {
        let open: Peer | null = null;
        await run(
          healthy(() => open),
          async (upstream, peer) => {
            open = peer;
            const handle = await submitted(provider, jobOf(wire, order, folder), upstream);
            const expected = order.media ? (wire.pictureHandle ?? wire.handle) : wire.handle;
            assert.deepEqual(JSON.parse(JSON.stringify(handle)), expected);
            // The job's name at the upstream: two tasks with the same one are a lie that a store can find.
            assert.equal(typeof (handle as { id?: unknown }).id, 'string');
            const [sent, ...more] = billable(peer);
            assert.equal(more.length, 0);
            assert.ok(sent);
            const base64 = PICTURE.toString('base64');
            const shown = JSON.stringify({ path: sent.path, body: sent.json })
              .replaceAll(base64, '<base64>')
              .replaceAll(peer.url, '<base>')
              .replaceAll(encodeURIComponent(GATEWAY), '<gateway>')
              .replaceAll(GATEWAY, '<gateway>')
              .replaceAll(REFERENCE, '<reference>');
            assert.deepEqual(JSON.parse(shown), requests[name], name);
          },
        );
      }
    });

    test('the picture reaches the upstream although the gateway cannot be reached from it', async () => {
      let open: Peer | null = null;
      await run(
        healthy(() => open),
        async (upstream, peer) => {
          open = peer;
          await submitted(provider, jobOf(wire, FIRST_FRAME, folder), upstream);
          const base64 = PICTURE.toString('base64');
          const arrived = peer.seen.filter(({ bytes }) => bytes.includes(PICTURE) || bytes.includes(base64));
          assert.equal(arrived.length, 1, 'its bytes were sent once');
          const [sent] = billable(peer);
          assert.ok(
            sent && !sent.bytes.includes(`${GATEWAY}/files/`),
            'nothing has to be fetched from the gateway',
          );
        },
      );
    });

    test('an upload that fails bought nothing, so nothing is in doubt', async () => {
      const answers: Parameters<typeof openPeer>[0][] = [
        (_seen, response) => void response.socket?.resetAndDestroy(),
        () => ({ status: 500, body: '' }),
        () => ({ status: 502, body: '<html>' }),
        () => ({ status: 401, body: '' }),
        () => ({ status: 200, body: '<html>' }),
        () => ({ status: 200, body: {} }),
      ];
      for (const answer of answers) {
        await run(answer, async (upstream, peer) => {
          const [prepared] = await Promise.allSettled([
            provider.prepare?.(jobOf(wire, FIRST_FRAME, folder), upstream),
          ]);
          if (peer.seen.length === 0) return;
          assert.ok(prepared?.status === 'rejected' && prepared.reason instanceof Trouble, 'it was not told');
          assert.notEqual(prepared.reason.kind, 'doubtful');
        });
      }
    });

    test('a type of picture that it does not take is a trouble of this route, before anything is sent', async () => {
      if (provider.pictures?.includes('image/webp') ?? true) return;
      await run(
        () => accepted,
        async (upstream, peer) => {
          const job = jobOf(wire, FIRST_FRAME, folder);
          const webp = { ...job, media: job.media.map((one) => ({ ...one, mimeType: 'image/webp' })) };
          assert.equal((await troubleOf(submitted(provider, webp, upstream))).kind, 'internal');
          assert.equal(peer.seen.length, 0);
        },
      );
    });

    test('nothing is sent past the last moment', async () => {
      const late = () => NOW + LEASE_MS + 1;
      await run(
        () => accepted,
        async (upstream, peer) => {
          const trouble = await troubleOf(provider.submit(jobOf(wire, {}, folder), upstream));
          assert.equal(trouble.kind, 'not_sent');
          assert.equal(billable(peer).length, 0);
        },
        late,
      );
    });

    test('an upstream that is not there was sent nothing', async () => {
      await run(
        () => accepted,
        async (upstream, peer) => {
          await peer.close();
          assert.equal(
            (await troubleOf(provider.submit(jobOf(wire, {}, folder), upstream))).kind,
            'not_sent',
          );
        },
      );
    });

    for (const fault of FAULTS) {
      test(`a submit answered by ${fault.name} is ${fault.becomes}, and is never repeated`, async (t) => {
        const clock = fault.hangs ? mock.timers : null;
        clock?.enable({ apis: ['setTimeout'] });
        t.after(() => clock?.reset());
        await run(
          (seen, response) => {
            if (!wire.isBillable(seen)) return wire.unbilled?.(seen, '');
            fault.act(response, accepted, wire.idPath);
            if (clock) setImmediate(() => setImmediate(() => clock.tick(PATIENCE_MS)));
            return undefined;
          },
          async (upstream, peer) => {
            const work = provider.submit(jobOf(wire, {}, folder), upstream);
            if (fault.becomes === 'accepted') assert.deepEqual(await work, wire.handle);
            else assert.equal((await troubleOf(work)).kind, fault.becomes);
            assert.equal(billable(peer).length, 1);
          },
        );
      });
    }

    test('a refusal means what the contract says, obeys its wish to wait, and gives away no secret', async () => {
      for (const refused of await fixture<readonly Refused[]>(provider.name, 'refusals')) {
        await run(
          (seen) => (wire.isBillable(seen) ? refused : wire.unbilled?.(seen, '')),
          async (upstream, peer) => {
            const trouble = await troubleOf(provider.submit(jobOf(wire, {}, folder), upstream));
            assert.equal(trouble.kind, refused.kind, refused.name);
            assert.equal(trouble.retryAfterMs, refused.retryAfterMs ?? null, refused.name);
            assert.equal(billable(peer).length, 1, refused.name);
          },
        );
      }
      // An upstream that quotes what it was sent.
      const quoting = (seen: Seen): Answer => {
        const said = `not with ${seen.headers.authorization ?? ''} ${seen.headers['x-api-key'] ?? ''}`;
        const code = provider.name.startsWith('kling') ? 1302 : 429;
        return {
          status: 429,
          body: { code, detail: said, message: said, msg: said, error: { message: said } },
        };
      };
      await run(quoting, async (upstream) => {
        const { kind, message } = await troubleOf(provider.submit(jobOf(wire, {}, folder), upstream));
        assert.equal(kind, 'rate_limited');
        for (const secret of Object.values(wire.credential)) assert.ok(!message.includes(secret), message);
        // Rivya's words are its codes.
        assert.equal(message.includes('not with'), provider.name !== 'rivya', message);
      });
    });

    test('Retry-After is bounded, whatever it says', async () => {
      const waits: [header: string, waitMs: number | null][] = [
        ['0', 0],
        ['30', 30_000],
        ['999999999999', 86_400_000],
        ['-5', null],
        ['soon', null],
        [new Date(NOW + 90_000).toUTCString(), 90_000],
        ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
      ];
      for (const [header, waitMs] of waits) {
        const answer = { status: 429, body: '', headers: { 'retry-after': header } };
        await run(
          () => answer,
          async (upstream) => {
            const trouble = await troubleOf(provider.submit(jobOf(wire, {}, folder), upstream));
            assert.deepEqual([trouble.kind, trouble.retryAfterMs], ['rate_limited', waitMs], header);
          },
        );
      }
    });

    test('what is seen of a job', async () => {
      for (const { name, replies, sighting } of await fixture<readonly Sighted[]>(
        provider.name,
        'sightings',
      )) {
        await run(
          (seen) => replies.find(({ path }) => seen.path.includes(path)) ?? { status: 404, body: '' },
          async (upstream, peer) => {
            const expected = JSON.parse(JSON.stringify(sighting).replaceAll('<base>', peer.url));
            if (expected === 'trouble') {
              await troubleOf(provider.watch([wire.handle], upstream));
            } else {
              assert.deepEqual(await provider.watch([wire.handle], upstream), [expected], name);
            }
            assert.equal(billable(peer).length, 0, 'looking costs nothing');
          },
          () => LOOKED_AT,
        );
      }
    });

    test('an upstream that cannot be asked says nothing about its jobs', async () => {
      const answers: Answer[] = [
        { status: 500, body: '' },
        { status: 502, body: '<html>' },
        { status: 200, body: '<html>' },
        { status: 200, body: 'null' },
        { status: 401, body: '' },
        { status: 429, body: '' },
        { status: 200, body: '['.repeat(10_000) },
      ];
      for (const answer of answers) {
        await run(
          () => answer,
          async (upstream) => {
            await troubleOf(provider.watch([wire.handle], upstream));
          },
        );
      }
    });
  });
}
