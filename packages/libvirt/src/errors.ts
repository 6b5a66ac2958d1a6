/**
 * What can go wrong between us and libvirt, in three kinds that callers must treat differently:
 * `LibvirtError` – libvirt answered, and the answer is no;
 * `RpcError` – there was no answer, so unless `sent` is false nobody here knows what libvirt did;
 * `XdrError` – a value does not fit the protocol's declaration.
 */

/** libvirt's error numbers (virErrorNumber) that a caller may want to tell apart. Any other number is `other`. */
export const libvirtErrorCodes = {
  internalError: 1,
  noSupport: 3,
  noConnect: 5,
  invalidConnection: 6,
  invalidDomain: 7,
  invalidArgument: 8,
  operationFailed: 9,
  xmlError: 27,
  domainExists: 28,
  operationDenied: 29,
  xmlDetail: 35,
  networkExists: 37,
  systemError: 38,
  rpc: 39,
  noDomain: 42,
  noNetwork: 43,
  authFailed: 45,
  noStoragePool: 49,
  noStorageVolume: 50,
  noNodeDevice: 53,
  operationInvalid: 55,
  noInterface: 57,
  noNwfilter: 62,
  noSecret: 66,
  configUnsupported: 67,
  operationTimeout: 68,
  noDomainSnapshot: 72,
  invalidStream: 73,
  argumentUnsupported: 74,
  operationAborted: 78,
  noDomainMetadata: 80,
  migrateUnsafe: 81,
  overflow: 82,
  blockCopyActive: 83,
  operationUnsupported: 84,
  agentUnresponsive: 86,
  resourceBusy: 87,
  accessDenied: 88,
  cpuIncompatible: 91,
  xmlInvalidSchema: 92,
  migrateFinishOk: 93,
  deviceMissing: 99,
  noDomainCheckpoint: 103,
  noDomainBackup: 104,
  noHostname: 108,
  checkpointInconsistent: 109,
  multipleDomains: 110,
} as const;

export type LibvirtErrorReason = keyof typeof libvirtErrorCodes | 'other';

const reasonOfCode = new Map<number, LibvirtErrorReason>();
for (const [reason, code] of Object.entries(libvirtErrorCodes)) reasonOfCode.set(code, reason as LibvirtErrorReason);

/** The parts of libvirt's error that mean something to a remote caller. */
export type LibvirtErrorFields = { code: number; domain: number; level: number; message: string | null };

/** libvirt refused or failed. `code`, `domain` and `level` are libvirt's own numbers (virErrorNumber, virErrorDomain, virErrorLevel). */
export class LibvirtError extends Error {
  override readonly name = 'LibvirtError';
  readonly code: number;
  readonly domain: number;
  readonly level: number;
  readonly reason: LibvirtErrorReason;
  /** The procedure that was called, by the name in the table. */
  readonly procedure: string;

  constructor(procedure: string, fields: LibvirtErrorFields) {
    super(fields.message ?? `${procedure} failed with libvirt error ${fields.code}`);
    this.procedure = procedure;
    this.code = fields.code;
    this.domain = fields.domain;
    this.level = fields.level;
    this.reason = reasonOfCode.get(fields.code) ?? 'other';
  }
}

/** True when `error` is libvirt's own, with one of these reasons. */
export function isLibvirtError(error: unknown, ...reasons: LibvirtErrorReason[]): error is LibvirtError {
  return error instanceof LibvirtError && (reasons.length === 0 || reasons.includes(error.reason));
}

/**
 * - `unreachable`: no connection could be made (nobody listens, TLS failed, our certificate was refused);
 * - `unauthenticated`: libvirt wants an authentication that this client does not speak;
 * - `lost`: the connection broke; - `dead_peer`: it was silent through every keepalive; - `protocol`: it sent what libvirt never sends;
 * - `closed`: we closed it; - `deadline`: no answer in time, the connection lives on; - `aborted`: the caller's signal;
 * - `overflow`: a stream's reader was too slow.
 */
export type RpcErrorKind =
  'unreachable' | 'unauthenticated' | 'lost' | 'dead_peer' | 'protocol' | 'closed' | 'deadline' | 'aborted' | 'overflow';

/** No answer. When `sent` is false the request never left this process, so it certainly had no effect. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly kind: RpcErrorKind;
  readonly sent: boolean;

  constructor(kind: RpcErrorKind, message: string, options: { sent?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.kind = kind;
    this.sent = options.sent ?? false;
  }
}

export function isRpcError(error: unknown, ...kinds: RpcErrorKind[]): error is RpcError {
  return error instanceof RpcError && (kinds.length === 0 || kinds.includes(error.kind));
}

/** A value, or bytes, that do not fit the declaration. `path` says where, such as `domains.3.name`. */
export class XdrError extends Error {
  override readonly name = 'XdrError';
  readonly path: string;
  readonly problem: string;

  constructor(problem: string, path = '') {
    super(path === '' ? problem : `${path}: ${problem}`);
    this.problem = problem;
    this.path = path;
  }

  /** The same error, seen from one level further out. */
  within(step: string): XdrError {
    return new XdrError(this.problem, this.path === '' ? step : `${step}.${this.path}`);
  }
}
