import { createSocket } from 'node:dgram';

/** What the server says to a question; null: nothing, ever. The code is DNS's: 0 fine, 2 server failure, 3 no such name. */
export interface Say {
  readonly code?: number;
  readonly records?: readonly (readonly [type: 'A' | 'AAAA' | 'CNAME', data: string])[];
}

/** A name server on loopback (RFC 1035, over UDP) that answers from a script. */
export async function openNameServer(say: (name: string, type: 'A' | 'AAAA', asked: number) => Say | null) {
  const asked = new Map<string, number>();
  const socket = createSocket('udp4').unref();
  socket.on('message', (question, { port, address }) => {
    const { name, type, end } = readQuestion(question);
    const times = (asked.get(`${name} ${type}`) ?? 0) + 1;
    asked.set(`${name} ${type}`, times);
    const reply = say(name, type, times);
    if (reply) socket.send(writeAnswer(question.subarray(0, end), reply), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    at: `127.0.0.1:${socket.address().port}`,
    close: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}

function readQuestion(message: Buffer): { name: string; type: 'A' | 'AAAA'; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), type: message.readUInt16BE(at + 1) === 1 ? 'A' : 'AAAA', end: at + 5 };
}

function writeAnswer(question: Buffer, { code = 0, records = [] }: Say): Buffer {
  const head = Buffer.from(question);
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt32BE(0, 8);
  let owner: Buffer = Buffer.from([0xc0, 12]);
  const answers = records.map(([type, data]) => {
    const content = type === 'CNAME' ? nameOf(data) : addressOf(data);
    const fixed = Buffer.alloc(10);
    fixed.writeUInt16BE({ A: 1, AAAA: 28, CNAME: 5 }[type], 0);
    fixed.writeUInt16BE(1, 2);
    fixed.writeUInt16BE(content.length, 8);
    const record = Buffer.concat([owner, fixed, content]);
    if (type === 'CNAME') owner = content;
    return record;
  });
  return Buffer.concat([head, ...answers]);
}

function nameOf(name: string): Buffer {
  const labels = name.split('.').flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function addressOf(text: string): Buffer {
  if (text.includes('.')) return Buffer.from(text.split('.').map(Number));
  const [left = '', right = ''] = text.split('::');
  const groups = (side: string) =>
    side === '' ? [] : side.split(':').map((group) => Number.parseInt(group, 16));
  const missing = 8 - groups(left).length - groups(right).length;
  const all = text.includes('::')
    ? [...groups(left), ...new Array<number>(missing).fill(0), ...groups(right)]
    : groups(left);
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}
