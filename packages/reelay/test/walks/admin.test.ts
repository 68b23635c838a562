import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../../src/main/serve.ts';
import { openStage } from './stage.ts';

test('an admin token that the operator gives later counts, whatever the database remembers', async () => {
  const stage = await openStage({ REELAY_ADMIN_TOKEN: '' });
  const config = { ...stage.gateway.config, adminToken: 'given-by-the-operator', role: 'api' as const };
  const later = await serve(config, '0.0.0');
  try {
    const asked = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`${later.address}/operator/v1/accounts`, { headers })).status;
    };
    assert.equal(await asked('given-by-the-operator'), 200);
    assert.equal(await asked('guessed-by-somebody'), 401);
  } finally {
    await later.close();
    await stage.close();
  }
});
