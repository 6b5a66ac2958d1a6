/** Ids that every installation has, RHV's own: clients and attached storage rely on them. */
export const fixedIds = {
  /** The object on which a permission counts everywhere. */
  system: 'aaa00000-0000-0000-0000-123456789aaa',
  everyone: 'eee00000-0000-0000-0000-123456789eee',
  blankTemplate: '00000000-0000-0000-0000-000000000000',
  rootTag: '00000000-0000-0000-0000-000000000000',
  defaultDataCenter: '58cfb470-02f3-03d7-0386-0000000003bc',
  defaultCluster: '58cfb470-03b9-01d0-03b9-0000000001e7',
  managementNetwork: '00000000-0000-0000-0000-000000000009',
  managementProfile: '0000000a-000a-000a-000a-000000000398',
  defaultMacPool: '58ca604b-017d-0374-0220-00000000014e',
  defaultCpuProfile: '58ca604e-01a7-003f-01de-000000000250',
  /** Hexadecimal for "spice" and "vnc". */
  spiceConsole: '7370696365',
  vncConsole: '766e63',
} as const;

/** The five instance types (sockets alone make up their vCPUs; memory in MiB is also what is guaranteed). */
export const instanceTypes = [
  { id: '00000003-0003-0003-0003-0000000000be', name: 'Tiny', memory: 512, sockets: 1 },
  { id: '00000005-0005-0005-0005-0000000002e6', name: 'Small', memory: 2048, sockets: 1 },
  { id: '00000007-0007-0007-0007-00000000010a', name: 'Medium', memory: 4096, sockets: 2 },
  { id: '00000009-0009-0009-0009-0000000000f1', name: 'Large', memory: 8192, sockets: 2 },
  { id: '0000000b-000b-000b-000b-00000000021f', name: 'XLarge', memory: 16384, sockets: 4 },
] as const;

/** What Everyone may from the first: make VMs of Blank, use the management network, edit their own profile. */
export const everyonesPermissions = [
  { role: 'def00009-0000-0000-0000-def000000009', object: fixedIds.blankTemplate, type: 'template' },
  ...instanceTypes.map(({ id }) => ({ role: 'def00009-0000-0000-0000-def000000009', object: id, type: 'template' })),
  { role: 'def0000a-0000-0000-0000-def000000010', object: fixedIds.managementProfile, type: 'vnic_profile' },
  { role: 'def00017-0000-0000-0000-def000000017', object: fixedIds.defaultCpuProfile, type: 'cpu_profile' },
  { role: 'def00021-0000-0000-0000-def000000015', object: fixedIds.system, type: 'system' },
  { role: 'def00014-0000-0000-0000-def000000014', object: fixedIds.defaultMacPool, type: 'mac_pool' },
] as const;

/** The roles that Everyone gets on the profiles that come with a new network or cluster. */
export const everyonesRoles = {
  vnicProfile: 'def0000a-0000-0000-0000-def000000010',
  cpuProfile: 'def00017-0000-0000-0000-def000000017',
} as const;
