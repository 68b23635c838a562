import { spawn } from 'node:child_process';
import { once } from 'node:events';
import h264 from 'h264-mp4-encoder';

/** Takes I420 frames one by one and gives an MP4 with nothing but the H.264 track. */
export interface VideoEncoder {
  add(i420: Uint8Array): Promise<void>;
  finish(): Promise<Uint8Array>;
}

/** The measures of a film, and how finely it is quantised (10 finest .. 51). */
export interface VideoShape {
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly quantiser: number;
}

/** The encoder that comes with the package: WebAssembly, Baseline profile, the same on every machine. */
export async function packagedEncoder(shape: VideoShape): Promise<VideoEncoder> {
  const encoder = await h264.createH264MP4Encoder();
  encoder.width = shape.width;
  encoder.height = shape.height;
  encoder.frameRate = shape.framesPerSecond;
  encoder.quantizationParameter = shape.quantiser;
  encoder.groupOfPictures = shape.framesPerSecond * 2;
  encoder.speed = 10;
  // The file system inside is shared by all encoders of a process: each needs a name of its own.
  encoder.outputFilename = `${shape.width}x${shape.height}.mp4`;
  encoder.initialize();
  return {
    async add(i420) {
      encoder.addFrameYuv(i420);
    },
    async finish() {
      encoder.finalize();
      const bytes = encoder.FS.readFile(encoder.outputFilename);
      encoder.FS.unlink(encoder.outputFilename);
      encoder.delete();
      return bytes;
    },
  };
}

/** Whether a system ffmpeg with x264 is on the PATH. */
export async function findFfmpeg(): Promise<boolean> {
  const probe = spawn('ffmpeg', ['-hide_banner', '-encoders'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let listed = '';
  probe.stdout.on('data', (chunk: Buffer) => {
    listed += chunk.toString('latin1');
  });
  return await new Promise((resolve) => {
    probe.once('error', () => resolve(false));
    probe.once('close', (code) => resolve(code === 0 && listed.includes('libx264')));
  });
}

/** The system's ffmpeg, fed through a pipe: faster, and High profile. Throws when it ends with an error. */
export function systemEncoder(shape: VideoShape): VideoEncoder {
  const { width, height, framesPerSecond } = shape;
  const input = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'yuv420p',
    '-s',
    `${width}x${height}`,
    '-r',
    `${framesPerSecond}`,
  ];
  const codec = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', `${shape.quantiser - 5}`, '-bf', '0'];
  const keys = ['-g', `${framesPerSecond * 2}`, '-pix_fmt', 'yuv420p'];
  const container = ['-f', 'mp4', '-movflags', 'frag_keyframe+empty_moov', 'pipe:1'];
  const child = spawn('ffmpeg', ['-v', 'error', ...input, '-i', 'pipe:0', ...codec, ...keys, ...container], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`ffmpeg ended with ${code}`))));
  });
  // A dead pipe shows as the exit code; the error of the write itself says nothing more.
  child.stdin.on('error', () => undefined);
  closed.catch(() => undefined);
  return {
    async add(i420) {
      if (!child.stdin.write(Buffer.from(i420))) await Promise.race([once(child.stdin, 'drain'), closed]);
    },
    async finish() {
      child.stdin.end();
      await closed;
      return Buffer.concat(chunks);
    },
  };
}
