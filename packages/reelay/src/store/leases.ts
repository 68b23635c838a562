import type { Session, Statement } from './session.ts';

const RELEASE: Statement = { name: 'release_leases', text: 'select release_leases() as freed' };
const FORGET_NODE: Statement = { name: 'forget_node', text: 'delete from nodes where name = $1' };
const FORGET_OTHERS: Statement = {
  name: 'forget_other_nodes',
  text: 'delete from nodes where $1::text is null or name <> $1',
};

/** What nodes that are gone had claimed: a crash need not cost the lease. */
export interface LeaseStore {
  /**
   * Makes due now what is leased by nodes that are not alive; never a task that is being submitted. @returns how many
   * tasks and letters
   */
  releaseLeases(): Promise<number>;
  /** Says that all nodes but this one are gone: for whoever knows that nobody else can be there. */
  forgetNodes(): Promise<void>;
  /** Says that a node is gone: the last thing that a node does. */
  forgetNode(node: string): Promise<void>;
}

/** @param node this process's own name; null: it has none */
export function leaseStore(session: Session, node: string | null): LeaseStore {
  return {
    async releaseLeases() {
      return (await session.query<{ freed: number }>(RELEASE, []))[0]?.freed ?? 0;
    },
    async forgetNodes() {
      await session.query(FORGET_OTHERS, [node]);
    },
    async forgetNode(name) {
      await session.query(FORGET_NODE, [name]);
    },
  };
}
