import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { CredentialField } from '../core/ports/provider.ts';

/**
 * Asks on the terminal for the fields of a credential; secrets are not echoed. What is found in the environment is
 * offered by its name, never shown.
 */
export async function askFor(
  fields: readonly CredentialField[],
  found: ReadonlyMap<string, string>,
): Promise<Record<string, string>> {
  let echoes = true;
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (echoes) process.stdout.write(chunk);
      done();
    },
  });
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  const answers: Record<string, string> = {};
  try {
    for (const field of fields) {
      const offered = found.get(field.env ?? '');
      const usual = offered === undefined ? field.default : `${field.env} of the environment`;
      const optional = field.required || usual ? '' : ' (may be left out)';
      process.stdout.write(`${field.label}${optional}${usual ? ` [${usual}]` : ''}: `);
      echoes = !field.secret;
      const answer = (await terminal.question('')).trim();
      echoes = true;
      if (field.secret) process.stdout.write('\n');
      if (answer !== '') answers[field.name] = answer;
      else if (offered !== undefined) answers[field.name] = offered;
    }
  } finally {
    terminal.close();
  }
  return answers;
}
