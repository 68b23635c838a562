import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import chromium from '@sparticuz/chromium';
import type { Browser } from 'playwright-core';
import { chromium as launcher } from 'playwright-core';

/** A real Chromium: the system's where there is one, else the one that comes inside an npm package. */
export async function openBrowser(): Promise<Browser> {
  const installed = '/usr/bin/chromium';
  if (existsSync(installed)) {
    return launcher.launch({
      executablePath: installed,
      args: ['--no-sandbox', '--disable-gpu', '--mute-audio'],
    });
  }
  // So that the package unpacks the libraries which a bare machine lacks.
  process.env.AWS_EXECUTION_ENV = 'AWS_Lambda_nodejs22.x';
  process.env.AWS_LAMBDA_JS_RUNTIME = 'nodejs22.x';
  return launcher.launch({ executablePath: await chromium.executablePath(), args: chromium.args });
}

/** Serves one film with ranges, as players ask for them, and a page that shows it. */
export async function serveFilm(film: Uint8Array): Promise<{ readonly page: string; close(): void }> {
  const server = createServer((request, reply) => {
    if (request.url !== '/film.mp4') {
      reply.writeHead(200, { 'content-type': 'text/html' }).end('<video src="/film.mp4" muted></video>');
      return;
    }
    const [, start = '0', end = ''] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
    const from = Number(start);
    const to = end === '' ? film.length - 1 : Number(end);
    reply.writeHead(request.headers.range ? 206 : 200, {
      'content-type': 'video/mp4',
      'accept-ranges': 'bytes',
      'content-range': `bytes ${from}-${to}/${film.length}`,
      'content-length': to - from + 1,
    });
    reply.end(film.subarray(from, to + 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const { port } = server.address() as AddressInfo;
  return {
    page: `http://127.0.0.1:${port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
