import { readFile } from 'node:fs/promises';
import type { Moderator } from '../core/ports/world.ts';
import type { Opened } from './house.ts';

/** The judges of prompts: the word lists, and a service where one is set up. */
export async function openModerator({ config, net }: Opened): Promise<Moderator> {
  const { createBench, createRules, readRules } = await import('../moderators/rules.ts');
  const rules = config.moderationRules
    ? readRules(await readFile(config.moderationRules, 'utf8'))
    : undefined;
  const judges = [createRules(rules)];
  if (config.moderationUrl) {
    const { createOpenAiModerator } = await import('../moderators/openai.ts');
    const key = config.moderationKey;
    const upstream = net.upstream({
      baseUrl: config.moderationUrl,
      credential: {},
      secrets: key ? [key] : [],
      callbackUrl: () => null,
    });
    const headers: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {};
    const call: typeof upstream.call = (request) => upstream.call({ ...request, headers });
    judges.push(createOpenAiModerator(call, config.moderationModel));
  }
  return createBench(judges);
}
