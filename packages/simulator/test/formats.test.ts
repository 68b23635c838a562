import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { FORMATS } from '../src/formats/all.ts';
import { startSimulator, type TestNamespace, type TestSimulator } from '../src/testing.ts';
import type { Client, Look, Order } from './client.ts';
import { CLIENTS } from './clients.ts';
import { at, download, filmFacts } from './tools.ts';

const TIME_MS = 1_000;
let simulator: TestSimulator;
before(async () => {
  simulator = await startSimulator({ settings: { queueMs: TIME_MS, runMs: TIME_MS } });
});
after(() => simulator.dispose());

/** A namespace whose clock stands still. */
function frozen(): TestNamespace {
  const namespace = simulator.namespace();
  namespace.freeze();
  return namespace;
}

async function order(client: Client, namespace: TestNamespace, wish: Order): Promise<string> {
  const answer = await client.submit(namespace.baseUrl(client.format), wish);
  const id = client.id(answer.json);
  assert.ok(answer.status < 300 && id !== '', answer.text);
  return id;
}

async function finished(client: Client, wish: Order): Promise<{ look: Look; namespace: TestNamespace }> {
  const namespace = frozen();
  const id = await order(client, namespace, wish);
  await namespace.advance(3 * TIME_MS);
  return { look: await client.look(namespace.baseUrl(client.format), id), namespace };
}

