import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startSimulator, type TestNamespace, type TestSimulator } from '../src/testing.ts';
import { client } from './clients.ts';
import { download, type FilmFacts, filmFacts, request } from './tools.ts';

let simulator: TestSimulator;
before(async () => {
  simulator = await startSimulator();
});
after(() => simulator.dispose());

const kling = client('kling, new generation');

async function filmOf(namespace: TestNamespace, prompt: string, sound = true): Promise<string> {
  namespace.freeze();
  const base = namespace.baseUrl('kling');
  const made = await kling.submit(base, { prompt, sound, seconds: 5, ratio: '9:16' });
  await namespace.advance(1000);
  return (await kling.look(base, kling.id(made.json))).url;
}

async function facts(prompt: string): Promise<FilmFacts | null> {
  return await filmFacts(await download(await filmOf(simulator.namespace(), prompt)));
}

describe('films', () => {
  it('are what was ordered', async () => {
    const film = await facts('good');
    assert.ok(film);
    assert.deepEqual([film.codec, film.hasAudio, film.isWhole, film.height], ['avc', true, true, 1920]);
    assert.ok(Math.abs(film.seconds - 5) < 0.001 && Math.abs(film.ratio - 9 / 16) < 0.001);
  });

  it('have one defect each when the script wants it', async () => {
    const good = { codec: 'avc', hasAudio: true, isWhole: true };
    const shape = (film: FilmFacts | null) =>
      film && { codec: film.codec, hasAudio: film.hasAudio, isWhole: film.isWhole };
    for (const defect of ['silent', 'black', 'frozen']) {
      const film = await facts(`[sim:film ${defect}]`);
      assert.deepEqual(shape(film), good, defect);
      assert.ok(Math.abs((film?.ratio ?? 0) - 9 / 16) < 0.01 && Math.round(film?.seconds ?? 0) === 5, defect);
    }
    const short = await facts('[sim:film short]');
    assert.deepEqual([Math.round(short?.seconds ?? 0), shape(short)], [2, good]);
    assert.ok(((await facts('[sim:film ratio]'))?.ratio ?? 0) > 1.7);
    assert.equal((await facts('[sim:film no-audio]'))?.hasAudio, false);
    assert.equal((await facts('[sim:film codec]'))?.codec, 'vp9');
    assert.ok(((await facts('[sim:film frame]'))?.seconds ?? 1) < 0.1);
    const whole = await facts('[sim:film truncated]').catch(() => null);
    assert.ok(whole === null || !whole.isWhole);
  });

  it('are an HTML page, nothing, or missing', async () => {
    const page = await request(await filmOf(simulator.namespace(), '[sim:film html]'));
    assert.deepEqual([page.status, page.headers.get('content-type')], [200, 'text/html']);
    const empty = await request(await filmOf(simulator.namespace(), '[sim:film empty]'));
    assert.deepEqual([empty.status, empty.text], [200, '']);
    assert.equal((await request(await filmOf(simulator.namespace(), '[sim:film missing]'))).status, 404);
    const elsewhere = await filmOf(simulator.namespace(), '[sim:film url=http://169.254.169.254/film.mp4]');
    assert.equal(elsewhere, 'http://169.254.169.254/film.mp4');
  });

  it('can be of any size and still be films', async () => {
    const bytes = await download(await filmOf(simulator.namespace(), '[sim:film bytes=200000]'));
    assert.equal(bytes.length, 200_000);
    assert.equal((await filmFacts(bytes))?.isWhole, true);
  });

  it('come in ranges', async () => {
    const url = await filmOf(simulator.namespace(), 'good');
    const whole = await download(url);
    const part = await fetch(url, { headers: { range: 'bytes=10-19' } });
    assert.deepEqual([part.status, part.headers.get('content-range')], [206, `bytes 10-19/${whole.length}`]);
    assert.deepEqual(new Uint8Array(await part.arrayBuffer()), whole.slice(10, 20));
    const beyond = await fetch(url, { headers: { range: `bytes=${whole.length}-` } });
    assert.equal(beyond.status, 416);
    await beyond.body?.cancel();
  });

  it('expire as the upstream’s do, or as the script says', async () => {
    const namespace = simulator.namespace();
    const url = await filmOf(namespace, 'good');
    await namespace.advance(29 * 86_400_000);
    assert.equal((await request(url)).status, 200);
    await namespace.advance(86_400_000);
    assert.equal((await request(url)).status, 404);
    const soon = simulator.namespace();
    const brief = await filmOf(soon, '[sim:expire ms=60000]');
    assert.equal((await request(brief)).status, 200);
    await soon.advance(60_000);
    assert.equal((await request(brief)).status, 404);
  });

  it('of APIXO are kept for 15 days, of fal for as long as the caller wants', async () => {
    for (const [name, headers, keptMs] of [
      ['apixo', {}, 15 * 86_400_000],
      ['fal', { 'x-fal-object-lifecycle-preference': '{"expiration_duration_seconds":86400}' }, 86_400_000],
    ] as const) {
      const namespace = simulator.namespace();
      namespace.freeze();
      const one = client(name);
      const base = namespace.baseUrl(one.format);
      const made = await one.submit(base, { prompt: 'a' }, { ...headers });
      await namespace.advance(1000);
      const { url } = await one.look(base, one.id(made.json));
      await namespace.advance(keptMs - 1000);
      assert.equal((await request(url)).status, 200, name);
      await namespace.advance(1000);
      assert.equal((await request(url)).status, 404, name);
    }
  });
});
