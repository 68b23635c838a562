import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import type { MediaProblem, Sound } from '../../src/core/ports/net.ts';
import { MediaFault } from '../../src/core/ports/net.ts';
import type { OpenInspector } from '../../src/net/inspector.ts';
import { openInspector } from '../../src/net/inspector.ts';
import { aac, m4a, mp3, ogg, wav } from './sounds.ts';

const FILM = new URL('../../../simulator/fixtures/films/720p-16x9-5s-sound.mp4', import.meta.url);

let folder: string;
let inspector: OpenInspector;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reelay-sounds-'));
  inspector = openInspector();
});
after(async () => {
  inspector.close();
  await rm(folder, { recursive: true });
});

let written = 0;
async function look(bytes: Uint8Array | string): Promise<Sound | MediaProblem> {
  const path = join(folder, `file_${written++}`);
  await writeFile(path, bytes);
  try {
    return await inspector.sound(path);
  } catch (error) {
    if (!(error instanceof MediaFault)) throw error;
    return error.problem;
  }
}

test('a sound is told by its bytes and measured', async () => {
  assert.deepEqual(await look(wav(1.5)), { mimeType: 'audio/wav', durationMs: 1_500 });
  assert.deepEqual(await look(mp3(100)), { mimeType: 'audio/mpeg', durationMs: 2_612 });
  assert.deepEqual(await look(await aac(75)), { mimeType: 'audio/aac', durationMs: 1_600 });
  assert.deepEqual(await look(await m4a(75)), { mimeType: 'audio/mp4', durationMs: 1_600 });
  assert.deepEqual(await look(await ogg(100)), { mimeType: 'audio/ogg', durationMs: 2_000 });
});

test('what is no sound is refused', async () => {
  const others: Record<string, Uint8Array | string> = {
    nothing: '',
    text: 'a song, honestly',
    'a picture': await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
      .png()
      .toBuffer(),
    'a film': await readFile(FILM),
    'a WAV of nothing': wav(0),
    'a header alone': wav(1).subarray(0, 20),
  };
  for (const [name, bytes] of Object.entries(others)) {
    const found = await look(bytes);
    assert.ok(found === 'unsupported' || found === 'broken', `${name}: ${JSON.stringify(found)}`);
  }
});

test('a sound that is cut short is refused, or is as long as what is there', async () => {
  const whole = 1_600;
  for (const bytes of [wav(1.6), mp3(61), await aac(75), await m4a(75), await ogg(80)]) {
    for (let part = 1; part < 10; part++) {
      const found = await look(bytes.subarray(0, Math.floor((bytes.length * part) / 10)));
      const refused = found === 'broken' || found === 'unsupported';
      const honest = typeof found === 'object' && found.durationMs <= (whole * part) / 10 + 100;
      assert.ok(refused || honest, `${part} of 10: ${JSON.stringify(found)}`);
    }
  }
});
