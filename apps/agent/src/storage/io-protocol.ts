import type { AgentErrorCode } from '@ostler/agent-contract/errors';
import type { DomainFacts, ImageReference, NewVolume, VolumeFacts, VolumeFormat, VolumeReference } from '@ostler/agent-contract/values';

/**
 * What the agent asks of an I/O process. The process was started for one place (a mount point, a directory); nothing
 * that crosses is a path except the answer of `prepare`, which goes to QEMU on this host.
 */
export interface IoCalls {
  /** Whether the place is a directory that storage domains can be kept in. */
  probe: { input: Nothing; output: Nothing };
  /** One direct read of the domain's metadata. */
  check: { input: { domain: string }; output: { latency: number; total: number; available: number } };
  findDomains: { input: Nothing; output: readonly DomainFacts[] };
  createDomain: { input: NewDomain; output: DomainFacts };
  attachDomain: { input: Attachment; output: DomainFacts };
  renameDomain: { input: { domain: string; name: string }; output: Nothing };
  formatDomain: { input: { domain: string }; output: Nothing };
  domainFacts: { input: { domain: string }; output: DomainFacts };
  /** Ends removals of images that were interrupted. */
  sweep: { input: { domain: string }; output: Nothing };
  createVolume: { input: NewVolume; output: VolumeFacts };
  removeImage: { input: ImageReference & { wipe: boolean }; output: Nothing };
  volumeFacts: { input: VolumeReference; output: VolumeFacts };
  listImages: { input: { domain: string }; output: readonly string[] };
  extendVolume: { input: VolumeReference & { capacity: number }; output: VolumeFacts };
  describeVolume: { input: VolumeReference & { description: string }; output: VolumeFacts };
  /** Until it is verified: then it is legal again. */
  recordCapacity: { input: VolumeReference & { capacity: number }; output: VolumeFacts };
  markIllegal: { input: VolumeReference; output: VolumeFacts };
  verifyVolume: { input: VolumeReference & { declared: { format: VolumeFormat; capacity: number } }; output: VolumeFacts };
  prepare: { input: VolumeReference; output: PreparedFile };
}

type Nothing = Record<string, never>;

export type IoCallName = keyof IoCalls;
export type IoInput<C extends IoCallName> = IoCalls[C]['input'];
export type IoOutput<C extends IoCallName> = IoCalls[C]['output'];

export interface NewDomain {
  readonly domain: string;
  readonly name: string;
  readonly kind: DomainFacts['kind'];
  /** What RHV writes as the storage's type and address into the metadata. */
  readonly type: 'LOCALFS' | 'POSIXFS' | 'NFS';
  readonly remotePath: string;
}

export interface Attachment {
  readonly domain: string;
  readonly pool: string | null;
  readonly poolName?: string;
  readonly master: boolean;
  readonly masterVersion: number;
}

export interface PreparedFile {
  readonly path: string;
  readonly facts: VolumeFacts;
  /** The volumes that it lies on, nearest first, each in the image that owns it. */
  readonly below: readonly VolumeReference[];
}

export type ToWorker =
  | { readonly kind: 'call'; readonly id: number; readonly call: IoCallName; readonly input: unknown }
  | { readonly kind: 'cancel'; readonly id: number };

export type FromWorker =
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: IoError }
  | { readonly kind: 'progress'; readonly id: number; readonly done: number; readonly total: number };

export interface IoError {
  readonly code: AgentErrorCode;
  readonly message: string;
  readonly facts: Readonly<Record<string, string | number>>;
}

export type Progress = (done: number, total?: number) => void;
