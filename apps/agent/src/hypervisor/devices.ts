import type { deviceCalls } from '@ostler/agent-contract/calls';
import { AgentError } from '@ostler/agent-contract/errors';
import type { AgentImplementation } from '@ostler/agent-contract/implementation';
import type { RunDisk, VolumeReference } from '@ostler/agent-contract/values';
import {
  cdDevice,
  diskDevice,
  freeTarget,
  hasScsiController,
  memoryXml,
  metadataWith,
  metadataWithout,
  nicDevice,
  scsiControllerXml,
  withConnection,
  withMedium,
} from '@ostler/domain-xml/plug';
import { metadataNamespace, metadataPrefix, type DiskSpec } from '@ostler/domain-xml/spec';
import { diskXml, nicXml } from '@ostler/domain-xml/write';
import { affect, blockResize, metadataType, modifyDevice } from '@ostler/libvirt/flags';
import { isLibvirtError } from '@ostler/libvirt/errors';
import { until } from '@ostler/libvirt/daemon/poll';
import type { AgentJournal } from '../journal.ts';
import type { Storage } from '../storage/storage.ts';
import { askedOf } from './asked.ts';
import type { Link } from './link.ts';
import type { KnownRun, Runs } from './runs.ts';
import { networkOf, type HostForDomains } from './spec.ts';
import type { Turns } from './turns.ts';

export interface DevicesOptions {
  readonly link: Pick<Link, 'open' | 'call'>;
  readonly runs: Runs;
  readonly journal: Pick<AgentJournal, 'run' | 'noteRun'>;
  readonly storage: Pick<Storage, 'prepare' | 'teardown' | 'recordCapacity'>;
  readonly host: () => HostForDomains;
  readonly turn: Turns;
}

/** How long a guest has to let go of a device, in milliseconds. */
const guestPatience = 20_000;

/**
 * What is plugged into a run and out of it. A volume is claimed and named in the run's metadata before QEMU has it, and
 * given back after QEMU has let go: whoever dies in between, the next agent knows all that may be in use.
 */
