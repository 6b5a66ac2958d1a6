import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallName, Mandate } from '@ostler/agent-contract/calls';
import { AgentError } from '@ostler/agent-contract/errors';
import { eventRing } from '@ostler/agent-contract/event-ring';
import type { AgentImplementation } from '@ostler/agent-contract/implementation';
import { agentServer, showCertificate } from '@ostler/agent-contract/server';
import type { HostFacts } from '@ostler/agent-contract/values';
import { fingerprint } from '@ostler/pki/authority';
import { openCertificate } from './certificate.ts';
import type { AgentConfig } from './config.ts';
import { startRelay } from './consoles/relay.ts';
import { openSerial, openVnc } from './consoles/targets.ts';
import { consoleTickets, type ConsoleGrant } from './consoles/tickets.ts';
import { findAcceleration, type Acceleration } from './facts/acceleration.ts';
import { hostFacts } from './facts/facts.ts';
import { findUefi } from './facts/firmware.ts';
import { hugePageSizes } from './facts/huge-pages.ts';
import { hostStatistics } from './facts/statistics.ts';
import { openHypervisor } from './hypervisor/hypervisor.ts';
import { agentErrorOf } from './hypervisor/link.ts';
import { mediaIn } from './hypervisor/media.ts';
import { openJournal } from './journal.ts';
import { killPoint } from './kill-point.ts';
import { ensureNatNetworks } from './networks/nat.ts';
import { openHostStorage } from './storage/host-storage.ts';
import { agentTasks } from './tasks.ts';
import { imageServers } from './transfers/image-servers.ts';
import { openTransfers } from './transfers/transfers.ts';

export const agentVersion = '1.0';

/** RHV's vdsm:kvm: whom disks belong to, and whom QEMU runs as. */
const storageUser = { uid: 36, gid: 36 } as const;
const libvirtUri = 'qemu:///system';

export interface AgentOptions {
  readonly config: AgentConfig;
  readonly log: Log;
  readonly now: () => number;
}

type Log = { info(details: object, message: string): void; warn(details: object, message: string): void };

export interface RunningAgent {
  readonly port: number;
  readonly imagesPort: number;
  readonly consolesPort: number;
  stop(): Promise<void>;
}

