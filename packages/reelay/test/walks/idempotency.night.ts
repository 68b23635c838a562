import { test } from 'node:test';
import { openFleet } from './processes.ts';
import { raceForKeys } from './race.ts';

test('50 requests at each of 3 processes at once under one key, 200 times: 200 tasks', async () => {
  const fleet = await openFleet(3, 50);
  try {
    await raceForKeys(fleet, 50);
  } finally {
    await fleet.close();
  }
});
