import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import { createSimulator, type NamespaceAdmin, type Simulator } from '../../../simulator/src/simulator.ts';
import { Trouble } from '../../src/core/failure.ts';
import type { Order } from '../../src/core/order.ts';
import type { InboundCallback, Job, Provider, Sighting, Upstream } from '../../src/core/ports/provider.ts';
import { openNet } from '../../src/net/open.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { jobOf, REFERENCE, submitted, type Wire } from './contract.ts';

const WORKFLOW = JSON.stringify({
  6: { class_type: 'CLIPTextEncode', inputs: { text: '{{prompt}}' } },
  55: {
    class_type: 'EmptyHunyuanLatentVideo',
    inputs: { width: '{{width}}', height: '{{height}}', length: '{{frames}}' },
  },
  57: { class_type: 'CreateVideo', inputs: { fps: '{{fps}}', images: ['8', 0] } },
  58: { class_type: 'SaveVideo', inputs: { video: ['57', 0] } },
});
const WITH_IMAGE = JSON.stringify({
  ...JSON.parse(WORKFLOW),
  9: { class_type: 'LoadImage', inputs: { image: '{{image}}' } },
});

/** How each upstream is set up on the simulator: its mount, and what the operator would enter. */
const SETUPS: Readonly<Record<string, readonly [mount: string, credential: Record<string, string>]>> = {
  kling: ['kling', { api_key: 'api-key-kling-1' }],
  'kling-legacy': ['kling', { access_key: 'AK-1', secret_key: 'SK-1' }],
  fal: ['fal', { api_key: 'id:secret' }],
  replicate: ['replicate/v1', { api_token: 'r8_1' }],
  kie: ['kie', { api_key: 'kie-1' }],
  piapi: ['piapi', { api_key: 'piapi-1' }],
  higgsfield: ['higgsfield', { api_key: 'id:secret' }],
  apixo: ['apixo', { api_key: 'apixo-1' }],
  rivya: ['rivya', { api_key: 'rvya_sk_1' }],
  'openai-videos': ['vllm', {}],
  comfyui: ['comfyui', { workflow_text: WORKFLOW, workflow_image: WITH_IMAGE }],
};

let simulator: Simulator;
let folder: string;
let receiver: Awaited<ReturnType<typeof openReceiver>>;
/** Where the customer's picture lies; the gateway itself serves nothing. */
let customer: Awaited<ReturnType<typeof openReceiver>>;

before(async () => {
  simulator = await createSimulator();
  receiver = await openReceiver(Buffer.alloc(0));
  folder = await mkdtemp(join(tmpdir(), 'reelay-simulated-'));
  const canvas = sharp({ create: { width: 640, height: 360, channels: 3, background: '#246' } });
  const picture = await canvas.png().toBuffer();
  await writeFile(join(folder, 'picture.png'), picture);
  customer = await openReceiver(picture);
});
after(async () => {
  await receiver.close();
  await customer.close();
  await simulator.close();
  await rm(folder, { recursive: true });
});

/** Takes callbacks as they come, and serves one file. */
async function openReceiver(file: Buffer) {
  const got: InboundCallback[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    got.push({ headers, body: Buffer.concat(chunks).toString(), receivedAt: 0 });
    response.end(file);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    got,
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise<void>((done) => server.close(() => done())),
  };
}

interface Stage {
  readonly upstream: Upstream;
  readonly namespace: NamespaceAdmin;
}

