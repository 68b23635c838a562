import { randomBytes } from 'node:crypto';
import {
  createSimulator,
  type NamespaceAdmin,
  type NamespaceSettings,
  type Simulator,
  type SimulatorOptions,
} from './simulator.ts';

/** One test's own part of the simulator. */
export interface TestNamespace extends NamespaceAdmin {
  /** Where a client of that format is pointed at: `kling`, `fal`, `replicate` … */
  baseUrl(format: string): string;
  /** Where the admin API of this namespace is: `GET {adminUrl}/ledger`. */
  readonly adminUrl: string;
}

/** A running simulator, as tests use it. */
export interface TestSimulator {
  readonly url: string;
  /** A fresh namespace: nothing that another test does is seen in it. */
  namespace(settings?: NamespaceSettings): TestNamespace;
  /** Ends it. */
  dispose(): Promise<void>;
}

/** Starts a simulator for a file of tests; it listens on a free port. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<TestSimulator> {
  const simulator = await createSimulator(options);
  return {
    url: simulator.url,
    namespace: (settings) => freshNamespace(simulator, settings),
    dispose: () => simulator.close(),
  };
}

function freshNamespace(simulator: Simulator, settings?: NamespaceSettings): TestNamespace {
  const name = `t${randomBytes(8).toString('hex')}`;
  return {
    ...simulator.admin.namespace(name, settings),
    baseUrl: (format) => `${simulator.url}/ns/${name}/${format}`,
    adminUrl: `${simulator.url}/_sim/${name}`,
  };
}

let shared: Promise<TestSimulator> | null = null;

/**
 * A fixture for vitest: `const it = test.extend({ simulator: simulatorFixture })`. Each test gets a namespace of its
 * own in a simulator that all tests of the process share.
 */
export async function simulatorFixture(
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the source of a fixture and insists on a pattern.
  {}: object,
  use: (namespace: TestNamespace) => Promise<void>,
): Promise<void> {
  shared ??= startSimulator({ background: true });
  const namespace = (await shared).namespace();
  try {
    await use(namespace);
  } finally {
    namespace.dispose();
  }
}
