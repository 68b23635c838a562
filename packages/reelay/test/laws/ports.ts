import type { Files } from '../../src/core/ports/files.ts';
import { FileTooLarge, StorageFull } from '../../src/core/ports/files.ts';
import type { Inspector, Net, PostReply } from '../../src/core/ports/net.ts';
import { MediaFault } from '../../src/core/ports/net.ts';
import type { Moderator } from '../../src/core/ports/world.ts';
import { ModerationUnavailable } from '../../src/core/ports/world.ts';
import type { FileId } from '../../src/core/values.ts';
import type { Life, Stage } from './stage.ts';

/** What a receiver of callbacks was sent, by the id of the message. */
export interface Received {
  readonly bodies: Set<string>;
  accepted: number;
}

/** The disk, the net and the judges of a story: shared by all processes, and as unreliable as the story wants. */
export class Surroundings {
  readonly disk = new Map<FileId, string>();
  readonly received = new Map<string, Received>();
  readonly #stage: Stage;
  readonly #storm: number;
  /** No two downloads give the same bytes: only then a mix-up shows. */
  #served = 0;

  constructor(stage: Stage, storm: number) {
    this.#stage = stage;
    this.#storm = storm;
  }

  #trouble(share: number): boolean {
    return this.#stage.dice.chance(this.#storm * share);
  }

  files(life: Life): Files {
    const { disk } = this;
    return {
      keep: (id, source) =>
        this.#stage.port(life, 'keep', async () => {
          if (this.#trouble(0.1)) throw new StorageFull('full');
          if (this.#trouble(0.02)) throw new FileTooLarge('too large');
          if ('path' in source && this.#trouble(0.1)) {
            throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
          }
          const content = 'path' in source ? `${source.path}#${this.#next()}` : await text(source.stream);
          disk.set(id, content);
          return { bytes: content.length, sha256: `sha of ${content}` };
        }),
      path: async (id) => (disk.has(id) ? `/disk/${id}` : null),
      stat: async (id) => (disk.has(id) ? { bytes: disk.get(id)?.length ?? 0 } : null),
      open: async () => null,
      remove: (id) =>
        this.#stage.port(life, 'remove', async () => {
          disk.delete(id);
        }),
      room: async () => {
        if (this.#trouble(0.05)) throw new StorageFull('full');
      },
    };
  }

  net(life: Life): Net {
    return {
      judge: () => null,
      download: (url) =>
        this.#stage.port(life, 'download', async () => {
          if (this.#trouble(0.2))
            throw new MediaFault(this.#stage.dice.pick(['unreachable', 'forbidden']), 'x');
          return this.#stream(url);
        }),
      post: (url, body, headers) => this.#stage.port(life, 'post', () => this.#post(url, body, headers)),
    };
  }

  async *#stream(url: string): AsyncIterable<Uint8Array> {
    if (this.#trouble(0.1)) throw new MediaFault('broken_off', 'x');
    yield new TextEncoder().encode(`${url}#${this.#next()}`);
  }

  async #post(url: string, body: string, headers: Readonly<Record<string, string>>): Promise<PostReply> {
    const { dice } = this.#stage;
    const reply = { durationMs: 5, excerpt: '', retryAfterMs: null, error: null };
    if (url.includes('dead') || this.#trouble(0.4)) {
      const status = dice.pick([null, 500, 302, 410, 429]);
      return {
        ...reply,
        status,
        retryAfterMs: dice.pick([null, 60_000, 10 ** 12]),
        error: status ? null : 'reset',
      };
    }
    const id = headers['webhook-id'] ?? '';
    const mail = this.received.get(id) ?? { bodies: new Set(), accepted: 0 };
    this.received.set(id, mail);
    mail.bodies.add(body);
    // It arrived, but the answer may not.
    if (this.#trouble(0.2)) return { ...reply, status: null, error: 'reset' };
    mail.accepted += 1;
    return { ...reply, status: dice.pick([200, 204]) };
  }

  inspector(life: Life): Inspector {
    const look = (path: string) =>
      this.#stage.port(life, 'inspect', async () => {
        if (this.#trouble(0.05)) throw new MediaFault('broken', 'x');
        return this.disk.get(path.slice('/disk/'.length) as FileId) ?? '';
      });
    return {
      picture: async (path) => {
        await look(path);
        return { mimeType: 'image/png', width: 800, height: this.#trouble(0.1) ? 100 : 600 };
      },
      jpeg: async (path) => ({ path, bytes: 1, dispose: async () => {} }),
      sound: async () => ({ mimeType: 'audio/wav', durationMs: 1_000 }),
      film: async (path) => {
        const name = (await look(path)).split('#')[0]?.split('/').at(-1) ?? '';
        if (name === 'garbage') throw new MediaFault('broken', 'not a film');
        const [durationMs = 0, width = 0, height = 0] = name.split(',').map(Number);
        return { durationMs, width, height, videoCodec: 'avc', hasAudio: name.endsWith('sound') };
      },
    };
  }

  moderator(life: Life): Moderator {
    return {
      judge: () =>
        this.#stage.port(life, 'moderate', async () => {
          if (this.#trouble(0.1)) throw new ModerationUnavailable('no answer');
          return this.#trouble(0.05) ? { allowed: false, reason: 'a listed word' } : { allowed: true };
        }),
    };
  }

  #next(): number {
    this.#served += 1;
    return this.#served;
  }
}

async function text(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let whole = '';
  for await (const chunk of stream) whole += new TextDecoder().decode(chunk);
  return whole;
}
