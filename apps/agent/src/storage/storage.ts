import type { storageCalls } from '@ostler/agent-contract/calls';
import type { AgentImplementation } from '@ostler/agent-contract/implementation';
import type { DomainHealth, VolumeFacts, VolumeReference } from '@ostler/agent-contract/values';

/** What a storage driver makes of a volume for the domain XML of this host. It never leaves the host. */
export type VolumeSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'block'; readonly path: string }
  | {
      readonly kind: 'network';
      readonly protocol: 'rbd';
      readonly name: string;
      readonly hosts: readonly { readonly name: string; readonly port: number }[];
      readonly user?: string;
    };

/** Who uses a volume: it is not removed, resized or verified under them. */
export interface VolumeUse {
  readonly by: { readonly kind: 'run' | 'transfer' | 'task'; readonly id: string };
  readonly write: boolean;
}

/** The storage calls of the agent contract, answered for all domains of this host by their drivers. */
export type StorageCalls = Pick<AgentImplementation, keyof typeof storageCalls>;

/** The host's storage as its other rooms see it. */
export interface Storage {
  readonly calls: StorageCalls;
  /** Makes a volume usable on this host and counts the use; the same use twice is one. Hanging storage is `storage_hangs`, in time. */
  prepare(volume: VolumeReference, use: VolumeUse): Promise<VolumeSource>;
  /** For the one who prepared it and is about to write it from outside: it is legal again when `verifyVolume` has found it honest. */
  markIllegal(volume: VolumeReference): Promise<VolumeFacts>;
  /** For the one whose QEMU has grown the volume: its metadata say so from now on. */
  recordCapacity(volume: VolumeReference, capacity: number): Promise<VolumeFacts>;
  /** Ends a use. Ending what is not used is no error. */
  teardown(volume: VolumeReference, use: VolumeUse['by']): Promise<void>;
  /** The latest check of every active domain; `changed` is called when one is worth telling. */
  health(): readonly DomainHealth[];
  onHealth(changed: (health: DomainHealth) => void): void;
  stop(): Promise<void>;
}
