import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallName, Input, Mandate } from '@ostler/agent-contract/calls';
import { AgentError } from '@ostler/agent-contract/errors';
import type { VolumeReference } from '@ostler/agent-contract/values';
import { activeDomains, type ActiveDomainsOptions } from './active-domains.ts';
import { places as openPlaces } from './places.ts';
import type { Storage, StorageCalls, VolumeUse } from './storage.ts';
import type { BeginTask, Work } from './tasks-seam.ts';
import { uses } from './uses.ts';

export interface HostStorageOptions {
  readonly stateDir: string;
  readonly begin: BeginTask;
  readonly now: () => number;
  readonly log: ActiveDomainsOptions['log'];
  /** RHV's vdsm:kvm. */
  readonly uid?: number;
  readonly gid?: number;
  /** Milliseconds between two checks of a domain. */
  readonly checkEvery?: number;
}

/** Milliseconds: a mount's own deadline, and some. The contract waits for 60 s. */
const connectPatience = 45_000;

/** All storage of this host: places are connected, domains at them activated, and volumes of these used. */
export async function openHostStorage(options: HostStorageOptions): Promise<Storage> {
  const { stateDir, begin, now, log, uid = 36, gid = 36, checkEvery = 10_000 } = options;
  const mounts = join(stateDir, 'mounts');
  const identities = join(stateDir, 'io');
  await mkdir(mounts, { recursive: true, mode: 0o755 });
  await mkdir(identities, { recursive: true, mode: 0o700 });
  const used = uses();
  const places = openPlaces({ mounts, identities, uid, gid, onState: (key) => domains.checkPlace(key) });
  const domains = await activeDomains({ places, memory: join(stateDir, 'domains.json'), now, log, checkEvery });
  /** Operations that hold a claim as tasks. */
  const claiming = new Set<string>();

  function refuseUsed(domain: string): void {
    const user = used.userOf(domain);
    if (!user) return;
    const by = `${user.kind} ${user.id}`;
    throw new AgentError('volume_in_use', `Storage domain ${domain} is used by ${by}`, { by });
  }

  /** A task holds its claim from before it is begun until it has ended; the same operation once more holds it only once. */
  async function asTask<C extends CallName>(
    call: C,
    input: Input<C>,
    mandate: Mandate,
    claim: { take(by: VolumeUse['by']): void; free(by: VolumeUse['by']): void },
    work: (work: Work) => Promise<unknown>,
  ): Promise<{ task: string }> {
    const { operation } = mandate;
    const by = { kind: 'task', id: operation } as const;
    const first = !claiming.has(operation);
    if (first) claim.take(by);
    claiming.add(operation);
    const free = () => {
      claiming.delete(operation);
      claim.free(by);
    };
    let begun = false;
    try {
      return await begin(call, input, mandate, (given) => {
        begun = true;
        return work(given).finally(free);
      });
    } finally {
      if (first && !begun) free();
    }
  }

  /** A change of a volume that nobody uses meanwhile. */
  async function alone<T>(volume: VolumeReference, { operation }: Mandate, work: () => Promise<T>): Promise<T> {
    const by: VolumeUse['by'] = { kind: 'task', id: operation };
    used.claim(volume, { by, write: true });
    return work().finally(() => used.release(volume, by));
  }

  const placeCalls: Pick<StorageCalls, 'connectStorage' | 'disconnectStorage'> = {
    async connectStorage({ connection }) {
      const before = places.isConnected(connection);
      const driver = await places.connect(connection, connectPatience);
      try {
        await driver.probe();
      } catch (error) {
        if (!before && domains.at(places.key(connection)) === undefined) await places.disconnect(connection).catch(() => undefined);
        throw error;
      }
      return {};
    },
    async disconnectStorage({ connection }) {
      const domain = domains.at(places.key(connection));
      if (domain !== undefined) throw new AgentError('volume_in_use', `Storage domain ${domain} is active at this connection`, { domain });
      await places.disconnect(connection);
      return {};
    },
  };

  const domainCalls: Pick<
    StorageCalls,
    | 'findDomains'
    | 'createDomain'
    | 'attachDomain'
    | 'activateDomain'
    | 'deactivateDomain'
    | 'renameDomain'
    | 'formatDomain'
    | 'domainFacts'
  > = {
    findDomains: async ({ connection }) => ({ domains: [...(await (await places.connected(connection)).findDomains())] }),
    createDomain: async ({ connection, ...domain }) => (await places.connected(connection)).createDomain(domain),
    attachDomain: async ({ connection, ...attachment }) => (await places.connected(connection)).attachDomain(attachment),
    async activateDomain({ domain, connection }) {
      const facts = await (await places.connected(connection)).domainFacts(domain);
      await domains.activate(connection, facts);
      return facts;
    },
    async deactivateDomain({ domain }) {
      refuseUsed(domain);
      await domains.deactivate(domain);
      return {};
    },
    async renameDomain({ domain, name }) {
      await (await domains.driver(domain)).renameDomain(domain, name);
      return {};
    },
    async formatDomain({ domain, connection }) {
      const driver = await places.connected(connection);
      refuseUsed(domain);
      // From now on nobody begins to use it, whether or not it can be erased.
      await domains.deactivate(domain);
      await driver.formatDomain(domain);
      return {};
    },
    domainFacts: async ({ domain }) => (await domains.driver(domain)).domainFacts(domain),
  };

  const volumeCalls: Omit<StorageCalls, keyof typeof placeCalls | keyof typeof domainCalls> = {
    createVolume: async (volume) => (await domains.driver(volume.domain)).createVolume(volume),
    async removeImage(input, { mandate }) {
      const driver = await domains.driver(input.domain);
      const claim = {
        take: (by: VolumeUse['by']) => used.claimImage(input, by),
        free: (by: VolumeUse['by']) => used.releaseImage(input, by),
      };
      return asTask('removeImage', input, mandate, claim, (work) => driver.removeImage(input, { wipe: input.wipe, ...work }));
    },
    volumeFacts: async (volume) => (await domains.driver(volume.domain)).volumeFacts(volume),
    listImages: async ({ domain }) => ({ images: [...(await (await domains.driver(domain)).listImages(domain))] }),
    async extendVolume({ capacity, ...volume }, { mandate }) {
      const driver = await domains.driver(volume.domain);
      return alone(volume, mandate, () => driver.extendVolume(volume, capacity));
    },
    describeVolume: async ({ description, ...volume }) => (await domains.driver(volume.domain)).describeVolume(volume, description),
    async verifyVolume(input, { mandate }) {
      const { declared, ...volume } = input;
      const driver = await domains.driver(volume.domain);
      await driver.volumeFacts(volume);
      // It reads; two that verify the same do each other no harm, and nobody writes meanwhile.
      const claim = {
        take: (by: VolumeUse['by']) => used.claim(volume, { by, write: false }),
        free: (by: VolumeUse['by']) => used.release(volume, by),
      };
      return asTask('verifyVolume', input, mandate, claim, (work) => driver.verifyVolume(volume, { declared, ...work }));
    },
  };

  return {
    calls: { ...placeCalls, ...domainCalls, ...volumeCalls },
    async prepare(volume, use) {
      const driver = await domains.driver(volume.domain);
      const before = used.isClaimed(volume, use.by);
      used.claim(volume, use);
      try {
        const { source, below } = await driver.prepare(volume);
        used.cover(volume, use.by, below);
        return source;
      } catch (error) {
        if (!before) used.release(volume, use.by);
        throw error;
      }
    },
    markIllegal: async (volume) => (await domains.driver(volume.domain)).markIllegal(volume),
    recordCapacity: async (volume, capacity) => (await domains.driver(volume.domain)).recordCapacity(volume, capacity),
    async teardown(volume, by) {
      if (!used.isClaimed(volume, by)) return;
      // A use keeps its domain active.
      await (await domains.driver(volume.domain)).teardown(volume);
      used.release(volume, by);
    },
    health: domains.health,
    onHealth: domains.onHealth,
    async stop() {
      await domains.stop();
      await places.stop();
    },
  };
}
