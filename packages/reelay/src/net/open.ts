import type { Net } from '../core/ports/net.ts';
import type { Upstream } from '../core/ports/provider.ts';
import type { Clock } from '../core/ports/world.ts';
import { canonicalAddress } from './address.ts';
import { guardedConnect } from './connect.ts';
import { openDispatch } from './dispatcher.ts';
import { download } from './download.ts';
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
  /** Also through to what `baseUrls` name: for the results of an upstream that an operator put on a private address. */
  trusting(baseUrls: readonly string[]): Pick<Net, 'judge' | 'download'>;
  /** The transport for one provider; its own base address is trusted, private or not. */
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
  const under = (rules: Policy): Pick<Net, 'judge' | 'download'> => ({
    judge: (url) => {
      const verdict = judgeUrl(url, rules);
      return verdict.ok ? null : verdict.because;
    },
    download: (url, limits) => download(dispatch, rules, url, limits),
  });
  return {
    ...under(policy),
    trusting: (baseUrls) => under(vouched(policy, baseUrls)),
    post: (url, body, headers, timeoutMs) => post(dispatch, policy, clock, { url, body, headers, timeoutMs }),
    upstream: (setup) => openUpstream(dispatch, vouched(policy, [setup.baseUrl]), clock, setup),
    close: () => dispatch.close(),
  };
}

function vouched(policy: Policy, baseUrls: readonly string[]): Policy {
  const pairs = baseUrls.map((text) => pairOf(new URL(text)));
  return { ...policy, allow: new Set([...policy.allow, ...pairs]) };
}
