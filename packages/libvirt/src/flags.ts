/** The flag bits that we use, by libvirt's names without their prefix. Combine with `|`. */

/** virConnectListAllDomainsFlags */
export const listDomains = { active: 1, inactive: 2, persistent: 4, transient: 8, running: 16, paused: 32, shutoff: 64 } as const;

/** virDomainCreateFlags */
export const createDomain = { paused: 1, autodestroy: 2, bypassCache: 4, forceBoot: 8, validate: 16, resetNvram: 32 } as const;

/** virDomainDefineFlags */
export const defineDomain = { validate: 1 } as const;

/** virDomainDestroyFlagsValues: `graceful` leaves out the SIGKILL, so a QEMU that hangs in I/O is not destroyed. */
export const destroyDomain = { graceful: 1, removeLogs: 2 } as const;

/** virDomainShutdownFlagValues; virDomainRebootFlagValues has the same bits. */
export const shutdownDomain = { acpiPowerButton: 1, guestAgent: 2, initctl: 4, signal: 8 } as const;

/** virDomainUndefineFlagsValues */
export const undefineDomain = {
  managedSave: 1,
  snapshotsMetadata: 2,
  nvram: 4,
  keepNvram: 8,
  checkpointsMetadata: 16,
  tpm: 32,
  keepTpm: 64,
} as const;

/** virDomainXMLFlags. `secure` shows passwords: what it returns must never be logged. */
export const domainXml = { secure: 1, inactive: 2, updateCpu: 4, migratable: 8 } as const;

/** virDomainModificationImpact, for device, memory and metadata changes. Without a bit, libvirt takes the current state. */
export const affect = { current: 0, live: 1, config: 2 } as const;
/** virDomainDeviceModifyFlags adds this: a CD comes out though the guest holds it. */
export const modifyDevice = { ...affect, force: 4 } as const;
/** virDomainSaveRestoreFlags */
export const saveRestore = { bypassCache: 1, running: 2, paused: 4 } as const;
/** virDomainBlockResizeFlags */
export const blockResize = { bytes: 1 } as const;
export const setMemory = { ...affect, maximum: 4 } as const;

/** virDomainStatsTypes, for `stats` of connectGetAllDomainStats. */
export const statsTypes = {
  state: 1,
  cpuTotal: 2,
  balloon: 4,
  vcpu: 8,
  interface: 16,
  block: 32,
  perf: 64,
  iothread: 128,
  memory: 256,
  dirtyRate: 512,
  vm: 1024,
} as const;

/** virConnectGetAllDomainStatsFlags. Without `nowait` one domain whose monitor hangs holds up the statistics of all. */
export const allDomainStats = {
  active: 1,
  inactive: 2,
  persistent: 4,
  transient: 8,
  running: 16,
  paused: 32,
  shutoff: 64,
  nowait: 1 << 29,
  backing: 1 << 30,
  enforceStats: 2 ** 31,
} as const;

/** virDomainMetadataType, for `type` of domainGetMetadata and domainSetMetadata. */
export const metadataType = { description: 0, title: 1, element: 2 } as const;

/** virDomainConsoleFlags: `force` takes the console from whoever has it, `safe` asks for an exclusive one. */
export const openConsole = { force: 1, safe: 2 } as const;

/** virDomainInterfaceAddressesSource, for `source`. */
export const addressSource = { lease: 0, agent: 1, arp: 2 } as const;

/** virDomainGuestInfoTypes, for `types`. None means all that the guest agent knows. */
export const guestInfo = { users: 1, os: 2, timezone: 4, hostname: 8, filesystem: 16, disks: 32, interfaces: 64 } as const;

/** virDomainGetHostnameFlags */
export const hostnameSource = { lease: 1, agent: 2 } as const;

/** Timeouts of qemuDomainAgentCommand in seconds, besides a number above 0. */
export const agentTimeout = { block: -2, default: -1, nowait: 0 } as const;
