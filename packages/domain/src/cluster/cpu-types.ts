import { levelIsLower } from '../datacenter/rules.ts';

/**
 * The CPU types that a cluster can have, by compatibility level: what all of its hosts can give, and so what its VMs see
 * wherever they run. RHV's names and numbers; a number that is higher is a type that can do more.
 */
export interface CpuType {
  readonly name: string;
  readonly level: number;
  readonly vendor: 'Intel' | 'AMD';
  /** libvirt's CPU model, and the features that are added to it or taken away. */
  readonly model: string;
  readonly features: readonly string[];
}

/** `Nehalem,+spec-ctrl` is the model with a feature added. */
type Row = readonly [level: number, name: string, cpu: string];

const levels42: readonly Row[] = [
  [3, 'Intel Conroe Family', 'Conroe'],
  [4, 'Intel Penryn Family', 'Penryn'],
  [5, 'Intel Nehalem Family', 'Nehalem'],
  [6, 'Intel Westmere Family', 'Westmere'],
  [7, 'Intel SandyBridge Family', 'SandyBridge'],
  [8, 'Intel Haswell-noTSX Family', 'Haswell-noTSX'],
  [9, 'Intel Haswell Family', 'Haswell'],
  [10, 'Intel Broadwell-noTSX Family', 'Broadwell-noTSX'],
  [11, 'Intel Broadwell Family', 'Broadwell'],
  [12, 'Intel Skylake Family', 'Skylake-Client'],
  [2, 'AMD Opteron G1', 'Opteron_G1'],
  [3, 'AMD Opteron G2', 'Opteron_G2'],
  [4, 'AMD Opteron G3', 'Opteron_G3'],
  [5, 'AMD Opteron G4', 'Opteron_G4'],
  [6, 'AMD Opteron G5', 'Opteron_G5'],
];

const levels43: readonly Row[] = [
  [5, 'Intel Nehalem Family', 'Nehalem'],
  [7, 'Intel Nehalem IBRS SSBD Family', 'Nehalem,+spec-ctrl,+ssbd'],
  [8, 'Intel Westmere Family', 'Westmere'],
  [10, 'Intel Westmere IBRS SSBD Family', 'Westmere,+pcid,+spec-ctrl,+ssbd'],
  [11, 'Intel SandyBridge Family', 'SandyBridge'],
  [13, 'Intel SandyBridge IBRS SSBD Family', 'SandyBridge,+pcid,+spec-ctrl,+ssbd'],
  [14, 'Intel Haswell-noTSX Family', 'Haswell-noTSX'],
  [16, 'Intel Haswell-noTSX IBRS SSBD Family', 'Haswell-noTSX,+spec-ctrl,+ssbd'],
  [17, 'Intel Haswell Family', 'Haswell'],
  [19, 'Intel Haswell IBRS SSBD Family', 'Haswell,+spec-ctrl,+ssbd'],
  [20, 'Intel Broadwell-noTSX Family', 'Broadwell-noTSX'],
  [22, 'Intel Broadwell-noTSX IBRS SSBD Family', 'Broadwell-noTSX,+spec-ctrl,+ssbd'],
  [23, 'Intel Broadwell Family', 'Broadwell'],
  [25, 'Intel Broadwell IBRS SSBD Family', 'Broadwell,+spec-ctrl,+ssbd'],
  [26, 'Intel Skylake Client Family', 'Skylake-Client'],
  [28, 'Intel Skylake Client IBRS SSBD Family', 'Skylake-Client,+spec-ctrl,+ssbd'],
  [29, 'Intel Skylake Server Family', 'Skylake-Server'],
  [31, 'Intel Skylake Server IBRS SSBD Family', 'Skylake-Server,+spec-ctrl,+ssbd'],
  [5, 'AMD Opteron G4', 'Opteron_G4'],
  [6, 'AMD Opteron G5', 'Opteron_G5'],
  [7, 'AMD EPYC', 'EPYC'],
  [9, 'AMD EPYC IBPB SSBD', 'EPYC,+ibpb,+virt-ssbd'],
];

