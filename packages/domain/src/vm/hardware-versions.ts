import { blankHardware, type Firmware, type BootDevice, type Hardware, type VmType } from './hardware.ts';

/** Hardware documents as older versions of Ostler wrote them: rows of vms, templates and snapshots keep theirs until they are changed. */

interface HardwareOfVersion1 {
  readonly schema: 1;
  readonly type: VmType;
  readonly operatingSystem: string;
  readonly memory: Hardware['memory'];
  readonly cpu: Pick<Hardware['cpu'], 'sockets' | 'cores' | 'threads' | 'mode' | 'model'>;
  readonly firmware: Firmware;
  readonly machine?: string;
  readonly boot: readonly BootDevice[];
  readonly bootMenu: boolean;
  readonly display: { readonly type: 'vnc' | 'spice' | 'none'; readonly monitors: number };
  readonly serialConsole: boolean;
  readonly soundcard: boolean;
  readonly usb: boolean;
  readonly rng: Hardware['rng'];
  readonly ioThreads: number;
  readonly multiQueues: boolean;
  readonly virtioScsi: boolean;
  readonly highAvailability: Hardware['highAvailability'];
  readonly stateless: boolean;
  readonly startPaused: boolean;
  readonly timeZone?: string;
  readonly customProperties: Readonly<Record<string, string>>;
}

export type StoredHardware = Hardware | HardwareOfVersion1;

/** A stored document as this version knows it. What the older one had no word for is as in Blank. */
export function currentHardware(stored: StoredHardware): Hardware {
  if (stored.schema === 2) return stored;
  const { display, cpu, ...rest } = stored;
  return {
    ...blankHardware,
    ...rest,
    schema: 2,
    cpu: { ...blankHardware.cpu, ...cpu },
    display: { ...blankHardware.display, protocols: display.type === 'none' ? [] : [display.type], monitors: display.monitors },
  };
}

/** A row whose hardware is as it was stored, with the hardware as this version knows it. */
export const withCurrentHardware = <Row extends { readonly hardware: StoredHardware }>(
  row: Row,
): Row & { readonly hardware: Hardware } => ({
  ...row,
  hardware: currentHardware(row.hardware),
});
