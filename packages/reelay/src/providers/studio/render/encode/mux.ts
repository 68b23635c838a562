import {
  AudioSample,
  AudioSampleSource,
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

/** Samples a second of every sound track. */
export const SAMPLE_RATE = 48_000;
const AAC_FRAME = 1024;

/** An AAC-LC frame of stereo silence, and what a decoder must know of it: what the encoder gives for zeros. */
const SILENT_FRAME = Uint8Array.of(0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c);
const SILENT_CONFIG = {
  codec: 'mp4a.40.2',
  numberOfChannels: 2,
  sampleRate: SAMPLE_RATE,
  description: Uint8Array.of(0x11, 0x90),
};

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
  sound: Stereo | { readonly silentSeconds: number } | null,
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
  const audio =
    sound && 'left' in sound ? await openSound(sound) : sound ? openSilence(sound.silentSeconds) : null;
  if (audio) output.addAudioTrack(audio.source);
  await output.start();
  const colorSpace = { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: false } as const;
  const meta = { decoderConfig: { ...config, colorSpace } };
  for await (const packet of new EncodedPacketSink(track).packets()) {
    const timestamp = Math.round(packet.timestamp * framesPerSecond) / framesPerSecond;
    const type = isKey(packet.data) ? 'key' : 'delta';
    await pictures.add(packet.clone({ timestamp, duration: 1 / framesPerSecond, type }), meta);
  }
  pictures.close();
  await audio?.write();
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

/** A sound track that is yet to be written. */
interface SoundTrack {
  readonly source: AudioSampleSource | EncodedAudioPacketSource;
  write(): Promise<void>;
}

/** The encoder is loaded with the first sound: a silent film never waits for it. */
async function openSound(sound: Stereo): Promise<SoundTrack> {
  if (!registered) (await import('@mediabunny/aac-encoder')).registerAacEncoder();
  registered = true;
  const source = new AudioSampleSource({ codec: 'aac', bitrate: 160_000 });
  return {
    source,
    async write() {
      const frames = sound.left.length;
      const planar = new Float32Array(frames * 2);
      planar.set(sound.left);
      planar.set(sound.right, frames);
      const shape = {
        format: 'f32-planar',
        numberOfChannels: 2,
        sampleRate: SAMPLE_RATE,
        timestamp: 0,
      } as const;
      const sample = new AudioSample({ ...shape, data: planar });
      await source.add(sample);
      sample.close();
      source.close();
    },
  };
}

function openSilence(seconds: number): SoundTrack {
  const source = new EncodedAudioPacketSource('aac');
  return {
    source,
    async write() {
      const step = AAC_FRAME / SAMPLE_RATE;
      const frames = soundSamples(seconds) / AAC_FRAME + 1;
      for (let i = 0; i < frames; i++) {
        await source.add(new EncodedPacket(SILENT_FRAME, 'key', i * step, step), {
          decoderConfig: SILENT_CONFIG,
        });
      }
      source.close();
    },
  };
}
