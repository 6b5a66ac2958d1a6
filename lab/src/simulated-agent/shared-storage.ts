import type { Connection, DomainFacts, GuestFacts, VolumeFacts } from '@ostler/agent-contract/values';

/** One storage domain as it lies on its storage, whichever host looks. */
export interface StoredDomain {
  readonly facts: { -readonly [K in keyof DomainFacts]: DomainFacts[K] };
  masterVersion: number;
  readonly volumes: Map<string, StoredVolume>;
}

export interface StoredVolume {
  /** Of a guest that was saved into it. */
  memory?: GuestFacts;
  facts: VolumeFacts;
  /** What a verification of its bytes will find wrong; undefined for an honest image. */
  lie?: string;
  /** Who writes it: `<host> <use>`. More than one is the disaster that this whole product exists to prevent. */
  readonly writers: Set<string>;
}

/** Storage that several simulated hosts share. A `localfs` belongs to one host alone. */
export interface SharedStorage {
  domainsAt(connection: Connection, host: string): Map<string, StoredDomain>;
  /** Every moment at which two wrote one volume. A test that ends with one in it has found a catastrophe. */
  readonly violations: string[];
  /** Bytes of each new domain. */
  readonly size: number;
  /** Everything that lies anywhere. */
  contents(): StoredDomain[];
}

export function sharedStorage({ size = 2 ** 40 }: { size?: number } = {}): SharedStorage {
  const places = new Map<string, Map<string, StoredDomain>>();
  return {
    size,
    violations: [],
    contents: () => [...places.values()].flatMap((domains) => [...domains.values()]),
    domainsAt(connection, host) {
      const place = placeOf(connection, host);
      const domains = places.get(place) ?? new Map<string, StoredDomain>();
      places.set(place, domains);
      return domains;
    },
  };
}

export function placeOf(connection: Connection, host: string): string {
  switch (connection.type) {
    case 'localfs':
      return `localfs ${host} ${connection.path}`;
    case 'posixfs':
      return `posixfs ${connection.vfsType} ${connection.path}`;
    case 'nfs':
      return `nfs ${connection.address}:${connection.path}`;
  }
}

/** Free space is what no volume has taken. */
export function factsOf(domain: StoredDomain): DomainFacts {
  const taken = [...domain.volumes.values()].reduce((sum, { facts }) => sum + facts.actualSize, 0);
  return { ...domain.facts, available: Math.max(0, domain.facts.total - taken) };
}

/** A new volume: a preallocated one takes its capacity at once, a sparse one next to nothing. */
export const takenBy = (sparse: boolean, capacity: number): number => (sparse ? Math.min(capacity, 196_608) : capacity);
