import assert from 'node:assert/strict';
import {
  AdtsOutputFormat,
  BufferTarget,
  EncodedAudioPacketSource,
  EncodedPacket,
  Mp4OutputFormat,
  OggOutputFormat,
  Output,
  type OutputFormat,
} from 'mediabunny';

/** A tone as 16-bit mono PCM. */
export function wav(seconds: number, sampleRate = 8_000): Buffer {
  const samples = Math.round(seconds * sampleRate);
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples * 2, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples * 2, 40);
  const tone = Int16Array.from({ length: samples }, (_, at) => 8_000 * Math.sin(at / 3));
  return Buffer.concat([header, Buffer.from(tone.buffer)]);
}

/** So many silent frames of MPEG-1 layer III, 128 kbit/s at 44.1 kHz: 1,152 samples each. */
export function mp3(frames: number): Buffer {
  const frame = Buffer.alloc(417);
  frame.writeUInt32BE(0xff_fb_90_00, 0);
  return Buffer.concat(Array.from({ length: frames }, () => frame));
}

/** An AAC-LC frame of stereo silence: 1,024 samples at 48 kHz. */
const AAC_FRAME = Uint8Array.of(0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c);
const AAC = {
  codec: 'mp4a.40.2',
  numberOfChannels: 2,
  sampleRate: 48_000,
  description: Uint8Array.of(0x11, 0x90),
};

/** RFC 7845, 5.1: version 1, two channels, nothing to skip, 48 kHz, no gain. */
const OPUS_HEAD = Buffer.from(`${Buffer.from('OpusHead').toString('hex')}0102000080bb0000000000`, 'hex');
const OPUS = { codec: 'opus', sampleRate: 48_000, numberOfChannels: 2, description: OPUS_HEAD };

export const aac = (frames: number) => packed(new AdtsOutputFormat(), 'aac', frames, 1_024 / 48_000);
export const m4a = (frames: number) =>
  packed(new Mp4OutputFormat({ fastStart: 'in-memory' }), 'aac', frames, 1_024 / 48_000);
/** Frames of 20 ms. */
export const ogg = (frames: number) => packed(new OggOutputFormat(), 'opus', frames, 0.02);

async function packed(
  format: OutputFormat,
  codec: 'aac' | 'opus',
  frames: number,
  seconds: number,
): Promise<Buffer> {
  const target = new BufferTarget();
  const output = new Output({ format, target });
  const audio = new EncodedAudioPacketSource(codec);
  output.addAudioTrack(audio);
  await output.start();
  const decoderConfig = codec === 'aac' ? AAC : OPUS;
  // The first byte of an Opus packet says how long it is: 20 ms, CELT, full band, stereo.
  const data = codec === 'aac' ? AAC_FRAME : Uint8Array.of(0xfc, ...new Uint8Array(30));
  for (let at = 0; at < frames; at += 1) {
    await audio.add(new EncodedPacket(data, 'key', at * seconds, seconds), { decoderConfig });
  }
  await output.finalize();
  assert.ok(target.buffer);
  return Buffer.from(target.buffer);
}
