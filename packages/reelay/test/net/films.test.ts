import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import encoderModule from 'h264-mp4-encoder';
import {
  BufferSource,
  BufferTarget,
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedPacketSink,
  EncodedVideoPacketSource,
  Input,
  MP4,
  Mp4OutputFormat,
  Output,
} from 'mediabunny';
import { type Film, MediaFault, type MediaProblem } from '../../src/core/ports/net.ts';
import { type OpenInspector, openInspector } from '../../src/net/inspector.ts';

const FRAMES = 24;
const FRAMES_A_SECOND = 12;

let folder: string;
let inspector: OpenInspector;
let silent: Buffer;
let sounding: Buffer;
let quick: Buffer;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reelay-films-'));
  inspector = openInspector();
  silent = await film();
  sounding = await repacked(silent, true);
  quick = await repacked(silent, false);
});
after(async () => {
  inspector.close();
  await rm(folder, { recursive: true });
});

/** Two seconds of noise, 64 × 48. */
async function film(): Promise<Buffer> {
  const encoder = await encoderModule.createH264MP4Encoder();
  encoder.width = 64;
  encoder.height = 48;
  encoder.frameRate = FRAMES_A_SECOND;
  encoder.initialize();
  for (let frame = 0; frame < FRAMES; frame++) {
    encoder.addFrameRgba(Uint8Array.from({ length: 64 * 48 * 4 }, (_, at) => (at * (frame + 7) * 31) & 0xff));
  }
  encoder.finalize();
  const bytes = Buffer.from(encoder.FS.readFile(encoder.outputFilename));
  encoder.delete();
  return bytes;
}

/** The same film with its tables in front, and a track of sound beside it if it shall have one. */
async function repacked(bytes: Buffer, sound: boolean): Promise<Buffer> {
  using input = new Input({ source: new BufferSource(bytes), formats: [MP4] });
  const track = await input.getPrimaryVideoTrack();
  const decoderConfig = await track?.getDecoderConfig();
  assert.ok(track && decoderConfig);
  const target = new BufferTarget();
  const output = new Output({ format: new Mp4OutputFormat({ fastStart: 'in-memory' }), target });
  const video = new EncodedVideoPacketSource('avc');
  const audio = new EncodedAudioPacketSource('opus');
  output.addVideoTrack(video);
  if (sound) output.addAudioTrack(audio);
  await output.start();
  for await (const packet of new EncodedPacketSink(track).packets())
    await video.add(packet, { decoderConfig });
  const opus = { codec: 'opus', sampleRate: 48_000, numberOfChannels: 2 };
  for (let at = 0; sound && at < 100; at++) {
    await audio.add(new EncodedPacket(new Uint8Array(40), 'key', at * 0.02, 0.02), { decoderConfig: opus });
  }
  await output.finalize();
  assert.ok(target.buffer);
  return Buffer.from(target.buffer);
}

let written = 0;
async function look(bytes: Uint8Array | string): Promise<Film | MediaProblem> {
  const path = join(folder, `file_${written++}`);
  await writeFile(path, bytes);
  try {
    return await inspector.film(path);
  } catch (error) {
    if (!(error instanceof MediaFault)) throw error;
    return error.problem;
  }
}

test('a film is measured: length, size, codec, and whether it sounds', async () => {
  const seen = { durationMs: 2000, width: 64, height: 48, videoCodec: 'avc' };
  assert.deepEqual(await look(silent), { ...seen, hasAudio: false });
  assert.deepEqual(await look(quick), { ...seen, hasAudio: false });
  assert.deepEqual(await look(sounding), { ...seen, hasAudio: true });
});

test('what is no film is refused', async () => {
  const others: Record<string, Uint8Array | string> = {
    nothing: '',
    text: 'a film, honestly',
    'an error page': '<!doctype html><title>403</title>',
    'a header alone': Buffer.from('00000020667479706d703432000000006d7034316d70343269736f6d61766331', 'hex'),
    'a box of size zero': Buffer.from('00000000667479706d703432', 'hex'),
  };
  for (const [name, bytes] of Object.entries(others)) {
    const found = await look(bytes);
    assert.ok(found === 'unsupported' || found === 'broken', `${name}: ${JSON.stringify(found)}`);
  }
});

test('a film that is cut short anywhere is refused', async () => {
  for (const bytes of [silent, quick, sounding]) {
    for (let part = 1; part < 20; part++) {
      const found = await look(bytes.subarray(0, Math.floor((bytes.length * part) / 20)));
      assert.ok(found === 'broken' || found === 'unsupported', `${part} of 20: ${JSON.stringify(found)}`);
    }
  }
});

test('a table that asks for more memory than there is ends the look, not the gateway', async () => {
  const huge = Buffer.from(silent);
  const sizes = huge.indexOf('stsz');
  huge.writeUInt32BE(0xffff_fff0, sizes + 12);
  const found = await look(huge);
  assert.ok(found === 'broken' || found === 'unsupported', JSON.stringify(found));
  assert.equal(typeof (await look(silent)), 'object', 'the next film is looked into');
});
