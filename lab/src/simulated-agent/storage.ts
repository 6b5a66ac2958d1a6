import type { Input, Output, storageCalls } from '@ostler/agent-contract/calls';
import { AgentError } from '@ostler/agent-contract/errors';
import type { News } from '@ostler/agent-contract/event-ring';
import type { AgentImplementation } from '@ostler/agent-contract/implementation';
import type { Connection, DomainHealth, VolumeFacts, VolumeReference } from '@ostler/agent-contract/values';
import type { Clock } from './clock.ts';
import { factsOf, placeOf, takenBy, type SharedStorage, type StoredDomain, type StoredVolume } from './shared-storage.ts';
import type { Tasks } from './tasks.ts';

export type StorageFault = 'ok' | 'failing' | 'hanging' | 'full';

export interface HostStorage {
  readonly calls: Pick<AgentImplementation, keyof typeof storageCalls>;
  health(): DomainHealth[];
  /** Counts a use of a volume by a run, transfer or task; the same use twice is one. */
  use(volume: VolumeReference, by: string, how: { write: boolean; shared: boolean }): Promise<void>;
  /** One volume of a user, or all that it has. */
  release(by: string, volume?: VolumeReference): void;
  /** Under the one who uses it. */
  grow(volume: VolumeReference, capacity: number): Promise<VolumeFacts>;
  stored(volume: VolumeReference): Promise<StoredVolume>;
  uses(): readonly string[];
  /** Connected places and active domains. */
  connections(): readonly string[];
  /** What this host finds from now on when it touches the domain (`*`: any). Other hosts are not touched. */
  setFault(domain: string, fault: StorageFault): void;
  /** The bytes of a volume are not what they claim to be; what a verification will say. */
  corrupt(volume: VolumeReference, lie: string): void;
  /** The host lost power: it uses nothing any more. */
  forgetAll(): void;
}

export interface HostStorageOptions {
  readonly hostId: string;
  readonly storage: SharedStorage;
  readonly clock: Clock;
  readonly tasks: Tasks;
  /** After how many milliseconds a call on hanging storage says so. */
  readonly patience: number;
  readonly publish: (news: News) => void;
}

interface Use {
  readonly volume: StoredVolume;
  readonly by: string;
  readonly write: boolean;
  readonly shared: boolean;
}

