import type { DomainFacts, ImageReference, NewVolume, VolumeFacts, VolumeFormat, VolumeReference } from '@ostler/agent-contract/values';
import type { Attachment, Progress } from './io-protocol.ts';
import type { VolumeSource } from './storage.ts';

/**
 * One place where storage domains are (a mount, a volume group, a Ceph pool), as the host's storage uses it. Every method
 * ends in time: with an answer, an AgentError, or `storage_hangs`. Every change may be repeated, also when the last
 * attempt broke off anywhere inside.
 */
export interface StorageDriver {
  readonly capabilities: Capabilities;
  /** Whether domains can be kept there; the error says what is missing. */
  probe(): Promise<void>;
  findDomains(): Promise<readonly DomainFacts[]>;
  createDomain(domain: { domain: string; name: string; kind: DomainFacts['kind'] }): Promise<DomainFacts>;
  attachDomain(attachment: Attachment): Promise<DomainFacts>;
  renameDomain(domain: string, name: string): Promise<void>;
  formatDomain(domain: string): Promise<void>;
  domainFacts(domain: string): Promise<DomainFacts>;
  /** Ends what was interrupted. */
  sweep(domain: string): Promise<void>;
  check(domain: string): Promise<{ latency: number; total: number; available: number }>;

  createVolume(volume: NewVolume): Promise<VolumeFacts>;
  removeImage(image: ImageReference, how: { wipe: boolean } & Long): Promise<void>;
  volumeFacts(volume: VolumeReference): Promise<VolumeFacts>;
  listImages(domain: string): Promise<readonly string[]>;
  /** Not while anybody has it open; a running guest's disk is grown through QEMU. */
  extendVolume(volume: VolumeReference, capacity: number): Promise<VolumeFacts>;
  /** Only the metadata: whoever has the volume open has grown it. */
  recordCapacity(volume: VolumeReference, capacity: number): Promise<VolumeFacts>;
  describeVolume(volume: VolumeReference, description: string): Promise<VolumeFacts>;
  /** Until `verifyVolume` finds it to be what it shall be. */
  markIllegal(volume: VolumeReference): Promise<VolumeFacts>;
  verifyVolume(volume: VolumeReference, how: { declared: { format: VolumeFormat; capacity: number } } & Long): Promise<VolumeFacts>;
  /** Makes it usable here: nothing for a file, activating a logical volume, mapping an image. */
  prepare(volume: VolumeReference): Promise<Prepared>;
  teardown(volume: VolumeReference): Promise<void>;

  state(): 'ok' | 'hanging';
  onState(changed: (state: 'ok' | 'hanging') => void): void;
  stop(): Promise<void>;
}

export interface Long {
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

export interface Prepared {
  readonly source: VolumeSource;
  readonly facts: VolumeFacts;
  /** What it lies on, nearest first. */
  readonly below: readonly VolumeReference[];
}

/** What this kind of storage can do at all; the manager's rules ask before they plan. */
export interface Capabilities {
  /** Volumes can be laid over others (qcow2); where not, snapshots are the storage's own. */
  readonly chains: boolean;
  /** Volumes must be extended while a guest fills them (thin on block storage). */
  readonly thresholds: boolean;
}
