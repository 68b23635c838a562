import { collectDefaultMetrics, Registry } from 'prom-client';

/** The metrics of this process; rooms add theirs. */
export function createMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