for (const [name, client] of CLIENTS) {
  const format = FORMATS.find((one) => one.name === client.format);
  assert.ok(format);
  describe(name, () => {
    it('goes from pending over processing to a film as ordered, and bills it once', async () => {
      const namespace = frozen();
      const base = namespace.baseUrl(client.format);
      const id = await order(client, namespace, { prompt: 'a kite', seconds: 10, ratio: '9:16' });
      assert.equal((await client.look(base, id)).state, 'pending');
      await namespace.advance(TIME_MS * 1.5);
      assert.equal((await client.look(base, id)).state, 'processing');
      assert.equal(namespace.ledger().total.held, 1);
      await namespace.advance(TIME_MS);
      const look = await client.look(base, id);
      assert.equal(look.state, 'success', look.answer.text);
      const facts = await filmFacts(await download(look.url, client.headers));
      assert.ok(facts?.isWhole);
      assert.ok(Math.abs(facts.seconds - 10) < 0.01 && Math.abs(facts.ratio - 9 / 16) < 0.01);
      assert.equal(facts.hasAudio, false);
      const { total } = namespace.ledger();
      assert.deepEqual([total.received, total.accepted, total.billed, total.held], [1, 1, 1, 0]);
      assert.equal(total.billedUsd > 0, !['vllm', 'sglang', 'comfyui'].includes(client.format));
    });

    it('gives sound where it was ordered', async () => {
      if (['sglang', 'comfyui'].includes(client.format)) return;
      const { look } = await finished(client, { prompt: 'waves', sound: true, ratio: '1:1' });
      const facts = await filmFacts(await download(look.url, client.headers));
      assert.deepEqual([facts?.hasAudio, facts?.ratio, Math.round(facts?.seconds ?? 0)], [true, 1, 5]);
    });

    it('answers every documented error when the script wants it, and bills nothing', async () => {
      const namespace = frozen();
      const base = namespace.baseUrl(client.format);
      for (const [code, error] of Object.entries(format.errors)) {
        const answer = await client.submit(base, { prompt: `[sim:error ${code}]` });
        assert.equal(answer.status, error.status, code);
        assert.ok(answer.text.includes(JSON.stringify(error.message).slice(1, -1)), answer.text);
        assert.ok(client.id(answer.json) === '');
      }
      for (const [common, native] of Object.entries(format.commonErrors)) {
        const answer = await client.submit(base, { prompt: `[sim:error ${common}]` });
        assert.equal(answer.status, format.errors[native]?.status, common);
      }
      const { total } = namespace.ledger();
      assert.deepEqual([total.accepted, total.billed], [0, 0]);
    });

    it('fails for every documented reason, and bills nothing', async () => {
      const namespace = frozen();
      const base = namespace.baseUrl(client.format);
      const wanted = [...Object.keys(format.failures), ...Object.keys(format.commonFailures)];
      for (const reason of wanted) {
        const id = await order(client, namespace, { prompt: `[sim:fail ${reason}]` });
        await namespace.advance(3 * TIME_MS);
        const look = await client.look(base, id);
        assert.equal(look.state, 'failed', `${reason}: ${look.answer.text}`);
      }
      const { total } = namespace.ledger();
      assert.deepEqual([total.accepted, total.released, total.billed], [wanted.length, wanted.length, 0]);
    });

    it('turns away a credential that is bad, and one that is missing', async () => {
      if (['vllm', 'sglang', 'comfyui'].includes(client.format)) return;
      const namespace = frozen();
      const base = namespace.baseUrl(client.format);
      for (const authorization of ['Bearer bad', 'Key bad:bad', 'Basic x']) {
        const headers = { authorization, 'x-api-key': 'bad' };
        const answer = await client.submit(base, { prompt: 'p' }, headers);
        const told = client.format === 'kie' ? at(answer.json, 'code') : answer.status;
        assert.equal(told, 401, answer.text);
      }
      assert.equal(namespace.ledger().total.accepted, 0);
    });

    it('hangs, vanishes and lags as the script says', async () => {
      const namespace = frozen();
      const base = namespace.baseUrl(client.format);
      const hung = await order(client, namespace, { prompt: '[sim:hang run]' });
      const waits = await order(client, namespace, { prompt: '[sim:hang queue]' });
      const gone = await order(client, namespace, { prompt: '[sim:vanish ms=1500]' });
      const late = await order(client, namespace, { prompt: '[sim:lag ms=1500]' });
      const stateOf = async (id: string) => (await client.look(base, id)).state;
      assert.deepEqual([await stateOf(gone), await stateOf(late)], ['pending', 'missing']);
      await namespace.advance(10 * TIME_MS);
      assert.deepEqual(
        [await stateOf(hung), await stateOf(waits), await stateOf(gone), await stateOf(late)],
        ['processing', 'pending', 'missing', 'success'],
      );
    });

    it('keeps its wire format under faults of the wire, and counts what it accepted', async () => {
      const namespace = frozen();
      const base = namespace.baseUrl(client.format);
      const submit = (prompt: string) => client.submit(base, { prompt });
      for (const when of ['before', 'headers', 'body']) await assert.rejects(submit(`[sim:reset ${when}]`));
      const page = await submit('[sim:html]');
      assert.ok(page.status === 200 && page.text.startsWith('<!doctype html>'));
      const broken = await submit('[sim:http 502 accept=yes]');
      assert.equal(broken.status, 502);
      assert.equal(client.id((await submit('[sim:no-id]')).json), '');
      assert.equal((await submit('[sim:cut]')).json, null);
      assert.equal((await submit('[sim:empty]')).text, '');
      assert.equal(namespace.ledger().total.accepted, 8);
      assert.equal((await submit('[sim:http 503]')).status, 503);
      await assert.rejects(submit('[sim:reset before accept=no]'));
      assert.equal(namespace.ledger().total.accepted, 8);
      assert.equal(namespace.ledger().total.received, 10);
    });

    it('can answer with the id of the job before, and with an unknown state', async () => {
      const namespace = frozen();
      const base = namespace.baseUrl(client.format);
      const first = await order(client, namespace, { prompt: 'one' });
      assert.equal(await order(client, namespace, { prompt: 'two [sim:duplicate-id]' }), first);
      if (client.format === 'comfyui') return;
      const odd = await order(client, namespace, { prompt: '[sim:unknown-status on=status]' });
      assert.equal((await client.look(base, odd)).state, 'unknown');
    });

    it('fails a job whose picture cannot be fetched', async () => {
      if (client.format === 'comfyui') return;
      const namespace = frozen();
      const base = namespace.baseUrl(client.format);
      const id = await order(client, namespace, { prompt: 'pan', image: `${simulator.url}/nothing.png` });
      await namespace.advance(3 * TIME_MS);
      if (name !== 'kling, old generation') assert.equal((await client.look(base, id)).state, 'failed');
      assert.equal(namespace.jobs()[0]?.state, 'failed');
    });
  });
}