export function hostStorage({ hostId, storage, clock, tasks, patience, publish }: HostStorageOptions): HostStorage {
  const connected = new Map<string, Connection>();
  const active = new Map<string, { domain: StoredDomain; connection: Connection }>();
  const uses = new Map<string, Use>();
  const faults = new Map<string, StorageFault>();

  /** Every touch of storage goes through here: it may hang, in time, or fail. */
  async function touch(domain: string): Promise<void> {
    const fault = faults.get(domain) ?? faults.get('*') ?? 'ok';
    if (fault === 'failing') throw new AgentError('storage_failed', `Storage domain ${domain} answers with an input/output error`);
    if (fault !== 'hanging') return;
    await new Promise<void>((resolve) => clock.after(patience, resolve));
    throw new AgentError('storage_hangs', `Storage domain ${domain} has not answered within ${patience} ms`);
  }

  function domainsAt(connection: Connection): Map<string, StoredDomain> {
    if (!connected.has(placeOf(connection, hostId)))
      throw new AgentError('unknown_domain', 'This storage connection is not connected here');
    return storage.domainsAt(connection, hostId);
  }

  async function reached(domain: string, connection: Connection): Promise<StoredDomain> {
    const domains = domainsAt(connection);
    await touch(domain);
    const found = domains.get(domain);
    if (!found) throw new AgentError('unknown_domain', `Storage domain ${domain} is not at this connection`);
    return found;
  }

  async function used(domain: string): Promise<StoredDomain> {
    const found = active.get(domain);
    if (!found) throw new AgentError('unknown_domain', `Storage domain ${domain} is not active on this host`);
    await touch(domain);
    return found.domain;
  }

  async function volumeOf(reference: VolumeReference): Promise<{ domain: StoredDomain; volume: StoredVolume }> {
    const domain = await used(reference.domain);
    const volume = domain.volumes.get(reference.volume);
    if (volume?.facts.image !== reference.image) throw new AgentError('unknown_volume', `There is no volume ${reference.volume}`);
    return { domain, volume };
  }

  function refuseUsed(volume: StoredVolume): void {
    for (const use of uses.values())
      if (use.volume === volume)
        throw new AgentError('volume_in_use', `Volume ${volume.facts.volume} is used by ${use.by}`, { by: use.by });
  }

  const usesOf = (domain: StoredDomain) => [...uses.values()].filter(({ volume }) => [...domain.volumes.values()].includes(volume));

  const healthOf = (domain: string): DomainHealth => {
    const fault = faults.get(domain) ?? faults.get('*') ?? 'ok';
    const found = active.get(domain);
    const at = clock.now();
    if (fault === 'failing' || fault === 'hanging' || !found)
      return { domain, at, state: fault === 'hanging' ? 'hanging' : 'failing', problem: 'Its metadata cannot be read' };
    const { total, available } = factsOf(found.domain);
    return { domain, at, state: 'ok', latency: 1, total, available: fault === 'full' ? 0 : available };
  };
  const tellHealth = (domain: string) => publish({ kind: 'domain', domain: healthOf(domain) });

  function release(by: string, only?: VolumeReference): void {
    for (const [key, use] of uses)
      if (use.by === by && (only === undefined || use.volume.facts.volume === only.volume)) {
        uses.delete(key);
        use.volume.writers.delete(`${hostId} ${by}`);
      }
  }

  const calls: HostStorage['calls'] = {
    async connectStorage({ connection }) {
      await touch('*');
      connected.set(placeOf(connection, hostId), connection);
      return {};
    },
    async disconnectStorage({ connection }) {
      const place = placeOf(connection, hostId);
      const busy = [...active].find(([, domain]) => placeOf(domain.connection, hostId) === place);
      if (busy) throw new AgentError('volume_in_use', `Storage domain ${busy[0]} is active at this connection`, { domain: busy[0] });
      connected.delete(place);
      return {};
    },
    async findDomains({ connection }) {
      await touch('*');
      return { domains: [...domainsAt(connection).values()].map(factsOf) };
    },
    async createDomain({ domain, connection, name, kind }) {
      const domains = domainsAt(connection);
      await touch(domain);
      const [there] = domains.values();
      if (there && !(there.facts.domain === domain && there.facts.name === name && there.facts.kind === kind))
        throw new AgentError('domain_exists', `There is a storage domain ${there.facts.name} already`, { domain: there.facts.domain });
      const made: StoredDomain = there ?? {
        facts: { domain, name, kind, format: 'V5', pool: null, master: false, total: storage.size, available: storage.size },
        masterVersion: 0,
        volumes: new Map(),
      };
      domains.set(domain, made);
      return factsOf(made);
    },
    async attachDomain({ domain, connection, pool, master, masterVersion }) {
      const found = await reached(domain, connection);
      Object.assign(found.facts, { pool, master: pool !== null && master });
      found.masterVersion = masterVersion;
      return factsOf(found);
    },
    async activateDomain({ domain, connection }) {
      const found = await reached(domain, connection);
      if (active.get(domain)?.domain !== found) {
        active.set(domain, { domain: found, connection });
        tellHealth(domain);
      }
      return factsOf(found);
    },
    async deactivateDomain({ domain }) {
      const found = active.get(domain);
      const [use] = found ? usesOf(found.domain) : [];
      if (use) throw new AgentError('volume_in_use', `Storage domain ${domain} is used by ${use.by}`, { by: use.by });
      active.delete(domain);
      return {};
    },
    async renameDomain({ domain, name }) {
      (await used(domain)).facts.name = name;
      return {};
    },
    async formatDomain({ domain, connection }) {
      const domains = domainsAt(connection);
      await touch(domain);
      const found = domains.get(domain);
      const [use] = found ? usesOf(found) : [];
      if (use) throw new AgentError('volume_in_use', `Storage domain ${domain} is used by ${use.by}`, { by: use.by });
      domains.delete(domain);
      active.delete(domain);
      return {};
    },
    domainFacts: async ({ domain }) => factsOf(await used(domain)),

    async createVolume(input) {
      const domain = await used(input.domain);
      const there = domain.volumes.get(input.volume);
      if (there) return sameVolume(there.facts, input);
      const { domain: domainId, image, volume, format, sparse, capacity, legal, description } = input;
      if (input.parent && !domain.volumes.has(input.parent.volume))
        throw new AgentError('unknown_volume', `There is no volume ${input.parent.volume} to lay this one over`);
      const actualSize = takenBy(sparse, capacity);
      if (faults.get(input.domain) === 'full' || actualSize > factsOf(domain).available)
        throw new AgentError('no_space', `Storage domain ${domain.facts.name} is full`);
      const parent = input.parent?.volume ?? null;
      const facts: VolumeFacts = {
        domain: domainId,
        image,
        volume,
        format,
        sparse,
        capacity,
        actualSize,
        legal,
        parent,
        generation: 0,
        description,
        ...(format === 'cow' && { qcowCompat: '1.1' }),
      };
      domain.volumes.set(volume, { facts, writers: new Set() });
      return facts;
    },
    volumeFacts: async (reference) => (await volumeOf(reference)).volume.facts,
    async listImages({ domain }) {
      return { images: [...new Set([...(await used(domain)).volumes.values()].map(({ facts }) => facts.image))] };
    },
    async extendVolume({ capacity, ...reference }) {
      const { volume } = await volumeOf(reference);
      if (capacity < volume.facts.capacity) throw new AgentError('bad_request', 'A volume cannot be made smaller', { field: 'capacity' });
      if (capacity === volume.facts.capacity) return volume.facts;
      refuseUsed(volume);
      volume.facts = { ...volume.facts, capacity, actualSize: volume.facts.sparse ? volume.facts.actualSize : capacity };
      return volume.facts;
    },
    async describeVolume({ description, ...reference }) {
      const { volume } = await volumeOf(reference);
      volume.facts = { ...volume.facts, description };
      return volume.facts;
    },
    async removeImage(input, context) {
      const domain = await used(input.domain);
      const doomed = [...domain.volumes.values()].filter(({ facts }) => facts.image === input.image);
      for (const volume of doomed) refuseUsed(volume);
      return tasks.begin('removeImage', context.mandate.operation, async () => {
        await touch(input.domain);
        for (const { facts } of doomed) domain.volumes.delete(facts.volume);
        return undefined;
      });
    },
    async verifyVolume({ declared, ...reference }, context) {
      const { volume } = await volumeOf(reference);
      refuseUsed(volume);
      return tasks.begin('verifyVolume', context.mandate.operation, async () => {
        await touch(reference.domain);
        const { format, capacity } = volume.facts;
        const lie =
          volume.lie ??
          (format !== declared.format ? `it is ${format}` : capacity !== declared.capacity ? `it has ${capacity} bytes` : undefined);
        if (lie !== undefined) throw new AgentError('image_lies', `The image is not what it says: ${lie}`);
        volume.facts = { ...volume.facts, legal: true };
        return volume.facts;
      });
    },
  };

  return {
    calls,
    health: () => [...active.keys()].map(healthOf),
    async use(reference, by, { write, shared }) {
      const { volume } = await volumeOf(reference);
      const mine = `${hostId} ${by}`;
      if (write)
        for (const use of uses.values())
          if (use.volume === volume && use.by !== by && use.write && !(shared && use.shared))
            throw new AgentError('volume_in_use', `Volume ${reference.volume} is written by ${use.by}`, { by: use.by });
      if (write && !shared && [...volume.writers].some((writer) => writer !== mine))
        storage.violations.push(`${mine} and ${[...volume.writers].join(', ')} write volume ${reference.volume}`);
      if (write) volume.writers.add(mine);
      uses.set(`${reference.volume} ${by}`, { volume, by, write, shared });
    },
    release,
    async grow(reference, capacity) {
      const { volume } = await volumeOf(reference);
      if (capacity < volume.facts.capacity) throw new AgentError('bad_request', 'A disk cannot be made smaller', { field: 'capacity' });
      volume.facts = { ...volume.facts, capacity };
      return volume.facts;
    },
    stored: async (reference) => (await volumeOf(reference)).volume,
    uses: () => [...uses.values()].map(({ by, volume }) => `${by} ${volume.facts.volume}`),
    connections: () => [...connected.keys(), ...active.keys()],
    setFault(domain, fault) {
      faults.set(domain, fault);
      for (const known of active.keys()) if (domain === '*' || domain === known) tellHealth(known);
    },
    corrupt(reference, lie) {
      const volume = active.get(reference.domain)?.domain.volumes.get(reference.volume);
      if (volume) volume.lie = lie;
    },
    forgetAll() {
      for (const { by } of uses.values()) release(by);
      active.clear();
      connected.clear();
    },
  };
}

/** The same volume once more is success; another of its name is not. */
function sameVolume(there: VolumeFacts, wished: Input<'createVolume'>): Output<'createVolume'> {
  const same =
    there.image === wished.image &&
    there.format === wished.format &&
    there.sparse === wished.sparse &&
    there.capacity === wished.capacity &&
    there.parent === (wished.parent?.volume ?? null);
  if (!same) throw new AgentError('volume_exists', `There is another volume ${wished.volume} already`);
  return there;
}
