import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { violations } from './laws/house.ts';
import { codeOf, functionsOf } from './laws/source.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

async function sources() {
  const paths: string[] = [];
  for await (const path of glob('packages/*/src/**/*.{ts,tsx}', { cwd: root })) paths.push(path);
  return paths.sort().map((path) => ({ path, text: readFileSync(root + path, 'utf8') }));
}

describe('the house', () => {
  test('every source keeps the arrows, the homes and the sizes', async () => {
    const all = await sources();
    assert.ok(all.length > 40, `only ${all.length} sources were found`);
    assert.deepEqual(violations(all), []);
  });
});

/** What the checker says of one file, without its path and line. */
function said(path: string, text: string): string[] {
  return violations([{ path: `packages/${path}`, text }]).map((line) => line.replace(/^\S+ /, ''));
}

describe('the checker of the house', () => {
  const arrows: [path: string, from: string, says: string | null][] = [
    ['reelay/src/main.ts', './store/postgres.ts', null],
    ['reelay/src/http/app.ts', '../flow/create.ts', null],
    ['reelay/src/bin.ts', './net/loopback.ts', null],
    ['reelay/src/cli/serve.ts', '../main.ts', 'cli sees main'],
    ['reelay/src/cli/serve.ts', '../net/loopback.ts', 'cli sees net'],
    ['reelay/src/cli/serve.ts', '../http/app.ts', null],
    ['reelay/src/worker/worker.ts', '../flow/advance/keep.ts', null],
    ['reelay/src/flow/create.ts', '../core/task.ts', null],
    ['reelay/src/store/sql/tasks.ts', '../../core/task.ts', null],
    ['reelay/src/store/postgres.ts', '../log.ts', null],
    ['reelay/src/providers/studio/a/b.ts', '../../kling.ts', null],
    ['reelay/src/core/task.ts', '../flow/create.ts', 'core sees flow'],
    ['reelay/src/core/task.ts', '../clock.ts', 'core sees clock'],
    ['reelay/src/core/task.ts', 'zod', 'the core imports zod'],
    ['reelay/src/core/task.ts', 'node:fs', 'the core imports node:fs'],
    ['reelay/src/flow/create.ts', '../store/postgres.ts', 'flow sees store'],
    ['reelay/src/flow/create.ts', '../log.ts', 'flow sees log'],
    ['reelay/src/flow/create.ts', '../worker/worker.ts', 'flow sees worker'],
    ['reelay/src/worker/worker.ts', '../http/app.ts', 'worker sees http'],
    ['reelay/src/http/app.ts', '../store/postgres.ts', 'http sees store'],
    ['reelay/src/http/app.ts', '../surfaces/apixo.ts', 'http sees surfaces'],
    ['reelay/src/surfaces/apixo.ts', '../flow/create.ts', 'surfaces sees flow'],
    ['reelay/src/surfaces/apixo.ts', '../models/catalogue.ts', 'surfaces sees models'],
    ['reelay/src/providers/kling.ts', '../net/open.ts', 'providers sees net'],
    ['reelay/src/store/postgres.ts', '../config.ts', 'store sees config'],
    ['reelay/src/newroom/a.ts', '../files/local.ts', 'newroom sees files'],
    ['reelay/src/log.ts', './config.ts', 'log sees config'],
    [
      'reelay/src/flow/create.ts',
      '../../../client/src/index.ts',
      'imports ../../../client/src/index.ts, outside the gateway',
    ],
    [
      'simulator/src/kling.ts',
      '../../reelay/src/core/task.ts',
      'imports ../../reelay/src/core/task.ts, outside its package',
    ],
    ['reelay/src/store/postgres.ts', 'node:net', 'imports node:net: sockets are opened in net/'],
    ['reelay/src/providers/kling.ts', 'undici', 'imports undici: sockets are opened in net/'],
    ['reelay/src/net/open.ts', 'undici', null],
  ];
  for (const [path, from, says] of arrows) {
    test(`${path} importing ${from}: ${says ?? 'fine'}`, () => {
      const expected = says === null ? [] : [says];
      for (const text of [
        `import { a } from '${from}';\n`,
        `import {\n  a,\n} from "${from}";\n`,
        `const a = await import('${from}');\n`,
        `import '${from}';\n`,
      ]) {
        assert.deepEqual(said(path, text), expected, text);
      }
    });
  }

  const snippets: [path: string, text: string, says: string[]][] = [
    ['reelay/src/flow/a.ts', 'const now = Date.now();', ['reads the clock']],
    ['reelay/src/store/a.ts', 'const now = new Date(5);', ['reads the clock']],
    ['reelay/src/store/a.ts', 'const now = performance.now();', ['reads the clock']],
    ['reelay/src/clock.ts', 'const now = Date.now();', []],
    ['reelay/src/flow/a.ts', "await fetch('https://example.com');", ['goes out by fetch']],
    ['reelay/src/net/a.ts', "await fetch('https://example.com');", []],
    ['reelay/src/http/a.ts', 'await this.#cache.fetch(key);', []],
    ['reelay/src/store/a.ts', 'const url = process.env.DATABASE_URL;', ['reads the environment']],
    ['reelay/src/store/a.ts', "const url = process['env'];", ['reads the environment']],
    ['reelay/src/providers/studio/child.ts', 'const env = process.env;', ['reads the environment']],
    ['reelay/src/config.ts', 'const url = process.env.DATABASE_URL;', []],
    ['reelay/src/http/a.ts', 'await store.commit(change);', ['commits']],
    ['reelay/src/store/a.ts', 'return { async commit(change) {} };', []],
    ['reelay/src/flow/a.ts', 'await store.commit(change);', []],
    ['reelay/src/core/a.ts', 'const a: any = 1;', ['any']],
    ['reelay/src/core/a.ts', 'const a = b as any;', ['any']],
    ['reelay/src/core/a.ts', 'const a = new Map<string, any>();', ['any']],
    ['reelay/src/core/a.ts', 'function f(a: any[]) {}', ['any']],
    ['reelay/src/core/a.ts', '// any caller\nconst a = Promise.any(all);', []],
    ['client/src/a.ts', 'export default 1;', ['a default export']],
    ['client/src/a.ts', 'export { a as default };', ['a default export']],
    ['client/src/a.ts', '// TODO: more', ['a TODO']],
    ['client/src/a.ts', "const a = 'FIXME';", ['a FIXME']],
    ['reelay/src/core/index.ts', "export * from './task.ts';", ['exports what is another file’s']],
    ['reelay/src/core/a.ts', "export { a } from './task.ts';", ['exports what is another file’s']],
    ['client/src/index.ts', "export { a } from './task.ts';", []],
    ['simulator/src/simulator.ts', "export { a } from './task.ts';", []],
    ['simulator/src/server.ts', "export { a } from './task.ts';", ['exports what is another file’s']],
    ['reelay/src/store/a.ts', 'return commits.commit(change);', []],
    ['reelay/src/worker/a.ts', 'return store.commit (change);', ['commits']],
    ['reelay/src/core/a.ts', "// Date.now()\nconst a = 'process.env'; /* fetch() */", []],
    ['reelay/src/core/a.ts', `const a = \`new Date \${b}\`;`, []],
    ['reelay/src/core/a.ts', `const a = \`at \${\`\${Date.now()}\`}\`;`, ['reads the clock']],
    ['reelay/src/core/a.ts', "const a = /['\"]/; const b = Date.now(); const c = '';", ['reads the clock']],
    ['reelay/src/http/a.ts', "import type { Server } from 'node:http';", []],
    ['reelay/src/core/a.ts', '\n'.repeat(301), ['has 301 lines']],
  ];
  for (const [path, text, says] of snippets) {
    test(`${path}: ${text.slice(0, 60).trim()} → ${says.join() || 'fine'}`, () => {
      assert.deepEqual(said(path, text), says);
    });
  }

  test('long functions of every form are found', () => {
    const body = `{\n${'  work();\n'.repeat(70)}}`;
    for (const head of [
      'function f(a: string) ',
      'async function f(a: () => void): Promise<{ a: string }[]> ',
      'const f = (a) => ',
      'const f = async (a): Promise<void> => ',
      'class A { private f(a: string): void ',
      'const a = { f(b) ',
    ]) {
      const tail = head.includes('{ f') || head.startsWith('class') ? ' }' : '';
      const found = said('reelay/src/core/a.ts', `${head}${body}${tail}\n`);
      assert.deepEqual(found, ['a function of 72 lines'], head);
    }
    for (const head of [
      'if (a) ',
      'for (const a of b(c)) ',
      'while (a) ',
      'class A ',
      'interface A ',
      'const a = ',
    ]) {
      assert.deepEqual(said('reelay/src/core/a.ts', `${head}${body}\n`), [], head);
    }
  });

  test('code keeps its lines, and loses its words', () => {
    const text = `const a = 'x\\'y'; // b\n/* c\nd */ const e = /[/'"]/.test(\`f \${g('}')} h\`);\n`;
    const code = codeOf(text);
    assert.equal(code.length, text.length);
    assert.deepEqual(
      code.split('\n').map((line) => line.length),
      text.split('\n').map((line) => line.length),
    );
    assert.doesNotMatch(code, /[bcdfhxy]\b/);
    assert.equal(functionsOf(codeOf('const f = () => { return 1; };')).length, 1);
  });
});
