import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { pages } from '../../../../scripts/docs.ts';

const root = new URL('../../../../', import.meta.url);

test('pages made from code are as the code says (npm run docs)', () => {
  for (const [path, content] of pages())
    assert.equal(readFileSync(new URL(path, root), 'utf8'), content, path);
});

test('every link between the documents leads somewhere', () => {
  for (const name of [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'STYLE.md',
    'SECURITY.md',
    'CHANGELOG.md',
  ]) {
    const text = readFileSync(new URL(name, root), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      assert.ok(existsSync(new URL(target, root)), `${name} links to ${target}`);
    }
  }
});
