import { EncodedPacketSink, FilePathSource, Input, type InputTrack, MP4, QTFF, WEBM } from 'mediabunny';
import { type Film, MediaFault } from '../core/ports/net.ts';

/**
 * A film by what its container holds: the tracks' tables, and that the first and the last packet of each can be read
 * (a film that was cut short lacks the last). Throws `MediaFault`, or whatever the reader throws at a broken file.
 */
export async function inspectFilm(path: string): Promise<Film> {
  using input = new Input({ source: new FilePathSource(path), formats: [MP4, QTFF, WEBM] });
  if (!(await input.canRead()))
    throw new MediaFault('unsupported', 'The file is not an MP4, QuickTime or WebM film');
  const video = await input.getPrimaryVideoTrack();
  if (!video) throw new MediaFault('broken', 'The film has no picture');
  const audio = await input.getPrimaryAudioTrack();
  await readEnds(video);
  if (audio) await readEnds(audio);
  const codec = await video.getCodec();
  if (!codec) throw new MediaFault('unsupported', 'The codec of the film is unknown');
  return {
    durationMs: Math.round((await input.computeDuration()) * 1000),
    width: await video.getDisplayWidth(),
    height: await video.getDisplayHeight(),
    videoCodec: codec,
    hasAudio: audio !== null,
  };
}

/** Throws a `MediaFault` where the first or the last packet of a track is not there. */
export async function readEnds(track: InputTrack): Promise<void> {
  const packets = new EncodedPacketSink(track);
  const first = await packets.getFirstPacket();
  const last = await packets.getPacket(Number.POSITIVE_INFINITY);
  const broken = !first?.data.byteLength || !last?.data.byteLength;
  if (broken || first.type !== 'key') throw new MediaFault('broken', 'The file cannot be read to its end');
}
