import type { GuestFacts } from '@ostler/agent-contract/values';
import { isLibvirtError } from '@ostler/libvirt/errors';
import type { DomainRef } from '@ostler/libvirt/wire-types';
import type { Libvirt } from './runs.ts';

type GuestAnswer = Omit<GuestFacts, 'agent'>;

/** Seconds that libvirt waits for one answer of a guest (vms.md 8.1). */
const timeout = 1;

/**
 * Asks a guest's agent what it knows. A guest is not to be trusted: its answers are of any shape and size, and become
 * short, printable text and numbers here. Undefined when it does not answer. `disks` are the ids of those that it may name.
 */
export async function askGuest(libvirt: Libvirt, dom: DomainRef, disks: readonly string[]): Promise<GuestAnswer | undefined> {
  const ask = async (command: string): Promise<unknown> => {
    const answer = await libvirt.call(
      'qemuDomainAgentCommand',
      { dom, cmd: JSON.stringify({ execute: command }), timeout },
      { deadline: 10_000 },
    );
    const parsed: unknown = JSON.parse(answer ?? '{}');
    return objectOf(parsed)['return'];
  };
  /** A guest may forbid single commands. */
  const askIfAllowed = (command: string) =>
    ask(command).catch((error: unknown) => {
      if (isLibvirtError(error, 'agentUnresponsive')) throw error;
      return undefined;
    });
  try {
    await ask('guest-ping');
    const hostName = textOf(objectOf(await askIfAllowed('guest-get-host-name'))['host-name']);
    const operatingSystem = readOperatingSystem(await askIfAllowed('guest-get-osinfo'));
    const timeZone = readTimeZone(await askIfAllowed('guest-get-timezone'));
    const nics = readNics(await askIfAllowed('guest-network-get-interfaces'));
    const agentVersion = textOf(objectOf(await askIfAllowed('guest-info'))['version']);
    const fileSystems = readFileSystems(await askIfAllowed('guest-get-fsinfo'), disks);
    const users = readUsers(await askIfAllowed('guest-get-users'));
    return {
      ...(agentVersion !== undefined && { agentVersion }),
      ...(fileSystems && { fileSystems }),
      ...(users && { users }),
      ...(hostName !== undefined && { hostName }),
      ...(operatingSystem && { operatingSystem }),
      ...(timeZone && { timeZone }),
      ...(nics && { nics }),
    };
  } catch {
    return undefined;
  }
}

type Loose = { readonly [name: string]: unknown };
const objectOf = (value: unknown): Loose => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Loose) : {});
const listOf = (value: unknown): Loose[] => (Array.isArray(value) ? value.slice(0, 256).map(objectOf) : []);

/** Printable, of a length that a person can read, and without what XML cannot hold. */
function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value
    .toWellFormed()
    .replaceAll(/[\p{Cc}\ufffe\uffff]/gu, '')
    .slice(0, 255);
  return text === '' ? undefined : text;
}

export function readOperatingSystem(answer: unknown): GuestFacts['operatingSystem'] {
  const os = objectOf(answer);
  const known = {
    id: textOf(os['id']),
    name: textOf(os['name']),
    version: textOf(os['version-id']),
    kernel: textOf(os['kernel-release']),
    architecture: textOf(os['machine']),
  };
  const { id, name, version, kernel, architecture } = known;
  if (Object.values(known).every((value) => value === undefined)) return undefined;
  return {
    ...(id !== undefined && { id }),
    ...(name !== undefined && { name }),
    ...(version !== undefined && { version }),
    ...(kernel !== undefined && { kernel }),
    ...(architecture !== undefined && { architecture }),
  };
}

export function readTimeZone(answer: unknown): GuestFacts['timeZone'] {
  const { zone, offset } = objectOf(answer);
  if (typeof offset !== 'number' || !Number.isInteger(offset)) return undefined;
  const name = textOf(zone);
  return { offset, ...(name !== undefined && { name }) };
}

export function readNics(answer: unknown): GuestFacts['nics'] {
  if (!Array.isArray(answer)) return undefined;
  return listOf(answer).flatMap((nic) => {
    const name = textOf(nic['name']);
    const mac = textOf(nic['hardware-address'])?.toLowerCase();
    if (name === undefined) return [];
    return { name, ...(mac !== undefined && { mac }), addresses: listOf(nic['ip-addresses']).flatMap(readAddress) };
  });
}

function readAddress(address: Loose) {
  const text = textOf(address['ip-address']);
  const family = address['ip-address-type'] === 'ipv6' ? ('v6' as const) : ('v4' as const);
  const prefix = address['prefix'];
  return text !== undefined && typeof prefix === 'number' && Number.isInteger(prefix) ? [{ family, address: text, prefix }] : [];
}

/** A virtio disk shows the guest no more than twenty characters of its serial number, which is our id of the disk. */
const serialLength = 20;

export function readFileSystems(answer: unknown, disks: readonly string[]): GuestFacts['fileSystems'] {
  if (!Array.isArray(answer)) return undefined;
  const seen = new Set<string>();
  return listOf(answer).flatMap((one) => {
    const mountPoint = textOf(one['mountpoint']);
    if (mountPoint === undefined || seen.has(mountPoint)) return [];
    seen.add(mountPoint);
    const serials = listOf(one['disk']).flatMap((disk) => textOf(disk['serial']) ?? []);
    const below = disks.filter((disk) => serials.some((serial) => serial.length >= serialLength && disk.startsWith(serial.slice(0, 36))));
    const total = bytesOf(one['total-bytes']);
    const used = bytesOf(one['used-bytes']);
    return {
      mountPoint,
      type: textOf(one['type']) ?? '',
      ...(total !== undefined && { total }),
      ...(used !== undefined && { used }),
      disks: below,
    };
  });
}

/** Who is logged in. Windows names the domain beside the user; the time of the login is in seconds. */
export function readUsers(answer: unknown): GuestFacts['users'] {
  if (!Array.isArray(answer)) return undefined;
  return listOf(answer).flatMap((one) => {
    const name = textOf(one['user']);
    const domain = textOf(one['domain']);
    const since = one['login-time'];
    if (name === undefined) return [];
    return {
      name,
      ...(domain !== undefined && { domain }),
      ...(typeof since === 'number' && since > 0 && { since: Math.floor(since * 1000) }),
    };
  });
}

const bytesOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
