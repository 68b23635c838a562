import { fileTypeFromFile } from 'file-type';
import sharp from 'sharp';
import { MediaFault, type Picture } from '../core/ports/net.ts';

const PIXELS_MAX = 50_000_000;

// One picture at a time, nothing kept: this runs in a process that shares the machine with the gateway.
sharp.cache(false);
sharp.concurrency(1);

/** Writes a picture as JPEG, upright, on white where it is transparent; an upstream that takes no other sees it so. */
export async function writeJpeg(path: string, into: string): Promise<number> {
  const image = sharp(path, { limitInputPixels: PIXELS_MAX, failOn: 'error', sequentialRead: true });
  const { size } = await image
    .autoOrient()
    .flatten({ background: '#fff' })
    .jpeg({ quality: 92 })
    .toFile(into);
  return size;
}

/**
 * A picture by its bytes, decoded to the last line. Its size is as it is seen, its orientation applied.
 * Moving pictures are refused: a frame is a still. Throws `MediaFault`, or whatever a decoder throws at a broken file.
 */
export async function inspectPicture(path: string, mimeTypes: readonly string[]): Promise<Picture> {
  const type = await fileTypeFromFile(path);
  if (!type?.mime.startsWith('image/')) throw new MediaFault('unsupported', 'The file is not a picture');
  if (!mimeTypes.includes(type.mime)) {
    throw new MediaFault('unsupported', `Pictures of type ${type.mime} are not taken`);
  }
  // Without sharp's own limit here: it would be told by the text of an error only.
  const { width, height, pages = 1, autoOrient } = await sharp(path, { limitInputPixels: false }).metadata();
  if (width * height > PIXELS_MAX) {
    throw new MediaFault('too_many_pixels', `The picture has more than ${PIXELS_MAX / 1e6} megapixels`);
  }
  if (pages > 1) throw new MediaFault('unsupported', 'Moving pictures are not taken');
  // The least output that still makes the decoder read every line.
  const image = sharp(path, { limitInputPixels: PIXELS_MAX, failOn: 'error', sequentialRead: true });
  await image.resize(1, 1, { fit: 'fill', fastShrinkOnLoad: false }).raw().toBuffer();
  return { mimeType: type.mime, width: autoOrient.width, height: autoOrient.height };
}
