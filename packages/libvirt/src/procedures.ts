/**
 * The procedures that can be called: a row each with its number, its arguments and its result.
 * A new one is a row here and nothing else. Names are libvirt's own functions without `vir`; fields keep libvirt's names.
 * Where the protocol wraps a result in a struct of a single member, the row gives that member: the bytes are the same.
 */
import { programs } from './packet.ts';
import { domainRef, flags, namedRef, needResults, optionalText, text, typedParams } from './wire-types.ts';
import type { AnyCodec, Codec, Decoded, Encodable } from './xdr.ts';
import { array, byDefault, optional, struct } from './xdr.ts';
import { characters, enumeration, flag, int, nothing, opaque, uchar, uhyper, uint, ushort, uuid } from './xdr-scalars.ts';

export type Procedure<Args = unknown, Ret = unknown, Streams extends boolean = boolean> = {
  readonly program: number;
  readonly number: number;
  readonly args: Codec<unknown, Args>;
  readonly ret: Codec<Ret, never>;
  /** Whether a data stream stays open behind the answer. */
  readonly streams: Streams;
};

function call<A extends AnyCodec, R extends AnyCodec>(number: number, args: A, ret: R): Procedure<Encodable<A>, Decoded<R>, false> {
  return { program: programs.remote, number, args, ret, streams: false } as Procedure<Encodable<A>, Decoded<R>, false>;
}

function stream<A extends AnyCodec, R extends AnyCodec>(number: number, args: A, ret: R): Procedure<Encodable<A>, Decoded<R>, true> {
  return { ...call(number, args, ret), streams: true };
}

/** A procedure of the QEMU driver's own program. */
function qemu<A extends AnyCodec, R extends AnyCodec>(number: number, args: A, ret: R): Procedure<Encodable<A>, Decoded<R>, false> {
  return { ...call(number, args, ret), program: programs.qemu };
}

const dom = domainRef;
const net = namedRef;
const onDomain = struct({ dom });
const onDomainWithFlags = struct({ dom, flags });
const onDevice = struct({ dom, xml: text, flags });
const onNetwork = struct({ net });

/** Lists of objects have at most this many elements. */
const maxList = 16_384;
const nodeStats = array(struct({ field: text, value: uhyper }), 16);

