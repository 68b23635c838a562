import { resolve } from 'node:path';
import * as z from 'zod';

/** One setting: its environment variable, what it may be, and what it means. */
interface Setting<Schema extends z.ZodType> {
  readonly env: string;
  readonly schema: Schema;
  readonly meaning: string;
  /** For help and docs, where the default is not a plain value. */
  readonly shownDefault?: string;
}

function setting<Schema extends z.ZodType>(
  env: string,
  schema: Schema,
  meaning: string,
  shownDefault?: string,
): Setting<Schema> {
  return { env, schema, meaning, shownDefault };
}

const flag = z
  .enum(['on', 'off', 'true', 'false', '1', '0'])
  .default('off')
  .transform((value) => value === 'on' || value === 'true' || value === '1');

const list = z
  .string()
  .default('')
  .transform((value) => value.split(/[\s,]+/).filter((part) => part !== ''));

const httpUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ''));
const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ });
const positive = (most: number) => z.coerce.number().int().min(1).max(most);

/** Every setting there is. Types, `reelay serve --help` and docs/settings.md are made from this. */
export const SETTINGS = {
  host: setting('REELAY_HOST', z.string().min(1).default('127.0.0.1'), 'Address to listen on'),
  port: setting(
    'REELAY_PORT',
    z.coerce.number().int().min(0).max(65535).default(8787),
    'Port to listen on; 0: any free one',
  ),
  dataDir: setting(
    'REELAY_DATA_DIR',
    z
      .string()
      .default('.reelay')
      .transform((path) => resolve(path)),
    'Folder of the embedded database, the files and the secrets',
    './.reelay',
  ),
  databaseUrl: setting(
    'DATABASE_URL',
    postgresUrl.optional(),
    'PostgreSQL 15 or later instead of the embedded one',
  ),
  databaseDirectUrl: setting(
    'DATABASE_DIRECT_URL',
    postgresUrl.optional(),
    'The database without a pooler in between, for LISTEN and migrations',
    'DATABASE_URL',
  ),
  publicUrl: setting(
    'REELAY_PUBLIC_URL',
    httpUrl.optional(),
    'Base of result links and callback addresses',
    'from host and port',
  ),
  adminToken: setting(
    'REELAY_ADMIN_TOKEN',
    z.string().min(16).max(256).optional(),
    'Token of the operator API',
    'made on first start, kept in the data folder',
  ),
  masterKey: setting(
    'REELAY_MASTER_KEY',
    z.string().min(16).max(1024).optional(),
    'Encrypts credentials and webhook secrets at rest; must be given with DATABASE_URL',
    'made on first start, kept in the data folder',
  ),
  allowHosts: setting(
    'REELAY_ALLOW_HOSTS',
    list,
    'host:port pairs that callbacks and image URLs may reach although private or plain http',
    'none',
  ),
  allowPrivateNetwork: setting(
    'REELAY_ALLOW_PRIVATE_NETWORK',
    flag,
    'The same for every private address: development and tests only',
    'off',
  ),
  trustProxy: setting(
    'REELAY_TRUST_PROXY',
    list,
    'Addresses of proxies whose forwarded headers count',
    'none',
  ),
  role: setting('REELAY_ROLE', z.enum(['all', 'api', 'worker']).default('all'), 'What this process does'),
  corsOrigins: setting(
    'REELAY_CORS_ORIGINS',
    list,
    'Origins whose pages may call the API from a browser',
    'none',
  ),
  logLevel: setting(
    'REELAY_LOG_LEVEL',
    z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    'The least level that is logged',
  ),
  requestsPerMinute: setting(
    'REELAY_REQUESTS_PER_MINUTE',
    positive(100_000_000).default(10_000),
    'Requests a minute of a new key',
  ),
  unfinishedTasks: setting(
    'REELAY_UNFINISHED_TASKS',
    positive(100_000_000).default(1_000),
    'Unfinished tasks at a time of a new key',
  ),
  studioSlots: setting(
    'REELAY_STUDIO_SLOTS',
    z.coerce.number().int().min(0).max(256).default(0),
    'Films the studio renders at once; 0: one per core',
  ),
  creditsPerUsd: setting(
    'REELAY_CREDITS_PER_USD',
    positive(1_000_000).default(100),
    'What current-balance converts credits with',
  ),
  costCapUsd: setting(
    'REELAY_COST_CAP_USD',
    z.coerce.number().positive().optional(),
    'The most US dollars that all attempts of one task may cost upstream',
    'no cap',
  ),
  marginFloorPercent: setting(
    'REELAY_MARGIN_FLOOR_PERCENT',
    z.coerce.number().min(0).max(99).optional(),
    'The share of a task’s price that its upstream must leave; routes that cost more are passed over',
    'off',
  ),
  apixoInsufficientCreditsStatus: setting(
    'REELAY_APIXO_INSUFFICIENT_CREDITS_STATUS',
    z
      .enum(['400', '402'])
      .default('400')
      .transform((status) => (status === '402' ? 402 : 400)),
    'Code of “Insufficient credits” on the APIXO surface',
  ),
  apixoSoundRequired: setting(
    'REELAY_APIXO_SOUND_REQUIRED',
    flag,
    'Whether the APIXO surface refuses an order without `sound`',
    'off',
  ),
  moderationRules: setting(
    'REELAY_MODERATION_RULES',
    z.string().optional(),
    'A JSON file of words and patterns that prompts must not contain: {"words":[],"patterns":[],"defaults":true}',
    'the built-in list',
  ),
  moderationUrl: setting(
    'REELAY_MODERATION_URL',
    httpUrl.optional(),
    'Base URL of an OpenAI-compatible moderation endpoint (…/v1), asked as well',
  ),
  moderationKey: setting('REELAY_MODERATION_KEY', z.string().optional(), 'Its API key'),
  moderationModel: setting(
    'REELAY_MODERATION_MODEL',
    z.string().default('omni-moderation-latest'),
    'Its model',
  ),
} as const;

