// Makes the films of fixtures/films once: `node packages/simulator/scripts/films.ts`. They are committed, so nobody
// needs to run this to use the simulator. The film in a codec other than H.264 comes from a browser (playwright-core).
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { registerAacEncoder } from '@mediabunny/aac-encoder';
import h264 from 'h264-mp4-encoder';
import {
  AudioSample,
  AudioSampleSource,
  BufferSource,
  BufferTarget,
  EncodedPacket,
  EncodedPacketSink,
  EncodedVideoPacketSource,
  Input,
  MP4,
  Mp4OutputFormat,
  Output,
} from 'mediabunny';

const FOLDER = join(import.meta.dirname, '..', 'fixtures', 'films');
const FRAMES_PER_SECOND = 24;
const SAMPLE_RATE = 24_000;
const AAC_FRAME = 1024;

type Motion = 'moving' | 'frozen' | 'black';
interface Track {
  readonly codec: 'avc' | 'vp9';
  readonly config: VideoDecoderConfig;
  readonly packets: readonly EncodedPacket[];
}

const SIZES = {
  '720p-16x9': [1280, 720],
  '720p-9x16': [720, 1280],
  '720p-1x1': [720, 720],
  '1080p-16x9': [1920, 1080],
  '1080p-9x16': [1080, 1920],
  '1080p-1x1': [1080, 1080],
} as const;

/** One I420 frame: a block that wanders over a ground whose colour changes with every key frame. Whole macroblocks compress best. */
function paint(frame: Uint8Array, width: number, height: number, at: number, motion: Motion): void {
  const luma = width * height;
  const chroma = luma / 4;
  const still = motion === 'moving' ? at : 0;
  const scene = Math.floor(still / FRAMES_PER_SECOND / 5);
  frame.fill(motion === 'black' ? 16 : 60 + scene * 40, 0, luma);
  frame.fill(motion === 'black' ? 128 : 100 + scene * 20, luma, luma + chroma);
  frame.fill(motion === 'black' ? 128 : 150 - scene * 30, luma + chroma);
  if (motion === 'black') return;
  const block = Math.floor(Math.min(width, height) / 64) * 16;
  const left = ((Math.floor(still / 2) * 32) % (width - block)) & ~15;
  const top = Math.floor(height / 48) * 16;
  for (let y = top; y < top + block; y++) frame.fill(210, y * width + left, y * width + left + block);
}

async function encode(width: number, height: number, seconds: number, motion: Motion): Promise<Track> {
  const encoder = await h264.createH264MP4Encoder();
  encoder.width = width;
  encoder.height = height;
  encoder.frameRate = FRAMES_PER_SECOND;
  encoder.quantizationParameter = 51;
  encoder.groupOfPictures = FRAMES_PER_SECOND * 5;
  encoder.speed = 10;
  encoder.initialize();
  const frame = new Uint8Array((width * height * 3) / 2);
  for (let at = 0; at < seconds * FRAMES_PER_SECOND; at++) {
    paint(frame, width, height, at, motion);
    encoder.addFrameYuv(frame);
  }
  encoder.finalize();
  const bytes = encoder.FS.readFile(encoder.outputFilename);
  encoder.FS.unlink(encoder.outputFilename);
  encoder.delete();
  return await demux(bytes);
}

async function demux(bytes: Uint8Array): Promise<Track> {
  const input = new Input({ source: new BufferSource(bytes), formats: [MP4] });
  const track = await input.getPrimaryVideoTrack();
  const config = await track?.getDecoderConfig();
  if (!track || !config) throw new Error('the encoder gave no video track');
  const packets: EncodedPacket[] = [];
  for await (const packet of new EncodedPacketSink(track).packets()) packets.push(packet);
  input.dispose();
  return { codec: 'avc', config, packets };
}

/** Puts the first `seconds` of a track and, if asked, a sound of that length into an MP4 that plays while it loads. */
async function mux(track: Track, seconds: number, sound: 'tone' | 'silence' | null): Promise<Uint8Array> {
  const target = new BufferTarget();
  const output = new Output({ format: new Mp4OutputFormat({ fastStart: 'in-memory' }), target });
  const pictures = new EncodedVideoPacketSource(track.codec);
  output.addVideoTrack(pictures, { frameRate: FRAMES_PER_SECOND });
  const audio = sound ? new AudioSampleSource({ codec: 'aac', bitrate: 8_000 }) : null;
  if (audio) output.addAudioTrack(audio);
  await output.start();
  const { codedWidth = 0, codedHeight = 0 } = track.config;
  // A ratio other than 1:1 makes the muxer write a `pasp` box; `square` sets it back, and the simulator stretches it.
  const stretched = { ...track.config, displayAspectWidth: codedWidth * 2, displayAspectHeight: codedHeight };
  for (const [at, packet] of track.packets.entries()) {
    if (at >= Math.round(seconds * FRAMES_PER_SECOND)) break;
    const timestamp = at / FRAMES_PER_SECOND;
    await pictures.add(packet.clone({ timestamp, duration: 1 / FRAMES_PER_SECOND }), {
      decoderConfig: stretched,
    });
  }
  pictures.close();
  if (audio) await addSound(audio, seconds, sound === 'tone');
  await output.finalize();
  if (!target.buffer) throw new Error('the muxer gave no file');
  return square(new Uint8Array(target.buffer), codedWidth, codedHeight);
}

