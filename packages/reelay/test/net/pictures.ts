import { crc32, deflateSync } from 'node:zlib';

/** A PNG that says it has this size, one bit a pixel, and holds so many all-black lines. */
export function blackPng(width: number, height: number, lines = height): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  const pixels = deflateSync(Buffer.alloc(lines * (1 + Math.ceil(width / 8))));
  return png([
    ['IHDR', header],
    ['IDAT', pixels],
    ['IEND', Buffer.alloc(0)],
  ]);
}

/** An animated PNG of two frames, one pixel each. */
export function movingPng(): Buffer {
  const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
  const control = Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]);
  const frame = (sequence: number) => {
    const bytes = Buffer.alloc(26);
    bytes.writeUInt32BE(sequence, 0);
    bytes.writeUInt32BE(1, 4);
    bytes.writeUInt32BE(1, 8);
    bytes.writeUInt16BE(1, 20);
    bytes.writeUInt16BE(10, 22);
    return bytes;
  };
  const pixel = deflateSync(Buffer.from([0, 128]));
  return png([
    ['IHDR', header],
    ['acTL', control],
    ['fcTL', frame(0)],
    ['IDAT', pixel],
    ['fcTL', frame(1)],
    ['fdAT', Buffer.concat([Buffer.from([0, 0, 0, 2]), pixel])],
    ['IEND', Buffer.alloc(0)],
  ]);
}

/** A JPEG whose frame header is rewritten to another size. */
export function resizedJpeg(jpeg: Buffer, width: number, height: number): Buffer {
  const copy = Buffer.from(jpeg);
  const start = copy.indexOf(Buffer.from([0xff, 0xc0]));
  copy.writeUInt16BE(height, start + 5);
  copy.writeUInt16BE(width, start + 7);
  return copy;
}

function png(chunks: readonly (readonly [type: string, data: Buffer])[]): Buffer {
  const parts = chunks.map(([type, data]) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const check = Buffer.alloc(4);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
  });
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), ...parts]);
}