export type Config = {
  readonly [Name in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[Name]['schema']>;
};

/** A setting that cannot be used; its message names the variable and says why. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the settings: the environment, and over it what a command sets by itself. The only reader of the environment.
 * @throws ConfigError naming every setting that is wrong
 */
export function readConfig(overrides: Readonly<Record<string, string>> = {}): Config {
  const environment = { ...process.env, ...overrides };
  const problems: string[] = [];
  const entries = Object.entries(SETTINGS).map(([name, { env, schema }]) => {
    const raw = environment[env];
    const parsed = schema.safeParse(raw === '' ? undefined : raw);
    if (!parsed.success)
      problems.push(`${env}: ${parsed.error.issues.map((issue) => issue.message).join('; ')}`);
    return [name, parsed.data];
  });
  const config = Object.fromEntries(entries) as Config;
  if (problems.length === 0) problems.push(...contradictions(config));
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return config;
}

/** Which of these variables the environment has: where keys of providers are usually found. */
export function foundInEnvironment(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]] as const] : [])));
}

function contradictions(config: Config): string[] {
  if (config.databaseUrl && !config.masterKey) {
    return [
      'REELAY_MASTER_KEY: must be given with DATABASE_URL, for several machines may share the database',
    ];
  }
  return [];
}

/** The settings as text, for --help. */
export function settingsHelp(): string {
  const rows = Object.values(SETTINGS).map(({ env, meaning, ...one }) => [
    env,
    `${meaning} (${defaultOf(one)})`,
  ]);
  const width = Math.max(...rows.map(([env = '']) => env.length));
  return [
    'Settings (environment):',
    ...rows.map(([env = '', text]) => `  ${env.padEnd(width)}  ${text}`),
  ].join('\n');
}

/** The settings as a page of the documentation. */
export function settingsPage(): string {
  const rows = Object.values(SETTINGS).map(
    (one) => `| \`${one.env}\` | ${defaultOf(one)} | ${one.meaning} |`,
  );
  return [
    '# Settings',
    '',
    'All of them are environment variables.',
    '',
    '| setting | default | meaning |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function defaultOf({ schema, shownDefault }: { schema: z.ZodType; shownDefault?: string }): string {
  if (shownDefault) return shownDefault;
  const parsed = schema.safeParse(undefined);
  return parsed.success && parsed.data !== undefined ? String(parsed.data) : 'none';
}
