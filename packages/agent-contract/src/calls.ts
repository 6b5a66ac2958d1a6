import { Type, type Static, type TSchema } from 'typebox';
import {
  Bytes,
  Connection,
  DomainFacts,
  DomainHealth,
  DomainReference,
  HostFacts,
  HostStatistics,
  Id,
  ImageReference,
  Milliseconds,
  Name,
  NewVolume,
  RunDisk,
  RunNic,
  Task,
  TransferState,
  VmObservation,
  VmRun,
  VmStatistics,
  VolumeFacts,
  VolumeFormat,
  VolumeReference,
  object,
  oneOf,
} from './values.ts';

/**
 * Every call of the contract, one row each, below by what it is about. A `look` changes nothing. A `change` carries the manager's epoch and an
 * operation id, and is idempotent: "already so" is success. `task` answers at once with a task that goes on.
 * `deadline` is how long the caller waits, in milliseconds, unless it says otherwise.
 */
export interface CallRow {
  readonly kind: 'look' | 'change' | 'task';
  readonly input: TSchema;
  readonly output: TSchema;
  readonly deadline: number;
}

const nothing = object({});
const run = { vm: Id, run: Id };

const look = <const I extends TSchema, const O extends TSchema>(input: I, output: O, deadline = 10_000) =>
  ({ kind: 'look', input, output, deadline }) as const;
const change = <const I extends TSchema, const O extends TSchema>(input: I, output: O, deadline = 30_000) =>
  ({ kind: 'change', input, output, deadline }) as const;
const task = <const I extends TSchema>(input: I, deadline = 30_000) =>
  ({ kind: 'task', input, output: object({ task: Id }), deadline }) as const;

export const hostCalls = {
  hostFacts: look(nothing, HostFacts, 60_000),
  hostStatistics: look(nothing, HostStatistics),
  /** Everything that the manager watches, in one consistent look, with the event sequence that it is true for. */
  observe: look(
    nothing,
    object({
      bootId: Id,
      sequence: Type.Integer(),
      vms: Type.Array(VmObservation),
      domains: Type.Array(DomainHealth),
      tasks: Type.Array(Task),
      transfers: Type.Array(TransferState),
    }),
  ),
} as const satisfies Record<string, CallRow>;

/**
 * A host's certificate is renewed while it runs: the manager, which the host has let in by its own certificate, asks for a
 * request, signs it, and hands the certificate over.
 */
export const certificateCalls = {
  /** For a key that the host makes and keeps to itself. The same request until its certificate is installed. */
  requestCertificate: change(nothing, object({ request: Type.String() })),
  /** For all connections from now on; those that are there go on as they are. `bad_request` for one that does not fit. */
  installCertificate: change(object({ certificate: Type.String({ maxLength: 16_384 }) }), nothing),
} as const satisfies Record<string, CallRow>;

export const vmCalls = {
  /** Defines and starts a run. The same run already there is success; another run of the VM is `other_run`. */
  startVm: change(VmRun, VmObservation, 120_000),
  /** Asks the guest to shut down, by its agent where connected, otherwise by the power button. */
  shutdownVm: change(object({ ...run, reason: Type.Optional(Type.String()) }), nothing),
  rebootVm: change(object(run), nothing),
  resetVm: change(object(run), nothing),
  pauseVm: change(object(run), nothing),
  resumeVm: change(object(run), nothing),
  /** Ends the run at once. No such run is success: what was asked is so. */
  destroyVm: change(object(run), nothing, 60_000),
  /** The manager has recorded how the run ended: the host may forget the domain. */
  acknowledgeEnd: change(object(run), nothing),
  /** Begins a run with the memory of one that was saved, paused: until it is resumed, the saved memory stays good. */
  restoreVm: change(object({ ...VmRun.properties, saved: VolumeReference }), VmObservation, 600_000),
  vmStatistics: look(nothing, object({ vms: Type.Array(VmStatistics) })),
  /** A one-time password for VNC or SPICE; `validFor` in milliseconds. */
  setConsolePassword: change(
    object({ ...run, protocol: oneOf('vnc', 'spice'), password: Type.String({ minLength: 1, maxLength: 64 }), validFor: Milliseconds }),
    nothing,
  ),
  /** Lets one WebSocket in at the console relay, once, until `validFor` is over. */
  openConsole: change(object({ ...run, ticket: Id, console: oneOf('vnc', 'spice', 'serial'), validFor: Milliseconds }), nothing),
} as const satisfies Record<string, CallRow>;

export const savingCalls = {
  /**
   * Writes the guest's memory into a volume and ends the run, as `saved`. The guest stands still from its beginning; one that
   * cannot be saved goes on. A run that was saved already is success.
   */
  saveVm: task(object({ ...run, memory: VolumeReference })),
  /** By the guest's agent. A freeze that nobody ends is a guest that hangs: whoever asks for it thaws it. */
  freezeVm: change(object(run), nothing, 60_000),
  thawVm: change(object(run), nothing, 60_000),
} as const satisfies Record<string, CallRow>;

