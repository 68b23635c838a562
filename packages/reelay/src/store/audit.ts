import type { Violation } from '../core/ports/store.ts';
import { LAWS } from './laws.ts';
import { DESK_LAWS } from './laws-desk.ts';
import type { Session } from './session.ts';

/** The most ids that are named of one broken law. */
const IDS_MAX = 100;

/** Holds every law against the database in one consistent snapshot, while the gateway goes on. */
export async function audit(session: Session): Promise<readonly Violation[]> {
  return session.with(async (client) => {
    const violations: Violation[] = [];
    await client.query('begin isolation level repeatable read read only');
    try {
      for (const { law, detail, text } of [...LAWS, ...DESK_LAWS]) {
        const { rows } = await client.query<{ id: string }>(
          `select id::text as id from (${text}) broken limit ${IDS_MAX}`,
        );
        if (rows.length > 0) violations.push({ law, ids: rows.map((row) => row.id), detail });
      }
    } finally {
      await client.query('rollback');
    }
    return violations;
  });
}
