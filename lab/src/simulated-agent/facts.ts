import type { HostFacts, HostStatistics } from '@ostler/agent-contract/values';

/** What a simulated host says of itself unless told otherwise: sixteen CPUs, 64 GiB, the default network. */
export function simulatedFacts(hostId: string, name: string, different: Partial<HostFacts> = {}): HostFacts {
  return {
    hardware: { uuid: hostId, manufacturer: 'Ostler', product: 'Simulated host' },
    hostName: name,
    operatingSystem: { name: 'Debian GNU/Linux', version: '12', kernel: '6.1.0' },
    agentVersion: '0.1.0',
    libvirtVersion: '9.0.0',
    qemuVersion: '7.2.22',
    cpu: { model: 'Simulated CPU', architecture: 'x86_64', sockets: 1, cores: 8, threads: 2, mhz: 2400, flags: ['lm', 'nx', 'sse4_2'] },
    memory: 64 * 2 ** 30,
    acceleration: { kind: 'kvm' },
    machines: ['pc-i440fx-7.2', 'pc-q35-7.2'],
    firmwares: ['i440fx_sea_bios', 'q35_sea_bios', 'q35_ovmf', 'q35_secure_boot'],
    nics: [{ name: 'eth0', mac: '52:54:00:00:00:01', up: true, mtu: 1500, speed: 1000, bridge: false, addresses: ['192.0.2.1/24'] }],
    networks: [{ name: 'ovirtmgmt', kind: 'bridge', device: 'ovirtmgmt' }],
    endpoints: { images: 54322, consoles: 54323 },
    ...different,
  };
}

/** An eighth of the host is busy for each VM, and its memory is what the facts say. */
export function simulatedStatistics({ memory, nics }: HostFacts, runningVms: number, now: number, bootedAt: number): HostStatistics {
  const uptime = now - bootedAt;
  const busy = Math.min(100, 2 + 12.5 * runningVms);
  const free = Math.floor(memory * Math.max(0.05, 0.9 - 0.1 * runningVms));
  return {
    at: now,
    uptime,
    cpu: { user: busy * 0.7, system: busy * 0.3, idle: 100 - busy, load: busy / 25 },
    memory: { total: memory, free, available: free, buffers: 0, cached: 0, swapTotal: 0, swapFree: 0 },
    nics: nics.map(({ name }) => ({ name, receivedBytes: uptime * 1_000, sentBytes: uptime * 500 })),
  };
}