/** Runs one provider in a namespace of its own, by the namespace's frozen clock. */
async function on(provider: Provider, name: string, run: (stage: Stage) => Promise<void>): Promise<void> {
  const [mount, credential] = SETUPS[provider.name] ?? ['', {}];
  const namespace = simulator.admin.namespace(`${provider.name}-${name}`);
  namespace.freeze();
  const baseUrl = `${simulator.url}/ns/${namespace.name}/${mount}`;
  // The simulator holds tokens against the machine's clock.
  const clock = { now: () => (provider.name === 'kling-legacy' ? Date.now() : namespace.now()) };
  const net = openNet({ clock, allowHosts: [], allowPrivateNetwork: true, publicUrl: null });
  const defaults = Object.fromEntries(provider.credential.map((field) => [field.name, field.default ?? '']));
  const whole = { ...defaults, ...credential, base_url: baseUrl };
  const callbackUrl = (task: string) => `${receiver.url}/${namespace.name}/${task}`;
  const secrets = Object.values(credential);
  try {
    await run({ upstream: net.upstream({ baseUrl, credential: whole, secrets, callbackUrl }), namespace });
  } finally {
    await net.close();
    namespace.dispose();
  }
}

function jobFor(provider: Provider, order: Partial<Order>, now: number): Job {
  const model = provider.abilities[0]?.model ?? '';
  const job = jobOf({ provider } as Wire, { model, ...order }, folder);
  const attempt = { ...job.attempt, startedAt: now, sendBy: now + 60_000 };
  return { ...job, attempt, media: job.media.map((one) => ({ ...one, width: 640, height: 360 })) };
}

const first = async (
  provider: Provider,
  handle: Parameters<Provider['watch']>[0][number],
  upstream: Upstream,
) => (await provider.watch([handle], upstream))[0] as Sighting;

/** PiAPI and Higgsfield take pictures by uploads that the simulator does not serve. */
const uploadsElsewhere = new Set(['piapi', 'higgsfield']);

