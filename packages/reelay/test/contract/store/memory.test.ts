import { disabledNews, QUOTA_BYTES, storeContract } from './contract.ts';
import { MemoryStore } from './memory.ts';

storeContract('the store in memory', async () => {
  let now = Date.now();
  const store = new MemoryStore(() => now);
  Object.assign(store, { uploadQuotaBytes: QUOTA_BYTES, disabledNews });
  return {
    store,
    async as(node, act) {
      store.node = node;
      return act(store).finally(() => {
        store.node = null;
      });
    },
    pass: async (ms) => {
      now += ms;
    },
    now: async () => now,
    close: async () => {},
  };
});
