import { lookup, Resolver } from 'node:dns/promises';

/** Two tries on each family end well before a connection's own limit on names (5 s). */
const TRY_MS = 1000;

/** Every address of a name. Rejects where it has none. */
export type Resolve = (name: string, signal: AbortSignal) => Promise<readonly string[]>;

/**
 * Asks the name servers directly. A name that a customer chose never goes through the system's `getaddrinfo`: that
 * takes one of the few pool threads that file access needs too, for as long as the customer's name server likes.
 * A family that gets no answer is left out, so that a name server which is silent on one does not hide the other.
 * @param servers `address:port`, instead of the system's own
 */
export function publicResolve(servers?: readonly string[]): Resolve {
  return async (name, signal) => {
    signal.throwIfAborted();
    const resolver = new Resolver({ timeout: TRY_MS, tries: 2, maxTimeout: TRY_MS });
    if (servers) resolver.setServers(servers);
    const cancel = () => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
      const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
      const [first] = answers;
      if (addresses.length === 0 && first.status === 'rejected') throw first.reason;
      return addresses;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
}

/** Asks the system (hosts file, search domains): for names that an operator entered. */
export const resolveLocal: Resolve = async (name) => {
  const answers = await lookup(name, { all: true, order: 'verbatim' });
  return answers.map(({ address }) => address);
};