export function devices({ link, runs, journal, storage, host, turn }: DevicesOptions): Pick<AgentImplementation, keyof typeof deviceCalls> {
  const { liveOf, awakeOf, changing, answering } = askedOf({ link, runs, turn });
  const byRun = ({ run }: KnownRun) => ({ kind: 'run', id: run }) as const;

  /** libvirt's XML as it is now: another agent, or a guest that let go late, may have changed it. */
  async function fresh(known: KnownRun): Promise<KnownRun> {
    return (await runs.reread(await link.open(), known.vm)) ?? known;
  }
  const attach = ({ dom }: KnownRun, xml: string) => link.call('domainAttachDeviceFlags', { dom, xml, flags: affect.live });

  async function noteVolumes({ dom }: KnownRun, metadata: string | undefined): Promise<void> {
    if (metadata === undefined) return;
    const what = { type: metadataType.element, metadata, key: metadataPrefix, uri: metadataNamespace };
    await link.call('domainSetMetadata', { dom, ...what, flags: affect.live | affect.config });
  }

  /** Asks the guest to let go, and waits until it has: libvirt's answer only says that it was asked. */
  async function detach(known: KnownRun, xml: string, what: string, isThere: (run: KnownRun) => boolean): Promise<KnownRun> {
    await link.call('domainDetachDeviceFlags', { dom: known.dom, xml, flags: affect.live }).catch((error: unknown) => {
      // Asked already, by whoever did not live to see the end of it.
      if (!isLibvirtError(error, 'operationFailed', 'operationInvalid', 'deviceMissing')) throw error;
    });
    const gone = await until(
      `the guest to let go of ${what}`,
      async () => {
        const now = await fresh(known);
        return isThere(now) ? undefined : now;
      },
      { deadlineMs: guestPatience, everyMs: 100 },
    ).catch(() => undefined);
    if (gone) return gone;
    throw new AgentError('guest_refused', `The guest of VM ${known.name} has not let go of ${what}; its system may not run, or use it`);
  }

  function specOf(disk: RunDisk, source: DiskSpec['source'], target: string): DiskSpec {
    return { ...disk, volume: disk.source, source, target };
  }

  return {
    plugDisk: changing(async ({ disk, ...which }) => {
      const known = await fresh(liveOf(which));
      if (diskDevice(known.xml, disk.disk) !== undefined) return;
      if (disk.interface !== 'virtio' && disk.interface !== 'virtio_scsi')
        throw new AgentError('not_supported', `A disk on ${disk.interface} cannot be plugged in while the VM runs`, {
          interface: disk.interface,
        });
      const by = byRun(known);
      const source = await storage.prepare(disk.source, { by, write: !disk.readOnly });
      try {
        await noteVolumes(known, metadataWith(known.xml, { disk: disk.disk, volume: disk.source, readOnly: disk.readOnly }));
        if (disk.interface === 'virtio_scsi' && !hasScsiController(known.xml)) await attach(known, scsiControllerXml());
        const target = freeTarget(
          disk,
          known.facts.disks.map((one) => one.target),
        );
        const spec = specOf(disk, source, target);
        await attach(known, diskXml(spec, { disks: [spec], ioThreads: 0, chipset: 'q35', legacyVirtio: false }));
      } catch (error) {
        // What libvirt did not answer may have been done: then the disk is the run's, and asked again it is there already.
        const now = await fresh(known).catch(() => undefined);
        if (now && diskDevice(now.xml, disk.disk) === undefined) {
          await noteVolumes(now, metadataWithout(now.xml, disk.disk)).catch(() => undefined);
          await storage.teardown(disk.source, by);
        }
        throw error;
      }
      await fresh(known);
    }),

    unplugDisk: changing(async ({ disk, ...which }) => {
      const known = await fresh(liveOf(which));
      const xml = diskDevice(known.xml, disk);
      const after = xml === undefined ? known : await detach(known, xml, `disk ${disk}`, (run) => diskDevice(run.xml, disk) !== undefined);
      const held = after.facts.ours?.volumes.find((one) => one.disk === disk);
      if (!held) return;
      await noteVolumes(after, metadataWithout(after.xml, disk));
      await storage.teardown({ domain: held.domain, image: held.image, volume: held.volume }, byRun(after));
      await fresh(after);
    }),

    resizeDisk: answering(async ({ disk, capacity, ...which }) => {
      const known = await fresh(liveOf(which));
      const target = known.facts.disks.find((one) => one.disk === disk)?.target;
      const held = known.facts.ours?.volumes.find((one) => one.disk === disk);
      if (target === undefined || !held) throw new AgentError('unknown_volume', `VM ${known.name} does not run with disk ${disk}`);
      const { capacity: before } = await link.call('domainGetBlockInfo', { dom: known.dom, path: target });
      if (capacity < Number(before)) throw new AgentError('bad_request', 'A disk cannot be made smaller', { field: 'capacity' });
      if (capacity > Number(before))
        await link.call('domainBlockResize', { dom: known.dom, disk: target, size: BigInt(capacity), flags: blockResize.bytes });
      return storage.recordCapacity({ domain: held.domain, image: held.image, volume: held.volume }, capacity);
    }),

    plugNic: changing(async ({ nic, ...which }) => {
      const known = await fresh(liveOf(which));
      if (nicDevice(known.xml, nic.nic) !== undefined) return;
      const source = nic.network === null ? undefined : networkOf(nic.network, host().networks);
      const vcpus = { sockets: 1, cores: 1, threads: 1, maximum: 1, mode: 'custom', flags: [], pins: [], shares: 0 } as const;
      // One queue: what the VM has of more was decided at its start.
      const spec = {
        cpu: vcpus,
        multiQueues: false,
        accelerator: host().acceleration.kind,
        boot: [],
        disks: [],
        chipset: 'q35' as const,
        legacyVirtio: false,
      };
      await attach(known, nicXml({ ...nic, source }, spec));
      await fresh(known);
    }),

    changeNic: changing(async ({ nic, ...which }) => {
      const known = await fresh(liveOf(which));
      const device = nicDevice(known.xml, nic.nic);
      if (device === undefined) throw new AgentError('wrong_state', `NIC ${nic.mac} is not plugged into VM ${known.name}`);
      const source = nic.network === null ? undefined : networkOf(nic.network, host().networks);
      const xml = withConnection(device, { source, linked: nic.linked });
      if (xml === undefined)
        throw new AgentError('not_supported', `NIC ${nic.mac} of VM ${known.name} has to be unplugged to be connected in another way`);
      await link.call('domainUpdateDeviceFlags', { dom: known.dom, xml, flags: affect.live });
      await fresh(known);
    }),

    unplugNic: changing(async ({ nic, ...which }) => {
      const known = await fresh(liveOf(which));
      const xml = nicDevice(known.xml, nic);
      if (xml !== undefined) await detach(known, xml, `NIC ${nic}`, (run) => nicDevice(run.xml, nic) !== undefined);
    }),

    changeCd: changing(async ({ cd, ...which }) => {
      const known = await fresh(liveOf(which));
      const drive = cdDevice(known.xml);
      if (drive === undefined) throw new AgentError('not_supported', `VM ${known.name} has no CD drive`);
      const before = journal.run(known.run)?.cd ?? null;
      if (isSame(before, cd)) return;
      const by = byRun(known);
      const source = cd && (await storage.prepare(cd, { by, write: false }));
      if (source && source.kind !== 'file') throw new AgentError('not_supported', 'A CD image must be a file', { source: source.kind });
      const xml = withMedium(drive, source?.path);
      await link
        .call('domainUpdateDeviceFlags', { dom: known.dom, xml, flags: modifyDevice.live | modifyDevice.force })
        .catch(async (error: unknown) => {
          if (cd) await storage.teardown(cd, by);
          throw error;
        });
      await journal.noteRun(known.run, { cd });
      if (before) await storage.teardown(before, by);
      await fresh(known);
    }),

    setMemory: changing(async ({ size, ...which }) => {
      const known = await fresh(awakeOf(which));
      const lacking = size - known.facts.memory;
      if (lacking === 0) return;
      if (lacking < 0) throw new AgentError('not_supported', `The memory of VM ${known.name} cannot shrink while it runs`);
      await attach(known, memoryXml(lacking));
      await fresh(known);
    }),

    setVcpus: changing(async ({ count, ...which }) => {
      const known = await fresh(awakeOf(which));
      if (known.facts.vcpus === count) return;
      const { maximumVcpus } = known.facts;
      if (count > maximumVcpus)
        throw new AgentError('not_supported', `VM ${known.name} has places for ${maximumVcpus} virtual CPUs in this run`, {
          maximum: maximumVcpus,
        });
      const fewer = count < known.facts.vcpus;
      await link.call('domainSetVcpusFlags', { dom: known.dom, nvcpus: count, flags: affect.live }).catch((error: unknown) => {
        if (fewer && isLibvirtError(error))
          throw new AgentError('guest_refused', `The guest of VM ${known.name} has not let go of virtual CPUs: ${error.message}`);
        throw error;
      });
      await fresh(known);
    }),
  };
}

const isSame = (a: VolumeReference | null, b: VolumeReference | null): boolean => a?.volume === b?.volume && a?.image === b?.image;