for (const provider of PROVIDERS) {
  const hasSound = provider.abilities[0]?.sound ?? false;
  describe(`${provider.name} on the simulator`, () => {
    test('a film from text, from submit to its bytes', async () => {
      await on(provider, 'text', async ({ upstream, namespace }) => {
        const job = jobFor(provider, { sound: hasSound, aspectRatio: '9:16' }, namespace.now());
        const handle = await submitted(provider, job, upstream);
        assert.equal((await first(provider, handle, upstream)).is, 'running');
        await namespace.advance(120_000);
        const seen = await first(provider, handle, upstream);
        assert.ok(seen.is === 'rendered', JSON.stringify(seen));
        const [made, ...more] = namespace.jobs();
        assert.deepEqual(
          [made?.prompt, Math.round(made?.durationSeconds ?? 0), more.length],
          [job.order.prompt, 5, 0],
        );
        if (provider.name !== 'comfyui') assert.equal(made?.sound, hasSound);
        const at = seen.outputs[0]?.at ?? { path: '' };
        assert.ok('url' in at);
        const headers = provider.resultHeaders?.(upstream.credential) ?? {};
        const film = Buffer.from(await (await fetch(at.url, { headers })).arrayBuffer());
        assert.equal(film.subarray(4, 8).toString(), 'ftyp');
        assert.deepEqual(namespace.ledger().duplicates, []);
      });
    });

    test('a film from a picture', { skip: uploadsElsewhere.has(provider.name) }, async () => {
      await on(provider, 'picture', async ({ upstream, namespace }) => {
        const media = [{ role: 'first_frame', kind: 'image', url: `${customer.url}/picture.png` }] as const;
        const job = jobFor(provider, { mode: 'image-to-video', media }, namespace.now());
        const handle = await submitted(provider, job, upstream);
        await namespace.advance(120_000);
        assert.equal((await first(provider, handle, upstream)).is, 'rendered');
        const [width = 0, height = 1] = namespace.jobs()[0]?.ratio ?? [];
        assert.equal(width / height, 16 / 9);
      });
    });

    test('a submit that goes wrong on the way is sent once, and in doubt wherever it may have landed', async () => {
      const faults = [
        'reset headers',
        'reset body',
        'http 500',
        'http 502 body=html',
        'http 504 body=empty',
        'html',
        'empty',
        'cut',
        'redirect to=/elsewhere',
        'encoded',
        'huge bytes=3000000',
        'deep levels=20000',
        'no-id',
        'error internal',
      ];
      for (const [at, fault] of faults.entries()) {
        await on(provider, `fault-${at}`, async ({ upstream, namespace }) => {
          namespace.script(`${fault} on=submit`);
          const job = jobFor(provider, {}, namespace.now());
          await assert.rejects(submitted(provider, job, upstream), (error) => {
            assert.ok(error instanceof Trouble, String(error));
            assert.equal(error.kind, 'doubtful', fault);
            return true;
          });
          const { received, accepted } = namespace.ledger().total;
          assert.equal(received, 1, fault);
          if (provider.dedupe !== 'lookup') return;
          const landed = await provider.find?.(job.attempt, upstream);
          assert.equal(landed !== null, accepted === 1, fault);
        });
      }
    });

    test('a job that the upstream fails, hangs, or forgets', async () => {
      await on(provider, 'content', async ({ upstream, namespace }) => {
        namespace.script('fail internal');
        const handle = await submitted(provider, jobFor(provider, {}, namespace.now()), upstream);
        await namespace.advance(120_000);
        const seen = await first(provider, handle, upstream);
        assert.ok(seen.is === 'failed' && seen.failure.kind === 'internal', JSON.stringify(seen));
      });
      await on(provider, 'hang', async ({ upstream, namespace }) => {
        namespace.script('hang run');
        const handle = await submitted(provider, jobFor(provider, {}, namespace.now()), upstream);
        await namespace.advance(3_600_000);
        assert.equal((await first(provider, handle, upstream)).is, 'running');
      });
      await on(provider, 'vanish', async ({ upstream, namespace }) => {
        namespace.script('vanish ms=1000');
        const handle = await submitted(provider, jobFor(provider, {}, namespace.now()), upstream);
        await namespace.advance(120_000);
        assert.equal((await first(provider, handle, upstream)).is, 'gone');
      });
    });

    test('its callback is genuine, and names the job', {
      skip: provider.callback === undefined,
    }, async () => {
      await on(provider, 'callback', async ({ upstream, namespace }) => {
        receiver.got.length = 0;
        const handle = await submitted(provider, jobFor(provider, {}, namespace.now()), upstream);
        await namespace.advance(120_000);
        const secrets = namespace.secrets();
        const keys: Readonly<Record<string, string>> = {
          kling: secrets.kling,
          'kling-legacy': secrets.kling,
          kie: secrets.kie,
        };
        const key = keys[provider.name] ?? (await provider.callbackKey?.(upstream)) ?? null;
        const last = receiver.got.at(-1);
        assert.ok(last, 'nothing called back');
        const told = provider.callback?.({ ...last, receivedAt: namespace.now() - 115_000 }, key);
        assert.ok(told, last.body);
        assert.equal((await first(provider, told.handle, upstream)).is, 'rendered');
        const id = (one: unknown) => (one as { id: string }).id;
        assert.equal(id(told.handle), id(handle));
        if (told.reference !== null) assert.equal(told.reference, REFERENCE);
      });
    });
  });
}

test('SGLang, its old revision too: a film from text and one from a picture', async () => {
  const provider = PROVIDERS.find((one) => one.name === 'openai-videos');
  assert.ok(provider);
  const namespace = simulator.admin.namespace('sglang', { sglangOld: true });
  const baseUrl = `${simulator.url}/ns/sglang/sglang`;
  const net = openNet({
    clock: { now: Date.now },
    allowHosts: [],
    allowPrivateNetwork: true,
    publicUrl: null,
  });
  const credential = { base_url: baseUrl, engine: 'sglang', fps: '16' };
  const upstream = net.upstream({ baseUrl, credential, secrets: [], callbackUrl: () => null });
  const media = [{ role: 'first_frame', kind: 'image', url: `${customer.url}/picture.png` }] as const;
  for (const order of [{}, { mode: 'image-to-video', media }] as const) {
    const handle = await submitted(provider, jobFor(provider, order, Date.now()), upstream);
    await namespace.advance(120_000);
    assert.equal((await first(provider, handle, upstream)).is, 'rendered');
  }
  await net.close();
});
