import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';

/** Where a connection breaks: before the server hears the request, or after it has answered and before we hear that. */
export type Cut = 'before the request' | 'before the answer';

/** Something between the gateway and the database that breaks connections when told to. */
export interface Cutter {
  /** How to reach the database through it. */
  readonly connection: pg.PoolConfig;
  /** Breaks the next connection that sends a request in which `word` appears, as often as told. */
  cut(how: Cut, word: string, times?: number): void;
  /** How many connections were broken. */
  readonly cuts: number;
  /** Refuses everything until `mend`. */
  sever(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function openCutter(target: pg.PoolConfig): Promise<Cutter> {
  const folder = await mkdtemp(join(tmpdir(), 'cut-'));
  const upstream = join(String(target.host), `.s.PGSQL.${target.port}`);
  const sockets = new Set<Socket>();
  let armed: { how: Cut; word: string; times: number } | null = null;
  let severed = false;
  let cuts = 0;

  const server = createServer((near) => {
    if (severed) return near.destroy();
    const far = createConnection(upstream);
    let deaf = false;
    const drop = () => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', drop);
      socket.on('close', () => {
        sockets.delete(socket);
        drop();
      });
    }
    near.on('data', (data) => {
      if (armed && data.includes(armed.word)) {
        const { how } = armed;
        armed.times -= 1;
        if (armed.times === 0) armed = null;
        cuts += 1;
        if (how === 'before the request') return drop();
        deaf = true;
      }
      far.write(data);
    });
    far.on('data', (data) => {
      if (deaf) drop();
      else near.write(data);
    });
  });
  await new Promise<void>((resolve) => server.listen(join(folder, '.s.PGSQL.5432'), resolve));

  return {
    connection: { ...target, host: folder, port: 5432 },
    cut: (how, word, times = 1) => {
      armed = { how, word, times };
    },
    get cuts() {
      return cuts;
    },
    sever() {
      severed = true;
      for (const socket of sockets) socket.destroy();
    },
    mend() {
      severed = false;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