/** From 4.4 on the types that are safe against the known side channels are called secure. */
const older: readonly Row[] = [
  [1, 'Intel Nehalem Family', 'Nehalem'],
  [2, 'Secure Intel Nehalem Family', 'Nehalem,+spec-ctrl,+ssbd'],
  [3, 'Intel Westmere Family', 'Westmere'],
  [4, 'Secure Intel Westmere Family', 'Westmere,+pcid,+spec-ctrl,+ssbd'],
  [5, 'Intel SandyBridge Family', 'SandyBridge'],
  [6, 'Secure Intel SandyBridge Family', 'SandyBridge,+pcid,+spec-ctrl,+ssbd,+md-clear'],
  [7, 'Intel IvyBridge Family', 'IvyBridge'],
  [8, 'Secure Intel IvyBridge Family', 'IvyBridge,+pcid,+spec-ctrl,+ssbd,+md-clear'],
  [9, 'Intel Haswell Family', 'Haswell-noTSX'],
  [10, 'Secure Intel Haswell Family', 'Haswell-noTSX,+spec-ctrl,+ssbd,+md-clear'],
  [11, 'Intel Broadwell Family', 'Broadwell-noTSX'],
  [12, 'Secure Intel Broadwell Family', 'Broadwell-noTSX,+spec-ctrl,+ssbd,+md-clear'],
  [1, 'AMD Opteron G4', 'Opteron_G4'],
  [2, 'AMD Opteron G5', 'Opteron_G5'],
  [3, 'AMD EPYC', 'EPYC'],
  [4, 'Secure AMD EPYC', 'EPYC,+ibpb,+virt-ssbd'],
];

const levels44: readonly Row[] = [
  ...older,
  [13, 'Intel Skylake Client Family', 'Skylake-Client,-hle,-rtm'],
  [14, 'Secure Intel Skylake Client Family', 'Skylake-Client,+spec-ctrl,+ssbd,+md-clear,-hle,-rtm'],
  [15, 'Intel Skylake Server Family', 'Skylake-Server,-hle,-rtm'],
  [16, 'Secure Intel Skylake Server Family', 'Skylake-Server,+spec-ctrl,+ssbd,+md-clear,-hle,-rtm'],
  [17, 'Intel Cascadelake Server Family', 'Cascadelake-Server,-hle,-rtm,+arch-capabilities'],
  [18, 'Secure Intel Cascadelake Server Family', 'Cascadelake-Server,+md-clear,+mds-no,-hle,-rtm,+tsx-ctrl,+arch-capabilities'],
];

const levels45: readonly Row[] = [
  ...older,
  [13, 'Intel Skylake Client Family', 'Skylake-Client,-hle,-rtm,-mpx'],
  [14, 'Secure Intel Skylake Client Family', 'Skylake-Client-noTSX-IBRS,+ssbd,+md-clear,-mpx'],
  [15, 'Intel Skylake Server Family', 'Skylake-Server,-hle,-rtm,-mpx'],
  [16, 'Secure Intel Skylake Server Family', 'Skylake-Server-noTSX-IBRS,+ssbd,+md-clear,-mpx'],
  [17, 'Intel Cascadelake Server Family', 'Cascadelake-Server,-hle,-rtm,-mpx'],
  [18, 'Secure Intel Cascadelake Server Family', 'Cascadelake-Server-noTSX,-mpx'],
  [19, 'Intel Icelake Server Family', 'Icelake-Server-noTSX,-mpx'],
  [
    20,
    'Secure Intel Icelake Server Family',
    'Icelake-Server-noTSX,+arch-capabilities,+rdctl-no,+ibrs-all,+skip-l1dfl-vmentry,+mds-no,+pschange-mc-no,-mpx',
  ],
];

/** The CPU types of a level, and from the least to the most within each vendor's. */
export function cpuTypesOf(level: string): readonly CpuType[] {
  const rows = level === '4.2' ? levels42 : level === '4.3' ? levels43 : levelIsLower(level, '4.5') ? levels44 : levels45;
  return rows.map(([number, name, cpu]) => {
    const [model = '', ...features] = cpu.split(',');
    return { name, level: number, vendor: name.includes('AMD') ? 'AMD' : 'Intel', model, features };
  });
}

export const cpuTypeNamed = (level: string, name: string): CpuType | undefined => cpuTypesOf(level).find((one) => one.name === name);

/** Whether VMs that have run with the one type may miss something under the other. */
export function cpuTypeIsLess(after: CpuType, before: CpuType): boolean {
  return after.vendor !== before.vendor || after.level < before.level;
}