/** A run's devices: what is so already is success. */
export const deviceCalls = {
  plugDisk: change(object({ ...run, disk: RunDisk }), nothing, 60_000),
  /** The guest has to let go of it; one that does not in time is `guest_refused`, and the device stays. */
  unplugDisk: change(object({ ...run, disk: Id }), nothing, 60_000),
  /** Grows a disk under its guest. A smaller size than it has is refused. */
  resizeDisk: change(object({ ...run, disk: Id, capacity: Bytes }), VolumeFacts, 60_000),
  plugNic: change(object({ ...run, nic: RunNic }), nothing),
  /** Another network, or the cable in or out; all else of a NIC stays as it was plugged. */
  changeNic: change(object({ ...run, nic: RunNic }), nothing),
  unplugNic: change(object({ ...run, nic: Id }), nothing, 60_000),
  /** Null empties the tray. */
  changeCd: change(object({ ...run, cd: Type.Union([VolumeReference, Type.Null()]) }), nothing, 60_000),
  /** Plugs in what the run lacks of this much memory. It never shrinks. */
  setMemory: change(object({ ...run, size: Bytes }), nothing),
  /** More than the run has places for is `not_supported`; fewer need a guest that lets go of those that were plugged in. */
  setVcpus: change(object({ ...run, count: Type.Integer({ minimum: 1 }) }), nothing, 60_000),
} as const satisfies Record<string, CallRow>;

/** Storage domains and their volumes. */
export const storageCalls = {
  connectStorage: change(object({ connection: Connection }), nothing, 60_000),
  disconnectStorage: change(object({ connection: Connection }), nothing, 60_000),
  /** Domains found at a connection, by their own metadata. */
  findDomains: look(object({ connection: Connection }), object({ domains: Type.Array(DomainFacts) }), 60_000),
  createDomain: change(
    object({ domain: Id, connection: Connection, name: Name, kind: oneOf('data', 'iso', 'export') }),
    DomainFacts,
    60_000,
  ),
  /** Writes the attachment into the domain's metadata and begins to watch it; null pool detaches. */
  attachDomain: change(
    object({
      ...DomainReference.properties,
      pool: Type.Union([Id, Type.Null()]),
      poolName: Type.Optional(Name),
      master: Type.Boolean(),
      masterVersion: Type.Integer(),
    }),
    DomainFacts,
    60_000,
  ),
  /** Begins to use and watch an attached domain on this host. */
  activateDomain: change(DomainReference, DomainFacts, 60_000),
  /** Stops to use and watch it; refused while a run, a transfer or a task uses it. */
  deactivateDomain: change(object({ domain: Id }), nothing, 60_000),
  renameDomain: change(object({ domain: Id, name: Name }), nothing),
  formatDomain: change(DomainReference, nothing, 120_000),
  domainFacts: look(object({ domain: Id }), DomainFacts),

  createVolume: change(NewVolume, VolumeFacts, 60_000),
  /** The whole disk: every volume of the image. What is gone already is success. `wipe` zeroes it first. */
  removeImage: task(object({ ...ImageReference.properties, wipe: Type.Boolean() })),
  volumeFacts: look(VolumeReference, VolumeFacts, 30_000),
  listImages: look(object({ domain: Id }), object({ images: Type.Array(Id) }), 60_000),
  /** Grows the volume's capacity; a smaller one than it has is refused. The volume must not be in use. */
  extendVolume: change(object({ ...VolumeReference.properties, capacity: Bytes }), VolumeFacts, 60_000),
  describeVolume: change(object({ ...VolumeReference.properties, description: Type.String({ maxLength: 4096 }) }), VolumeFacts),
  /**
   * Reads an uploaded volume and either marks it legal (the task's result is its VolumeFacts) or fails with
   * `image_lies`: not QCOW2, truncated, another size, a backing file, an external data file, encrypted, corrupt.
   */
  verifyVolume: task(object({ ...VolumeReference.properties, declared: object({ format: VolumeFormat, capacity: Bytes }) })),
} as const satisfies Record<string, CallRow>;

export const taskCalls = {
  taskState: look(object({ task: Id }), Task),
  cancelTask: change(object({ task: Id }), nothing),
  forgetTask: change(object({ task: Id }), nothing),
} as const satisfies Record<string, CallRow>;

export const transferCalls = {
  /** Opens a volume to one client. `view` raw is what the guest sees, `file` the volume's own bytes. */
  openTransfer: change(
    object({
      transfer: Id,
      /** What the client shows at the door; a secret, unlike the transfer's own id. */
      ticket: Id,
      ...VolumeReference.properties,
      direction: oneOf('upload', 'download'),
      format: VolumeFormat,
      view: oneOf('raw', 'file'),
      size: Bytes,
      validFor: Milliseconds,
      inactivityTimeout: Milliseconds,
      fileName: Type.Optional(Type.String()),
    }),
    TransferState,
    60_000,
  ),
  extendTransfer: change(object({ transfer: Id, validFor: Milliseconds }), TransferState),
  /** Ends every connection and lets go of the volume. No such transfer is success. */
  closeTransfer: change(object({ transfer: Id }), nothing, 90_000),
  transferState: look(object({ transfer: Id }), TransferState),
} as const satisfies Record<string, CallRow>;

export const calls = {
  ...hostCalls,
  ...certificateCalls,
  ...vmCalls,
  ...savingCalls,
  ...deviceCalls,
  ...storageCalls,
  ...taskCalls,
  ...transferCalls,
};

export type CallName = keyof typeof calls;
export type Input<C extends CallName> = Static<(typeof calls)[C]['input']>;
export type Output<C extends CallName> = Static<(typeof calls)[C]['output']>;

/** What every changing call carries beside its input. */
export interface Mandate {
  /** Rises whenever a manager takes over; an agent refuses a lower one than it has seen. */
  readonly epoch: number;
  /** The same operation id is the same call: it is done once, and answered again with the same result. */
  readonly operation: string;
  readonly correlation?: string;
}

export const isCallName = (name: string): name is CallName => Object.hasOwn(calls, name);
