import { storeContract } from './contract.ts';
import { MemoryStore } from './memory.ts';

storeContract('the store in memory', async () => {
  let now = Date.now();
  return {
    store: new MemoryStore(() => now),
    pass: async (ms) => {
      now += ms;
    },
    now: async () => now,
    close: async () => {},
  };
});
