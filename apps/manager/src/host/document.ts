import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';
import type { HostFacts } from '@ostler/agent-contract/values';
import { href, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { schedulableMemory } from '@ostler/domain/vm/plan';
import type { HostRow, statisticsOfHost } from './store.ts';

/** A host as RHV's clients read it. What only its agent knows is absent until it has been seen once. */
export function hostDocument(row: HostRow): Api['host'] {
  const { facts } = row;
  const { memory } = facts ?? {};
  return linked(
    {
      id: row.id,
      name: row.name,
      description: row.description,
      comment: row.comment,
      address: row.address,
      port: row.port,
      status: row.status as NonNullable<Api['host']['status']>,
      ...(row.statusReason?.message !== undefined && { status_detail: row.statusReason.message }),
      external_status: 'ok' as const,
      type: 'rhel' as const,
      ...(row.enrolled && { certificate: { organization: 'Ostler', subject: `O=Ostler,CN=${row.id}` } }),
      cluster: { id: row.cluster, href: href('cluster', { cluster: row.cluster }) },
      // Every host works on storage by itself under leases: nobody is the pool's manager.
      spm: { priority: row.spmPriority, status: 'none' as const },
      summary: { active: row.active, migrating: row.migrating, total: row.total },
      power_management: { enabled: false },
      // Agents leave both as the host has them: Linux begins without page merging and with huge pages.
      ksm: { enabled: false },
      transparent_huge_pages: { enabled: true },
      device_passthrough: { enabled: false },
      numa_supported: false,
      update_available: false,
      ...(memory !== undefined && {
        memory,
        max_scheduling_memory: schedulableMemory({ memory, committed: row.committed }, row.overcommitPercent),
      }),
      ...(facts && observed(facts)),
    },
    'hosts/{host}',
    { host: row.id },
  );
}

function observed({ cpu, operatingSystem, agentVersion, libvirtVersion, hardware }: Partial<HostFacts>) {
  return {
    ...(cpu && {
      cpu: {
        name: cpu.model,
        ...(Number.isFinite(cpu.mhz) && { speed: cpu.mhz }),
        topology: { sockets: cpu.sockets, cores: cpu.cores, threads: cpu.threads },
      },
    }),
    ...(operatingSystem && {
      os: {
        type: operatingSystem.name,
        version: { full_version: operatingSystem.version, ...numbers(operatingSystem.version) },
        description: `${operatingSystem.name} ${operatingSystem.version} (Linux ${operatingSystem.kernel})`,
      },
    }),
    ...(agentVersion !== undefined && { version: { full_version: agentVersion, ...numbers(agentVersion) } }),
    ...(libvirtVersion !== undefined && { libvirt_version: { full_version: `libvirt-${libvirtVersion}`, ...numbers(libvirtVersion) } }),
    ...(hardware && {
      hardware_information: {
        uuid: hardware.uuid,
        ...(hardware.manufacturer !== undefined && { manufacturer: hardware.manufacturer }),
        ...(hardware.product !== undefined && { product_name: hardware.product }),
        ...(hardware.serial !== undefined && { serial_number: hardware.serial }),
      },
    }),
  };
}

/** `8.6 (Ootpa)` is major 8, minor 6; a version that does not begin with a number has only its text. */
function numbers(version: string) {
  const [major, minor, build] = (/^\d+(?:\.\d+){0,2}/.exec(version)?.[0] ?? '')
    .split('.')
    .filter((part) => part !== '')
    .map(Number);
  return { ...(major !== undefined && { major }), ...(minor !== undefined && { minor }), ...(build !== undefined && { build }) };
}

/** A NIC of a host has no id of its own: the same name on the same host is the same NIC. */
export function nicDocuments(host: HostRow): Api['host_nic'][] {
  const reference = { id: host.id, href: href('host', { host: host.id }) };
  return (host.facts?.nics ?? []).map((nic): Api['host_nic'] => {
    const id = uuidOf(`${host.id} ${nic.name}`);
    const addresses = nic.addresses.map((text) => text.split('/'));
    const v4 = addresses.find(([address = '']) => isIPv4(address));
    const v6 = addresses.find(([address = '']) => address.includes(':'));
    return {
      id,
      href: `${reference.href}/nics/${id}`,
      name: nic.name,
      host: reference,
      ...(nic.mac !== undefined && { mac: { address: nic.mac } }),
      ...(v4 && { ip: { version: 'v4', address: v4[0], ...(v4[1] !== undefined && { netmask: netmask(Number(v4[1])) }) } }),
      ...(v6 && { ipv6: { version: 'v6', address: v6[0], ...(v6[1] !== undefined && { netmask: v6[1] }) } }),
      mtu: nic.mtu,
      ...(nic.speed !== undefined && { speed: nic.speed }),
      status: nic.up ? 'up' : 'down',
      bridged: nic.bridge,
    };
  });
}

/** The NUMA nodes that the agent tells of; the same index on the same host is the same node. */
export function numaDocuments(host: HostRow): Api['numa_node'][] {
  const reference = { id: host.id, href: href('host', { host: host.id }) };
  return (host.facts?.numaNodes ?? []).map((node) => {
    const id = uuidOf(`${host.id} node ${node.index}`);
    return {
      id,
      href: `${reference.href}/numanodes/${id}`,
      host: reference,
      index: node.index,
      memory: Math.floor(node.memory / 1_048_576),
      cpu: { cores: node.cpus.map((index) => ({ index })) },
    };
  });
}

const netmask = (prefix: number): string =>
  [0, 8, 16, 24].map((from) => 256 - 2 ** (8 - Math.min(8, Math.max(0, prefix - from)))).join('.');

type Unit = NonNullable<Api['statistic']['unit']>;

/** RHV's statistics of a host. Before the first figures there are none, not zeros. */
export function hostStatistics(host: HostRow, seen: Awaited<ReturnType<typeof statisticsOfHost>>): Api['statistic'][] {
  if (!seen) return [];
  const reference = { id: host.id, href: href('host', { host: host.id }) };
  const { memory, cpu, at, uptime } = seen.raw;
  const busy = seen.cpu ?? 0;
  const one = (name: string, description: string, unit: Unit, datum: number, kind: 'gauge' | 'counter' = 'gauge'): Api['statistic'] => ({
    id: uuidOf(name),
    href: `${reference.href}/statistics/${uuidOf(name)}`,
    name,
    description,
    kind,
    type: unit === 'percent' ? ('decimal' as const) : ('integer' as const),
    unit,
    values: [{ datum }],
    host: reference,
  });
  return [
    one('memory.total', 'Total memory', 'bytes', memory.total),
    one('memory.used', 'Used memory', 'bytes', Math.max(0, memory.total - memory.available)),
    one('memory.free', 'Free memory', 'bytes', memory.available),
    one('memory.buffers', 'IO buffers', 'bytes', memory.buffers),
    one('memory.cached', 'OS caches', 'bytes', memory.cached),
    one('swap.total', 'Total swap', 'bytes', memory.swapTotal),
    one('swap.free', 'Free swap', 'bytes', memory.swapFree),
    one('swap.used', 'Used swap', 'bytes', Math.max(0, memory.swapTotal - memory.swapFree)),
    // What is observed is how busy the CPUs are altogether; it all counts as the users'.
    one('cpu.current.user', 'User CPU usage', 'percent', busy),
    one('cpu.current.system', 'System CPU usage', 'percent', 0),
    one('cpu.current.idle', 'Idle CPU usage', 'percent', Math.round((100 - busy) * 10) / 10),
    one('cpu.load.avg.5m', 'CPU 5 minute load average', 'percent', cpu.load),
    one('boot.time', 'Boot time of the machine', 'none', Math.floor((at - uptime) / 1000)),
  ];
}

/** The same statistic of every object has the same id, as in RHV. */
function uuidOf(name: string): string {
  const hex = createHash('md5').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