async function addSound(audio: AudioSampleSource, seconds: number, audible: boolean): Promise<void> {
  const samples = Math.max(1, Math.floor((seconds * SAMPLE_RATE) / AAC_FRAME) - 1) * AAC_FRAME;
  const data = new Float32Array(samples);
  if (audible) {
    for (let i = 0; i < samples; i++) data[i] = 0.25 * Math.sin((2 * Math.PI * 220 * i) / SAMPLE_RATE);
  }
  const shape = { format: 'f32-planar', numberOfChannels: 1, sampleRate: SAMPLE_RATE, timestamp: 0 } as const;
  const sample = new AudioSample({ data, ...shape });
  await audio.add(sample);
  sample.close();
  audio.close();
}

function square(film: Uint8Array, width: number, height: number): Uint8Array {
  const view = Buffer.from(film.buffer, film.byteOffset, film.byteLength);
  const pasp = view.indexOf('pasp', 0, 'latin1');
  const tkhd = view.indexOf('tkhd', 0, 'latin1');
  if (pasp < 0 || tkhd < 0) throw new Error('the muxer wrote no pasp or tkhd box');
  view.writeUInt32BE(1, pasp + 4);
  view.writeUInt32BE(1, pasp + 8);
  view.writeUInt32BE(width * 65_536, tkhd + 4 + 76);
  view.writeUInt32BE(height * 65_536, tkhd + 4 + 80);
  return film;
}

interface BrowserChunk {
  readonly key: boolean;
  readonly data: string;
}

/** The same moving film in VP9, which a browser encodes. */
async function encodeVp9(width: number, height: number, seconds: number): Promise<Track> {
  const { default: chromium } = await import('@sparticuz/chromium');
  const { chromium: playwright } = await import('playwright-core');
  const server = createServer((_, res) =>
    res.setHeader('content-type', 'text/html').end('<title>encoder</title>'),
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: chromium.args,
  });
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${port}/`);
  const chunks: BrowserChunk[] = await page.evaluate(
    async ([w = 0, h = 0, frames = 0]) => {
      const out: BrowserChunk[] = [];
      const encoder = new VideoEncoder({
        output: (chunk) => {
          const bytes = new Uint8Array(chunk.byteLength);
          chunk.copyTo(bytes);
          out.push({ key: chunk.type === 'key', data: btoa(String.fromCharCode(...bytes)) });
        },
        error: (error) => {
          throw error;
        },
      });
      encoder.configure({ codec: 'vp09.00.31.08', width: w, height: h, bitrate: 10_000, framerate: 24 });
      const canvas = new OffscreenCanvas(w, h);
      const pen = canvas.getContext('2d');
      if (!pen) throw new Error('no canvas');
      for (let at = 0; at < frames; at++) {
        pen.fillStyle = '#348';
        pen.fillRect(0, 0, w, h);
        pen.fillStyle = '#fd8';
        pen.fillRect((at * 8) % w, 0, w / 4, h);
        const frame = new VideoFrame(canvas, { timestamp: Math.round((at * 1e6) / 24) });
        encoder.encode(frame, { keyFrame: at === 0 });
        frame.close();
      }
      await encoder.flush();
      return out;
    },
    [width, height, seconds * FRAMES_PER_SECOND],
  );
  await browser.close();
  server.close();
  const packets = chunks.map(
    (chunk, at) =>
      new EncodedPacket(
        Buffer.from(chunk.data, 'base64'),
        chunk.key ? 'key' : 'delta',
        at / FRAMES_PER_SECOND,
        1 / 24,
      ),
  );
  return {
    codec: 'vp9',
    config: { codec: 'vp09.00.31.08', codedWidth: width, codedHeight: height },
    packets,
  };
}

async function save(name: string, film: Uint8Array): Promise<void> {
  await writeFile(join(FOLDER, `${name}.mp4`), film);
  console.log(name, film.length);
  if (film.length > 60_000) throw new Error(`${name} is larger than 60 kB`);
}

registerAacEncoder();
for (const [name, [width, height]] of Object.entries(SIZES)) {
  const track = await encode(width, height, 10, 'moving');
  for (const seconds of [5, 10]) {
    await save(`${name}-${seconds}s-mute`, await mux(track, seconds, null));
    await save(`${name}-${seconds}s-sound`, await mux(track, seconds, 'tone'));
  }
  if (name !== '720p-16x9') continue;
  for (const seconds of [5, 10]) await save(`silent-${seconds}s-sound`, await mux(track, seconds, 'silence'));
  await save('short-2s-mute', await mux(track, 2, null));
  await save('short-2s-sound', await mux(track, 2, 'tone'));
  await save('frame-mute', await mux(track, 1 / FRAMES_PER_SECOND, null));
}
for (const motion of ['black', 'frozen'] as const) {
  const track = await encode(1280, 720, 10, motion);
  for (const seconds of [5, 10]) {
    await save(`${motion}-${seconds}s-mute`, await mux(track, seconds, null));
    await save(`${motion}-${seconds}s-sound`, await mux(track, seconds, 'tone'));
  }
}
const vp9 = await encodeVp9(640, 360, 10);
for (const seconds of [5, 10]) {
  await save(`codec-${seconds}s-mute`, await mux(vp9, seconds, null));
  await save(`codec-${seconds}s-sound`, await mux(vp9, seconds, 'tone'));
}
