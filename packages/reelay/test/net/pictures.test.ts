import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { MediaFault, type MediaProblem, type Picture } from '../../src/core/ports/net.ts';
import { type OpenInspector, openInspector } from '../../src/net/inspector.ts';
import { blackPng, movingPng, resizedJpeg } from './pictures.ts';

const TYPES = ['image/jpeg', 'image/png', 'image/webp'];

let folder: string;
let inspector: OpenInspector;
let jpeg: Buffer;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reelay-pictures-'));
  inspector = openInspector();
  jpeg = await noise(160, 120).jpeg().toBuffer();
});
after(async () => {
  inspector.close();
  await rm(folder, { recursive: true });
});

/** A picture that does not compress, so that every part of its bytes matters. */
function noise(width: number, height: number): Sharp {
  const background = '#808080';
  return sharp({
    create: { width, height, channels: 3, background, noise: { type: 'gaussian', mean: 128, sigma: 60 } },
  });
}

let written = 0;
async function look(bytes: Uint8Array | string, types = TYPES): Promise<Picture | MediaProblem> {
  const path = join(folder, `file_${written++}`);
  await writeFile(path, bytes);
  try {
    return await inspector.picture(path, types);
  } catch (error) {
    if (!(error instanceof MediaFault)) throw error;
    return error.problem;
  }
}

test('a picture is known by its bytes', async () => {
  const size = { width: 160, height: 120 };
  assert.deepEqual(await look(jpeg), { mimeType: 'image/jpeg', ...size });
  assert.deepEqual(await look(await noise(160, 120).png().toBuffer()), { mimeType: 'image/png', ...size });
  assert.deepEqual(await look(await noise(160, 120).webp().toBuffer()), { mimeType: 'image/webp', ...size });
  const unusual = {
    progressive: await noise(160, 120).jpeg({ progressive: true }).toBuffer(),
    cmyk: await noise(160, 120).toColourspace('cmyk').jpeg().toBuffer(),
    grey: await noise(160, 120).grayscale().jpeg().toBuffer(),
    interlaced: await noise(160, 120).png({ progressive: true }).toBuffer(),
    palette: await noise(160, 120).png({ palette: true }).toBuffer(),
    deep: await noise(160, 120).toColourspace('rgb16').png().toBuffer(),
    lossless: await noise(160, 120).ensureAlpha(0.5).webp({ lossless: true }).toBuffer(),
  };
  for (const [name, bytes] of Object.entries(unusual)) {
    const found = await look(bytes);
    assert.ok(typeof found === 'object' && found.width === 160, `${name}: ${JSON.stringify(found)}`);
  }
});

test('its size is as it is seen', async () => {
  for (const [orientation, width] of [
    [1, 160],
    [3, 160],
    [6, 120],
    [8, 120],
  ] as const) {
    const turned = await sharp(jpeg).withMetadata({ orientation }).toBuffer();
    assert.deepEqual(await look(turned), { mimeType: 'image/jpeg', width, height: 280 - width });
  }
});

test('types that are not taken are refused, whatever they call themselves', async () => {
  const gif = await noise(8, 8).gif().toBuffer();
  const frames = [noise(8, 8), noise(8, 8)].map((frame) => frame.png().toBuffer());
  const moving = sharp(await Promise.all(frames), { join: { animated: true } });
  const others: Record<string, Uint8Array | string> = {
    gif,
    'gif with a script behind': Buffer.concat([gif, Buffer.from('/*<script>alert(1)</script>*/')]),
    tiff: await noise(8, 8).tiff().toBuffer(),
    avif: await noise(16, 16).avif().toBuffer(),
    svg: '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><script>alert(1)</script></svg>',
    'svg with an entity':
      '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg">&e;</svg>',
    'an icon without entries': Buffer.from('69636e73000000106973333200000000', 'hex'),
    'a box of size zero': Buffer.from('00000000667479706865696300000000', 'hex'),
    'a JPEG behind a PDF': Buffer.concat([Buffer.from('%PDF-1.7\n'), jpeg]),
    'a page': '<!doctype html><img src=x onerror=alert(1)>',
    'a zip': Buffer.from('504b0506000000000000000000000000000000000000', 'hex'),
    text: 'not a picture',
    nothing: '',
    'one byte': Buffer.from([0xff]),
    'a moving PNG': movingPng(),
    'a moving WebP': await moving.webp({ loop: 0 }).toBuffer(),
  };
  for (const [name, bytes] of Object.entries(others)) assert.equal(await look(bytes), 'unsupported', name);
  assert.equal(await look(jpeg, ['image/png']), 'unsupported', 'a provider that takes fewer types');
});

test('what hangs on behind a picture does not matter', async () => {
  const png = await noise(20, 20).png().toBuffer();
  const zipped = await look(
    Buffer.concat([png, Buffer.from('504b0506000000000000000000000000000000000000', 'hex')]),
  );
  assert.deepEqual(zipped, { mimeType: 'image/png', width: 20, height: 20 });
});

test('a picture that says it is too large is refused before it is decoded', async () => {
  assert.equal(await look(blackPng(50_000, 50_000, 10)), 'too_many_pixels');
  assert.equal(await look(blackPng(2_000_000_000, 1, 0)), 'broken', 'larger than any decoder takes');
  assert.equal(await look(blackPng(7072, 7072, 1)), 'too_many_pixels');
  assert.equal(await look(resizedJpeg(jpeg, 65_500, 65_500)), 'too_many_pixels');
  assert.deepEqual(await look(blackPng(7071, 7071)), { mimeType: 'image/png', width: 7071, height: 7071 });
});

