import type { Order } from '../core/order.ts';
import type { CredentialField, Provider } from '../core/ports/provider.ts';
import type { Ability } from '../core/routing.ts';
import { BASIS } from './basis.ts';

/** A provider's page of the documentation, made from its adapter and what is known of it. */
export function providerPage(provider: Provider): string {
  const basis = BASIS[provider.name];
  if (!basis) throw new Error(`${provider.name} is not in BASIS`);
  const secret = provider.credential.find((field) => field.required && !field.default);
  const set = secret ? ` --set ${secret.name}=…` : '';
  return [
    `# ${basis.title}`,
    '',
    basis.about,
    '',
    '```',
    `reelay providers add ${provider.name}${set}`,
    `reelay providers test ${provider.name}`,
    '```',
    '',
    `Tier: ${provider.tier}. ${TIERS[provider.tier]}`,
    '',
    '## What it asks for',
    '',
    '| field | what | default | environment |',
    '|---|---|---|---|',
    ...provider.credential.map(fieldRow),
    '',
    '## What it makes, and for how much',
    '',
    ...provider.abilities.flatMap(abilityLines),
    '## Limits',
    '',
    ...limitLines(provider),
    '',
    '## How this is known',
    '',
    'Nothing was tried on the real upstream yet. `reelay providers test` keeps what comes of it with its date, and',
    '`reelay providers list --json` shows it.',
    '',
    '| operation | known |',
    '|---|---|',
    ...Object.entries(basis.operations).map(([operation, known]) => `| ${operation} | ${WORDS[known]} |`),
    '',
    ...basis.notes.map((note) => `- ${note}`),
    '',
  ].join('\n');
}

const TIERS: Readonly<Record<Provider['tier'], string>> = {
  own: 'Your own hardware: tried first, and nothing is billed.',
  value: 'Orders of strategy `auto` and `value` go here first.',
  official: 'Orders of strategy `official` go here, and those of `auto` where no value route can.',
};

const WORDS = { read: 'read in documentation or source', guessed: 'guessed, or told by others' } as const;

function fieldRow({ name, label, required, secret, default: usual, env }: CredentialField): string {
  const what = `${label}${secret ? ' (secret)' : ''}`;
  const otherwise = usual ? `\`${usual}\`` : required ? 'required' : '–';
  return `| \`${name}\` | ${what.replaceAll('|', '\\|')} | ${otherwise} | ${env ? `\`${env}\`` : '–'} |`;
}

function abilityLines(ability: Ability): string[] {
  const { model, modes, durationsSeconds, sound, aspectRatios, lastFrame, promptMax } = ability;
  return [
    `\`${model}\`: ${modes.join(', ')}; ${durationsSeconds.join(' or ')} s; ${aspectRatios.join(', ')}; ${
      sound ? 'with or without sound' : 'silent'
    }; ${lastFrame ? 'may end on a picture' : 'no last frame'}; prompts of up to ${promptMax} characters.`,
    '',
    ...priceLines(ability),
  ];
}

function priceLines({ durationsSeconds, sound, costMicros }: Ability): string[] {
  if (!costMicros) return ['Nothing is billed.', ''];
  const rows = durationsSeconds.flatMap((durationSeconds) =>
    (sound ? [false, true] : [false]).map((withSound) => {
      const dollars = (costMicros(orderOf(durationSeconds, withSound)) / 1e6).toFixed(2);
      return `| ${durationSeconds} s | ${withSound ? 'with sound' : 'silent'} | $${dollars} |`;
    }),
  );
  return ['| film | | list price |', '|---|---|---|', ...rows, ''];
}

function orderOf(durationSeconds: number, sound: boolean): Order {
  return {
    model: '',
    mode: 'text-to-video',
    prompt: '',
    media: [],
    durationSeconds,
    sound,
    resolution: null,
    aspectRatio: null,
    strategy: 'auto',
    extra: {},
  };
}

function limitLines({ limits, resultsLiveMs, pictures, dedupe, cancel }: Provider): string[] {
  const lines = [`- A submit whose answer is lost: ${DOUBTS[dedupe]}.`];
  if (limits?.unfinished)
    lines.push(`- ${limits.unfinished} unfinished jobs at a time, unless \`--concurrency\` says otherwise.`);
  if (limits?.submits) lines.push(`- ${limits.submits.count} submits in ${limits.submits.perMs / 1_000} s.`);
  if (pictures) lines.push(`- Takes ${pictures.join(', ')}; other pictures are made JPEG for it.`);
  lines.push(`- Jobs ${cancel ? 'can' : 'cannot'} be canceled.`);
  if (resultsLiveMs) lines.push(`- Its films stay for ${lifetime(resultsLiveMs)}; they are copied at once.`);
  return lines;
}

const DOUBTS: Readonly<Record<Provider['dedupe'], string>> = {
  key: 'sent again under the same key, which answers the first job',
  lookup: 'looked up by our reference, and sent again only when it is proven absent',
  callback:
    'waited for its callback; refunded where none comes within a day, and the possible cost is recorded',
  free: 'done again, for it costs nothing',
  none: 'waited out for a day, then refunded, and the possible cost is recorded',
};

function lifetime(ms: number): string {
  const hours = ms / 3_600_000;
  return hours > 48 ? `${hours / 24} days` : `${hours} ${hours === 1 ? 'hour' : 'hours'}`;
}