export const procedures = {
  // The connection itself
  authList: call(66, nothing, array(enumeration({ none: 0, sasl: 1, polkit: 2 }), 20)),
  connectOpen: call(1, struct({ name: optionalText, flags }), nothing),
  connectClose: call(2, nothing, nothing),
  /** `feature` is a number of libvirt's driver features; 10 (keepalive) also makes libvirtd start to send keepalives. */
  connectSupportsFeature: call(60, struct({ feature: int }), flag),
  connectGetType: call(3, nothing, text),
  connectGetURI: call(110, nothing, text),
  connectIsSecure: call(149, nothing, flag),

  // The host
  /** The hypervisor's version as 1,000,000 × major + 1,000 × minor + release. */
  connectGetVersion: call(4, nothing, uhyper),
  /** libvirt's version, written the same way. */
  connectGetLibVersion: call(157, nothing, uhyper),
  connectGetHostname: call(59, nothing, text),
  connectGetCapabilities: call(7, nothing, text),
  connectGetDomainCapabilities: call(
    342,
    struct({
      emulatorbin: byDefault(optionalText, null),
      arch: byDefault(optionalText, null),
      machine: byDefault(optionalText, null),
      virttype: byDefault(optionalText, null),
      flags,
    }),
    text,
  ),
  /** `memory` in KiB, `mhz` of one CPU, the rest are counts. */
  nodeGetInfo: call(
    6,
    nothing,
    struct({ model: characters(32), memory: uhyper, cpus: int, mhz: int, nodes: int, sockets: int, cores: int, threads: int }),
  ),
  /** Nanoseconds since boot, per kind of use. `cpuNum` -1 is all CPUs together. Use node-stats.ts, which knows `nparams`. */
  nodeGetCPUStats: call(227, struct({ cpuNum: byDefault(int, -1), nparams: int, flags }), struct({ params: nodeStats, nparams: int })),
  /** KiB. `cellNum` -1 is the whole host. Use node-stats.ts, which knows `nparams`. */
  nodeGetMemoryStats: call(228, struct({ nparams: int, cellNum: byDefault(int, -1), flags }), struct({ params: nodeStats, nparams: int })),

  // Domains: finding and defining
  connectListAllDomains: call(273, struct({ needResults, flags }), struct({ domains: array(dom, maxList), ret: uint })),
  domainLookupByID: call(22, struct({ id: int }), dom),
  domainLookupByName: call(23, struct({ name: text }), dom),
  domainLookupByUUID: call(24, struct({ uuid }), dom),
  domainDefineXMLFlags: call(350, struct({ xml: text, flags }), dom),
  domainUndefineFlags: call(231, onDomainWithFlags, nothing),
  domainGetXMLDesc: call(14, onDomainWithFlags, text),
  domainGetMetadata: call(265, struct({ dom, type: int, uri: byDefault(optionalText, null), flags }), text),
  /** `metadata` null removes the element. */
  domainSetMetadata: call(
    264,
    struct({
      dom,
      type: int,
      metadata: optionalText,
      key: byDefault(optionalText, null),
      uri: byDefault(optionalText, null),
      flags,
    }),
    nothing,
  ),
  domainIsActive: call(150, onDomain, flag),
  domainIsPersistent: call(151, onDomain, flag),

  // Domains: running
  domainCreateXML: call(10, struct({ xml: text, flags }), dom),
  domainCreateWithFlags: call(196, onDomainWithFlags, dom),
  domainDestroyFlags: call(234, onDomainWithFlags, nothing),
  domainShutdownFlags: call(258, onDomainWithFlags, nothing),
  domainReboot: call(27, onDomainWithFlags, nothing),
  domainReset: call(245, onDomainWithFlags, nothing),
  domainSuspend: call(34, onDomain, nothing),
  domainResume: call(28, onDomain, nothing),
  domainAbortJob: call(164, onDomain, nothing),
  /** Writes the guest's memory into a file and ends QEMU. `dxml` null keeps the domain's XML as it is. Answers when all is written. */
  domainSaveFlags: call(232, struct({ dom, to: text, dxml: byDefault(optionalText, null), flags }), nothing),
  /** `dxml` may name other paths than the domain had that was saved; what the guest sees must be the same. */
  domainRestoreFlags: call(233, struct({ from: text, dxml: byDefault(optionalText, null), flags }), nothing),
  domainSaveImageGetXMLDesc: call(235, struct({ file: text, flags }), text),

  // Domains: watching
  /** Numbers that `domainState` of domain-state.ts gives names. */
  domainGetState: call(212, onDomainWithFlags, struct({ state: int, reason: int })),
  /** Memory in KiB, `cpuTime` in nanoseconds. */
  domainGetInfo: call(16, onDomain, struct({ state: uchar, maxMem: uhyper, memory: uhyper, nrVirtCpu: ushort, cpuTime: uhyper })),
  /** `state`: 0 ok, 1 busy with a job, 2 the monitor is in use, 3 error. `stateTime` in milliseconds. */
  domainGetControlInfo: call(229, onDomainWithFlags, struct({ state: uint, details: uint, stateTime: uhyper })),
  /** No `doms` means all domains; no `stats` means every kind. */
  connectGetAllDomainStats: call(
    344,
    struct({ doms: byDefault(array(dom, maxList), []), stats: byDefault(uint, 0), flags }),
    array(struct({ dom, params: typedParams(262_144) }), 262_144),
  ),
  /** Bytes. `path` is the source's path or the target's name. libvirt waits here for storage that hangs. */
  domainGetBlockInfo: call(194, struct({ dom, path: text, flags }), struct({ allocation: uhyper, capacity: uhyper, physical: uhyper })),
  domainGetVcpus: call(
    20,
    struct({ dom, maxinfo: int, maplen: int }),
    struct({ info: array(struct({ number: uint, state: int, cpuTime: uhyper, cpu: int }), 16_384), cpumaps: opaque(8_388_608) }),
  ),

  // Domains: changing
  domainAttachDeviceFlags: call(160, onDevice, nothing),
  domainDetachDeviceFlags: call(161, onDevice, nothing),
  domainUpdateDeviceFlags: call(174, onDevice, nothing),
  domainSetVcpusFlags: call(199, struct({ dom, nvcpus: uint, flags }), nothing),
  /** `disk` is the target's name; `size` in KiB unless the flag for bytes is given. */
  domainBlockResize: call(251, struct({ dom, disk: text, size: uhyper, flags }), nothing),
  /** KiB. */
  domainSetMemoryFlags: call(204, struct({ dom, memory: uhyper, flags }), nothing),

  // Domains: in the guest
  domainInterfaceAddresses: call(
    353,
    struct({ dom, source: uint, flags }),
    array(
      struct({
        name: text,
        hwaddr: optionalText,
        /** `type`: 0 IPv4, 1 IPv6. */
        addrs: array(struct({ type: int, addr: text, prefix: uint }), 2048),
      }),
      2048,
    ),
  ),
  domainGetHostname: call(277, onDomainWithFlags, text),
  domainGetGuestInfo: call(418, struct({ dom, types: byDefault(uint, 0), flags }), typedParams(2048)),
  domainGetFSInfo: call(
    349,
    onDomainWithFlags,
    struct({ info: array(struct({ mountpoint: text, name: text, fstype: text, devAliases: array(text, 256) }), 256), ret: uint }),
  ),
  /** No mount points means all. The answer is how many file systems were frozen or thawed. */
  domainFSFreeze: call(335, struct({ dom, mountpoints: byDefault(array(text, 256), []), flags }), int),
  domainFSThaw: call(336, struct({ dom, mountpoints: byDefault(array(text, 256), []), flags }), int),
  /** `cmd` is the guest agent's JSON, and so is the answer. `timeout` in seconds, or one of `agentTimeout` in flags.ts. */
  qemuDomainAgentCommand: qemu(3, struct({ dom, cmd: text, timeout: int, flags }), optionalText),

  // Domains: streams
  /** `devName` null is the first console. */
  domainOpenConsole: stream(201, struct({ dom, devName: byDefault(optionalText, null), flags }), nothing),
  /** The answer is the picture's MIME type, the stream the picture. */
  domainScreenshot: stream(211, struct({ dom, screen: byDefault(uint, 0), flags }), optionalText),

  // Events; `watch` of the connection uses these
  connectDomainEventCallbackRegisterAny: call(316, struct({ eventID: int, dom: byDefault(optional(dom), null) }), int),
  connectDomainEventCallbackDeregisterAny: call(317, struct({ callbackID: int }), nothing),

  // Networks
  connectListAllNetworks: call(283, struct({ needResults, flags }), struct({ nets: array(net, maxList), ret: uint })),
  networkLookupByName: call(46, struct({ name: text }), net),
  networkLookupByUUID: call(47, struct({ uuid }), net),
  networkDefineXML: call(41, struct({ xml: text }), net),
  networkUndefine: call(49, onNetwork, nothing),
  networkCreate: call(39, onNetwork, nothing),
  networkDestroy: call(42, onNetwork, nothing),
  networkGetXMLDesc: call(43, struct({ net, flags }), text),
  networkSetAutostart: call(48, struct({ net, autostart: flag }), nothing),
  networkIsActive: call(152, onNetwork, flag),
  connectListAllNWFilters: call(286, struct({ needResults, flags }), struct({ filters: array(namedRef, maxList), ret: uint })),
};

type Rows = typeof procedures;
export type ProcedureName = keyof Rows;
export type CallName = { [N in ProcedureName]: Rows[N]['streams'] extends false ? N : never }[ProcedureName];
export type StreamName = Exclude<ProcedureName, CallName>;
export type ArgsOf<N extends ProcedureName> = Rows[N] extends Procedure<infer Args, infer _Ret> ? Args : never;
export type RetOf<N extends ProcedureName> = Rows[N] extends Procedure<infer _Args, infer Ret> ? Ret : never;
