import type { Net } from '../core/ports/net.ts';
import type { Upstream } from '../core/ports/provider.ts';
import type { Clock } from '../core/ports/world.ts';
import { canonicalAddress } from './address.ts';
import { guardedConnect } from './connect.ts';
import { openDispatch } from './dispatcher.ts';
import { download, type ResultAccess } from './download.ts';
import { allowPairs, hostOf, judgeUrl, type Policy, pairOf } from './guard.ts';
import { post } from './post.ts';
import type { Resolve } from './resolve.ts';
import { openUpstream, type UpstreamSetup } from './upstream.ts';

export interface NetOptions {
  readonly clock: Clock;
  /** `host:port` pairs (`REELAY_ALLOW_HOSTS`). */
  readonly allowHosts: readonly string[];
  readonly allowPrivateNetwork: boolean;
  /** This gateway's own address, where nothing of it shall be sent; null where it has none. */
  readonly publicUrl: string | null;
  /** Instead of the real name service: for tests. */
  readonly resolve?: Resolve;
}

/** The door with everything that goes out through it. */
export interface OpenNet extends Net {
  /**
   * Downloads of one upstream's results: its base address is trusted, private or not, and sees the headers given
   * here; everything else is judged like a customer's URL, and sees none of them.
   */
  resultsOf(access: ResultAccess): Pick<Net, 'download'>;
  /** The transport for one provider; its own addresses are trusted, private or not. */
  upstream(setup: UpstreamSetup): Upstream;
  close(): Promise<void>;
}

/** Opens the door. Throws a RangeError on an allow-list that cannot be read. */
export function openNet(options: NetOptions): OpenNet {
  const { clock } = options;
  const own = options.publicUrl === null ? null : hostOf(new URL(options.publicUrl));
  const ownAddress = own === null ? null : canonicalAddress(own);
  const policy: Policy = {
    allow: allowPairs(options.allowHosts),
    allowPrivateNetwork: options.allowPrivateNetwork,
    ownHosts: new Set(own === null ? [] : [own]),
    own: new Set(ownAddress === null ? [] : [ownAddress]),
  };
  const dispatch = openDispatch(
    guardedConnect({ policy, ...(options.resolve ? { resolve: options.resolve } : {}) }),
    clock,
  );
  return {
    judge: (url) => {
      const verdict = judgeUrl(url, policy);
      return verdict.ok ? null : verdict.because;
    },
    download: (url, limits) => download(dispatch, policy, url, limits, null),
    resultsOf: (access) => {
      const rules = vouched(policy, [access.baseUrl]);
      return { download: (url, limits) => download(dispatch, rules, url, limits, access) };
    },
    post: (url, body, headers, timeoutMs) => post(dispatch, policy, clock, { url, body, headers, timeoutMs }),
    upstream: (setup) => {
      const rules = vouched(policy, [setup.baseUrl, ...(setup.addresses ?? [])]);
      return openUpstream(dispatch, rules, clock, setup);
    },
    close: () => dispatch.close(),
  };
}

/** What an operator set up may be reached, private or not. */
function vouched(policy: Policy, addresses: readonly string[]): Policy {
  const pairs = addresses.map((address) => pairOf(new URL(address)));
  return { ...policy, allow: new Set([...policy.allow, ...pairs]) };
}
