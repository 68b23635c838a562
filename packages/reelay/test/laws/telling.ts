import { MemoryStore } from '../contract/store/memory.ts';
import { memoryBackend } from './backend.ts';
import type { Verbs } from './gateway.ts';
import { broken } from './laws.ts';
import type { Crashes } from './stage.ts';
import type { Plan } from './story.ts';
import { Story } from './story.ts';

export interface Telling {
  readonly story: Story;
  /** Which laws it broke, in words. */
  readonly broken: readonly string[];
}

/** Plays a story on a store in memory and holds the laws against it. A test may break a verb or the store. */
export async function told(
  plan: Plan,
  options: {
    readonly verbs?: Partial<Verbs>;
    readonly crashes?: Crashes;
    readonly store?: typeof MemoryStore;
  } = {},
): Promise<Telling> {
  const Kind = options.store ?? MemoryStore;
  const story = new Story(
    plan,
    (stage, journal) => memoryBackend(new Kind(() => stage.now), journal, () => stage.now),
    options,
  );
  await story.play();
  return { story, broken: await broken(story) };
}
