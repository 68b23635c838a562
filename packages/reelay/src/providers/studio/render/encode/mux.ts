import { registerAacEncoder } from '@mediabunny/aac-encoder';
import {
  AudioSample,
  AudioSampleSource,
  BufferSource,
  BufferTarget,
  EncodedPacketSink,
  EncodedVideoPacketSource,
  Input,
  MP4,
  Mp4OutputFormat,
  Output,
} from 'mediabunny';

/** Samples a second of every sound track. */
export const SAMPLE_RATE = 48_000;
const AAC_FRAME = 1024;

let registered = false;

/** Two channels of −1..1. */
export interface Stereo {
  readonly left: Float32Array;
  readonly right: Float32Array;
}

/** What a film says of itself in its metadata. */
export interface Tags {
  readonly title: string;
  readonly comment: string;
}

/**
 * How many samples make an AAC track that is not longer than the film: the encoder puts one frame of its own
 * before them.
 */
export function soundSamples(seconds: number): number {
  return (Math.floor((seconds * SAMPLE_RATE) / AAC_FRAME) - 1) * AAC_FRAME;
}

/** Puts the H.264 track of `video` (an MP4) and the sound into one MP4 that plays while it loads. */
export async function mux(
  video: Uint8Array,
  framesPerSecond: number,
  sound: Stereo | null,
  tags: Tags,
): Promise<Uint8Array> {
  const input = new Input({ source: new BufferSource(video), formats: [MP4] });
  const track = await input.getPrimaryVideoTrack();
  const config = await track?.getDecoderConfig();
  if (!track || !config) throw new Error('the encoder gave no video track');
  const target = new BufferTarget();
  const output = new Output({ format: new Mp4OutputFormat({ fastStart: 'in-memory' }), target });
  output.setMetadataTags({ title: tags.title, comment: tags.comment, artist: 'Reelay studio (animatic)' });
  const pictures = new EncodedVideoPacketSource('avc');
  output.addVideoTrack(pictures, { frameRate: framesPerSecond });
  const audio = sound ? audioSource() : null;
  if (audio) output.addAudioTrack(audio);
  await output.start();
  const colorSpace = { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: false } as const;
  const meta = { decoderConfig: { ...config, colorSpace } };
  for await (const packet of new EncodedPacketSink(track).packets()) {
    const timestamp = Math.round(packet.timestamp * framesPerSecond) / framesPerSecond;
    const type = isKey(packet.data) ? 'key' : 'delta';
    await pictures.add(packet.clone({ timestamp, duration: 1 / framesPerSecond, type }), meta);
  }
  pictures.close();
  if (sound && audio) await addSound(audio, sound);
  await output.finalize();
  input.dispose();
  if (!target.buffer) throw new Error('the muxer gave no file');
  return new Uint8Array(target.buffer);
}

/**
 * Whether a picture stands alone (an IDR slice, H.264 7.4.1). The packaged encoder's MP4 calls every picture one, and a
 * player that believes it fails when it seeks.
 */
function isKey(data: Uint8Array): boolean {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at + 4 < data.byteLength; at += 4 + view.getUint32(at)) {
    if ((view.getUint8(at + 4) & 31) === 5) return true;
  }
  return false;
}

function audioSource(): AudioSampleSource {
  if (!registered) registerAacEncoder();
  registered = true;
  return new AudioSampleSource({ codec: 'aac', bitrate: 160_000 });
}

async function addSound(audio: AudioSampleSource, sound: Stereo): Promise<void> {
  const frames = sound.left.length;
  const planar = new Float32Array(frames * 2);
  planar.set(sound.left);
  planar.set(sound.right, frames);
  const sample = new AudioSample({
    data: planar,
    format: 'f32-planar',
    numberOfChannels: 2,
    sampleRate: SAMPLE_RATE,
    timestamp: 0,
  });
  await audio.add(sample);
  sample.close();
  audio.close();
}
