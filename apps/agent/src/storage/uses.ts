import { AgentError } from '@ostler/agent-contract/errors';
import type { ImageReference, VolumeReference } from '@ostler/agent-contract/values';
import type { VolumeUse } from './storage.ts';

/**
 * Who on this host uses which volume. Other hosts are the manager's business, and the leases'. Pure: nothing here waits,
 * so nothing can come between a look and a claim.
 */
export interface Uses {
  /** Throws `volume_in_use`. The same claim twice is one. */
  claim(volume: VolumeReference, use: VolumeUse): void;
  /** The volumes below a claimed one are read by its user. On a clash nothing is added. */
  cover(volume: VolumeReference, by: VolumeUse['by'], below: readonly VolumeReference[]): void;
  /** All volumes of an image, those to come included, for whoever removes it. */
  claimImage(image: ImageReference, by: VolumeUse['by']): void;
  isClaimed(volume: VolumeReference, by: VolumeUse['by']): boolean;
  release(volume: VolumeReference, by: VolumeUse['by']): void;
  releaseImage(image: ImageReference, by: VolumeUse['by']): void;
  /** Anybody who uses something of the domain. */
  userOf(domain: string): VolumeUse['by'] | undefined;
}

interface Claim {
  readonly domain: string;
  readonly image: string;
  /** Undefined: every volume of the image. */
  readonly volume: string | undefined;
  readonly by: VolumeUse['by'];
  readonly write: boolean;
  /** The claim that brought this one with it: the overlay above. */
  readonly of: string;
}

const everyVolume = 'every volume';

export function uses(): Uses {
  let claims: readonly Claim[] = [];

  function add(claim: Claim): void {
    const clash = claims.find((other) => clashes(claim, other));
    if (clash) throw inUse(claim, clash.by);
    claims = [...claims, claim];
  }
  function drop(domain: string, of: string, by: VolumeUse['by']): void {
    claims = claims.filter((claim) => !(claim.domain === domain && claim.of === of && sameUser(claim.by, by)));
  }
  const has = (domain: string, volume: string, by: VolumeUse['by']) =>
    claims.some((claim) => claim.domain === domain && claim.of === volume && claim.volume === volume && sameUser(claim.by, by));

  return {
    claim({ domain, image, volume }, { by, write }) {
      if (!has(domain, volume, by)) add({ domain, image, volume, by, write, of: volume });
    },
    cover({ domain, volume: of }, by, below) {
      const before = claims;
      try {
        claims = claims.filter((claim) => !(claim.domain === domain && claim.of === of && claim.volume !== of && sameUser(claim.by, by)));
        for (const { image, volume } of below) add({ domain, image, volume, by, write: false, of });
      } catch (error) {
        claims = before;
        throw error;
      }
    },
    claimImage: ({ domain, image }, by) => add({ domain, image, volume: undefined, by, write: true, of: `${everyVolume} ${image}` }),
    isClaimed: ({ domain, volume }, by) => has(domain, volume, by),
    release: ({ domain, volume }, by) => drop(domain, volume, by),
    releaseImage: ({ domain, image }, by) => drop(domain, `${everyVolume} ${image}`, by),
    userOf: (domain) => claims.find((claim) => claim.domain === domain)?.by,
  };
}

/**
 * Two runs may hold one disk for writing: a shareable one. That they may not hold another one is the manager's rule, and
 * QEMU's image lock stands behind it. Two removals of an image want the same. Everyone else who writes is alone.
 */
function clashes(a: Claim, b: Claim): boolean {
  const sameVolume = a.domain === b.domain && a.image === b.image && (a.volume ?? b.volume) === (b.volume ?? a.volume);
  const together = (a.by.kind === 'run' && b.by.kind === 'run') || (a.volume === undefined && b.volume === undefined);
  return sameVolume && !sameUser(a.by, b.by) && (a.write || b.write) && !together;
}

const sameUser = (a: VolumeUse['by'], b: VolumeUse['by']) => a.kind === b.kind && a.id === b.id;

export function inUse({ image, volume }: { image: string; volume: string | undefined }, by: VolumeUse['by']): AgentError {
  const what = volume === undefined ? `A volume of disk ${image}` : `Volume ${volume} of disk ${image}`;
  return new AgentError('volume_in_use', `${what} is used by ${by.kind} ${by.id}`, { by: `${by.kind} ${by.id}` });
}