/** Puts an agent together and opens its doors. What cannot be reached yet (libvirt, a storage) is waited for behind them. */
export async function startAgent({ config, log, now }: AgentOptions): Promise<RunningAgent> {
  const { stateDir } = config;
  const certificate = await openCertificate(config.pki, now);
  const { ca } = certificate.current();
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const directories = await prepareDirectories(stateDir);

  const journal = await openJournal(join(stateDir, 'journal'), now);
  const ring = eventRing({ bootId, incarnation: journal.incarnation, now });
  const tasks = agentTasks({ journal, publish: ring.publish, now });
  const storage = await openHostStorage({ stateDir, begin: tasks.begin, now, log, ...storageUser });
  storage.onHealth((domain) => ring.publish({ kind: 'domain', domain }));
  const servers = await imageServers({
    runDir: directories.images,
    identityFile: join(stateDir, 'image-server.json'),
    tls: certificate.current,
    listen: config.images,
    ...(config.workers !== undefined && { workers: config.workers }),
    ...storageUser,
    log,
  });
  const transfers = await openTransfers({
    servers,
    storage,
    memory: join(stateDir, 'transfers.json'),
    publish: (transfer) => ring.publish({ kind: 'transfer', transfer }),
    now,
    log,
  });

  const tickets = consoleTickets(now);
  // Tried once for each boot; a machine whose trial takes its ten seconds serves meanwhile.
  const acceleration = findAcceleration(stateDir, bootId);
  const uefi = await findUefi();
  const networks = config.networks;
  const endpoints = { images: config.images.port, consoles: config.consoles.port };
  const facts = async (libvirt: Parameters<typeof hostFacts>[0]): Promise<HostFacts> => {
    const found = await hostFacts(libvirt, {
      stateDirectory: stateDir,
      agentVersion,
      networks,
      endpoints,
      acceleration: await acceleration,
      ...(config.hardwareUuid !== undefined && { hardwareUuid: config.hardwareUuid }),
    });
    return { ...found, hostName: config.hostName };
  };

  const hypervisor = openHypervisor({
    socketPath: config.libvirt.socket,
    uri: libvirtUri,
    instance: fingerprint(ca),
    journal,
    storage,
    media: mediaIn(directories.media, storageUser),
    begin: tasks.begin,
    publish: ring.publish,
    now,
    log,
    grantConsole: tickets.push,
    async readHost(libvirt) {
      await ensureNatNetworks(libvirt, networks, log);
      const read = await facts(libvirt);
      return {
        instance: fingerprint(ca),
        acceleration: read.acceleration satisfies Acceleration,
        machines: read.machines,
        networks: read.networks,
        uefi,
        vncDirectory: directories.vnc,
        nvramDirectory: directories.nvram,
        hardwareUuid: read.hardware.uuid,
        hugePages: await hugePageSizes(),
      };
    },
  });

  const implementation: AgentImplementation = {
    ...certificate.calls,
    ...hypervisor.calls,
    ...storage.calls,
    ...tasks.calls,
    ...transfers.calls,
    hostFacts: async () =>
      facts(await hypervisor.link.open()).catch((error: unknown) => {
        throw agentErrorOf(error);
      }),
    hostStatistics: hostStatistics(now),
    async observe() {
      // What is known of VMs is true only as long as libvirt is there to correct it.
      await hypervisor.link.open();
      return {
        bootId,
        sequence: ring.latest(),
        vms: hypervisor.observations(),
        domains: [...storage.health()],
        tasks: tasks.all(),
        transfers: transfers.states(),
      };
    },
  };

  const relay = await startRelay({
    address: config.consoles.address,
    port: config.consoles.port,
    tls: certificate.current(),
    tickets,
    log: (line) => log.info(line, 'console'),
    open: (grant) => openConsole(grant),
  });
  endpoints.consoles = relay.port;

  async function openConsole({ vm, run, console }: ConsoleGrant) {
    const known = hypervisor.run(vm);
    if (known?.run !== run) throw new AgentError('unknown_vm', `VM ${vm} is not on this host`);
    if (console === 'serial') return openSerial(config.libvirt.socket, libvirtUri, known.dom);
    if (console === 'vnc') return openVnc(known);
    throw new AgentError('not_supported', 'SPICE is not relayed');
  }

  const server = agentServer({
    implementation: killPoint(implementation, process.env['OSTLER_AGENT_EXIT']),
    journal,
    tls: certificate.current(),
    events: ring,
    allow: (commonName) => commonName === 'manager',
    now,
    log: ({ call, code, milliseconds, correlation }) => {
      const line = { call, code, milliseconds, correlation };
      if (code !== 'ok') log.info(line, 'call');
    },
  });
  certificate.onInstall((tls) => showCertificate(server, tls));
  certificate.onInstall(relay.show);
  certificate.onInstall(servers.show);
  tasks.resume((call, input, mandate) => again(implementation, call, input, mandate));
  // The port is open from the first moment: a transfer's first request should not wait for the processes behind it.
  await servers.control();
  // They may have been started by a predecessor that died while it was given another certificate.
  await servers.show(certificate.current());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.listen.port, config.listen.address, () => resolve());
  });
  const bound = server.address();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => session.destroy());
  });

  return {
    port: bound !== null && typeof bound === 'object' ? bound.port : config.listen.port,
    imagesPort: config.images.port,
    consolesPort: relay.port,
    async stop() {
      server.close();
      for (const session of sessions) session.destroy();
      transfers.stop();
      await relay.stop();
      await tasks.stop();
      await hypervisor.stop();
      await servers.stop();
      await storage.stop();
      await journal.close();
    },
  };
}

/** The call that a task began with, made again by the next agent. Its input was checked when it first came. */
function again(implementation: AgentImplementation, call: CallName, input: unknown, mandate: Mandate): Promise<unknown> {
  const made: (input: never, context: never) => Promise<unknown> = implementation[call];
  const context = { mandate, signal: AbortSignal.timeout(24 * 3_600_000) };
  return made(input as never, context as never);
}

/**
 * Sockets are in a short place: a socket's whole path may have 107 bytes. QEMU and the I/O processes, which run as 36:36,
 * pass through the state directory to what is theirs in it.
 */
async function prepareDirectories(stateDir: string): Promise<{ vnc: string; images: string; media: string; nvram: string }> {
  const run = `/run/ostler/${createHash('sha256').update(stateDir).digest('hex').slice(0, 12)}`;
  const made = { vnc: join(run, 'vnc'), images: join(run, 'images'), media: join(run, 'media'), nvram: join(stateDir, 'nvram') };
  await mkdir(stateDir, { recursive: true });
  await chmod(stateDir, 0o711);
  await mkdir(run, { recursive: true, mode: 0o711 });
  for (const directory of Object.values(made)) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chown(directory, storageUser.uid, storageUser.gid);
  }
  return made;
}
