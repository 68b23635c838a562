import {
  ADTS,
  FilePathSource,
  Input,
  type InputFormat,
  MP3,
  MP4,
  OGG,
  UnsupportedInputFormatError,
  WAVE,
} from 'mediabunny';
import { MediaFault, type Sound } from '../core/ports/net.ts';
import { readEnds } from './film.ts';

/** The containers that are read, by the types they have where they hold sound alone. */
const TYPES: ReadonlyMap<InputFormat, string> = new Map<InputFormat, string>([
  [MP3, 'audio/mpeg'],
  [MP4, 'audio/mp4'],
  [WAVE, 'audio/wav'],
  [ADTS, 'audio/aac'],
  [OGG, 'audio/ogg'],
]);

/**
 * A sound by what its container holds; what it is, its bytes say. Throws `MediaFault`, or whatever the reader throws at
 * a broken file.
 */
export async function inspectSound(path: string): Promise<Sound> {
  using input = new Input({ source: new FilePathSource(path), formats: [...TYPES.keys()] });
  const mimeType = TYPES.get(await formatOf(input));
  const audio = await input.getPrimaryAudioTrack();
  if (!mimeType || !audio) throw new MediaFault('unsupported', 'The file has no sound');
  if (await input.getPrimaryVideoTrack()) throw new MediaFault('unsupported', 'The file is a film');
  await readEnds(audio);
  if (!(await audio.getCodec())) throw new MediaFault('unsupported', 'The codec of the sound is unknown');
  const durationMs = Math.round((await input.computeDuration()) * 1000);
  if (durationMs <= 0) throw new MediaFault('broken', 'The sound has no length');
  return { mimeType, durationMs };
}

async function formatOf(input: Input): Promise<InputFormat> {
  try {
    return await input.getFormat();
  } catch (error) {
    if (!(error instanceof UnsupportedInputFormatError)) throw error;
    throw new MediaFault('unsupported', 'The file is not an MP3, MP4, WAV, AAC or Ogg sound');
  }
}