test('a picture that is cut short anywhere is broken or none', async () => {
  const whole = [jpeg, await noise(160, 120).png().toBuffer(), await noise(160, 120).webp().toBuffer()];
  for (const bytes of whole) {
    for (let part = 1; part < 20; part++) {
      const length = Math.floor((bytes.length * part) / 20);
      const found = await look(bytes.subarray(0, length));
      assert.ok(
        found === 'broken' || found === 'unsupported',
        `${length} of ${bytes.length}: ${JSON.stringify(found)}`,
      );
    }
  }
  assert.equal(await look(blackPng(100, 100, 50)), 'broken', 'lines that are missing');
});

test('bytes that were changed never end the process that looks', async () => {
  const png = await noise(40, 30).png().toBuffer();
  await look(png);
  const pid = inspector.pid();
  for (let round = 0; round < 60; round++) {
    const bytes = Buffer.from(round % 2 ? png : jpeg);
    for (let change = 1; change < 6; change++)
      bytes[(round * 7919 * change) % bytes.length] = (round * 31) & 0xff;
    await look(bytes);
  }
  assert.equal(inspector.pid(), pid);
});

test('a look that does not end is ended, with its process, and the next one goes on', async () => {
  const path = join(folder, 'good.jpg');
  await writeFile(path, jpeg);
  const size = { mimeType: 'image/jpeg', width: 160, height: 120 };
  const strict = openInspector({ limitMs: 1500 });
  assert.deepEqual(await strict.picture(path, TYPES), size);
  const pid = strict.pid();
  assert.ok(pid);
  process.kill(pid, 'SIGSTOP');
  const hanging = strict.picture(path, TYPES);
  const next = strict.picture(path, TYPES);
  await assert.rejects(hanging, { name: 'MediaFault', problem: 'broken' });
  assert.deepEqual(await next, size);
  assert.notEqual(strict.pid(), pid);
  strict.close();
});

test('a process that is killed is no fault of the picture, unless it happens again', async () => {
  const path = join(folder, 'good-too.jpg');
  await writeFile(path, jpeg);
  const size = { mimeType: 'image/jpeg', width: 160, height: 120 };
  const mortal = openInspector();
  await mortal.picture(path, TYPES);
  const first = mortal.pid();
  assert.ok(first);
  process.kill(first, 'SIGSTOP');
  const looked = mortal.picture(path, TYPES);
  process.kill(first, 'SIGKILL');
  assert.deepEqual(await looked, size, 'looked at by another');
  const idle = mortal.pid();
  assert.ok(idle && idle !== first);
  process.kill(idle, 'SIGKILL');
  while (isAlive(idle)) await pause(5);
  assert.deepEqual(await mortal.picture(path, TYPES), size, 'one that died idle is replaced');
  mortal.close();
});

test('a file that takes two processes with it is broken', {
  skip: process.platform === 'win32',
}, async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const mortal = openInspector({ limitMs: 60_000 });
  const lost = assert.rejects(mortal.film(pipe), { name: 'MediaFault', problem: 'broken' });
  const killed = new Set<number | null>([null]);
  while (killed.size < 3) {
    const pid = mortal.pid();
    if (pid !== null && !killed.has(pid)) process.kill(pid, 'SIGKILL');
    killed.add(pid);
    await pause(2);
  }
  await lost;
  mortal.close();
});

test('a look that is under way when the house closes says nothing about the picture', async () => {
  const path = join(folder, 'late.jpg');
  await writeFile(path, jpeg);
  const closing = openInspector();
  await closing.picture(path, TYPES);
  const pid = closing.pid();
  assert.ok(pid);
  process.kill(pid, 'SIGSTOP');
  const looks = [closing.picture(path, TYPES), closing.picture(path, TYPES)];
  const ends = looks.map((look) =>
    assert.rejects(look, { name: 'Error', message: 'The inspector is closed' }),
  );
  await pause(1);
  closing.close();
  await Promise.all(ends);
  assert.equal(closing.pid(), null);
});

test('an interrupt of the terminal does not reach a look', {
  skip: process.platform === 'win32',
}, async () => {
  const path = join(folder, 'interrupted.jpg');
  await writeFile(path, jpeg);
  const steady = openInspector();
  await steady.picture(path, TYPES);
  const pid = steady.pid();
  assert.ok(pid);
  process.kill(pid, 'SIGINT');
  await steady.picture(path, TYPES);
  await pause(20);
  await steady.picture(path, TYPES);
  assert.equal(steady.pid(), pid);
  steady.close();
});

test('the process that looks knows no setting of the gateway, and goes when it has nothing to do', async () => {
  const path = join(folder, 'again.jpg');
  await writeFile(path, jpeg);
  const brief = openInspector({ idleMs: 50 });
  await brief.picture(path, TYPES);
  const pid = brief.pid();
  assert.ok(pid);
  if (process.platform === 'linux') {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
    const names = environment.split('\0').map((pair) => pair.split('=')[0]);
    assert.deepEqual(
      names.filter((name) => name && !name.startsWith('NODE_CHANNEL')),
      [],
    );
  }
  while (brief.pid() !== null) await pause(10);
  assert.deepEqual(await brief.picture(path, TYPES), { mimeType: 'image/jpeg', width: 160, height: 120 });
  brief.close();
});

test('a small file cannot make the gateway itself large', async () => {
  const before = process.memoryUsage().rss;
  await look(blackPng(7000, 7000));
  await look(
    Buffer.concat([
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
      deflateSync(Buffer.alloc(1_000_000)),
    ]),
  );
  assert.ok(process.memoryUsage().rss - before < 150 * 1024 * 1024);
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
