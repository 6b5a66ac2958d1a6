import { changed, type Hardware, type HardwareWish } from './hardware.ts';

/** What one run has of its own, over the VM's configuration: it is gone when the run has ended (vms.md 3.7). */
export interface RunOnce {
  /** Parts of the hardware that a run may have of its own. */
  readonly hardware: HardwareWish;
  /** It is gone with a reboot, too. */
  readonly volatile: boolean;
  /** Whether the guest is given its initialization: always, never, or at its first start alone. */
  readonly initialization?: boolean;
}

/** Of a wish, what a single run may have of its own; what else is named there is the VM's, and not a run's to change. */
export function ofOneRun(wish: HardwareWish): HardwareWish {
  const { boot, bootMenu, kernel, display, cpu, machine, customProperties, stateless, startPaused, timeZone } = wish;
  const own = {
    boot,
    bootMenu,
    kernel,
    machine,
    customProperties,
    stateless,
    startPaused,
    timeZone,
    cpu: cpu?.model === undefined ? undefined : { model: cpu.model },
    display: display?.protocols === undefined ? undefined : { protocols: display.protocols },
  };
  return Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
}

/** The hardware of a run. Custom properties of a run stand beside those of the VM. */
export function hardwareOfRun(hardware: Hardware, once: Pick<RunOnce, 'hardware'> | null): Hardware {
  if (!once) return hardware;
  const { customProperties: own, ...wish } = once.hardware;
  return changed(hardware, { ...wish, ...(own && { customProperties: { ...hardware.customProperties, ...own } }) });
}

export const isEmptyWish = (wish: HardwareWish): boolean => Object.keys(wish).length === 0;
