import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { calls, CallName, Input, Output } from '@ostler/agent-contract/calls';
import { agentClient, type AgentClient } from '@ostler/agent-contract/client';
import { diskOn, quietRun } from '@ostler/agent-contract/conformance';
import type { DomainReference, VmObservation, VmRun, VolumeReference } from '@ostler/agent-contract/values';
import { labDirectory, tinyGuest } from '@ostler/lab/guest';
import { startLibvirtd, type Libvirtd } from '@ostler/lab/libvirtd';
import { until } from '@ostler/libvirt/daemon/poll';
import { createAuthority, issue } from '@ostler/pki/authority';
import { volume } from '@ostler/storage-format/layout';
import type { AgentConfig } from '../config.ts';

type Change = { [C in CallName]: (typeof calls)[C]['kind'] extends 'look' ? never : C }[CallName];
const mebibyte = 2 ** 20;

/** A host of its own for one test file: libvirtd, a directory as storage, and the agent as the process that it is in production. */
export interface TestHost {
  readonly libvirtd: Libvirtd;
  readonly consoles: { readonly url: string; readonly ca: string };
  client(): AgentClient;
  change<C extends Change>(call: C, input: Input<C>, operation?: string): Promise<Output<C>>;
  /** `exitAt` is a kill point: `before:startVm`. */
  startAgent(exitAt?: string): Promise<void>;
  killAgent(): Promise<void>;
  /** Resolves when the agent's process is gone. */
  agentEnded(): Promise<void>;
  useStorage(): Promise<DomainReference>;
  newVolume(different?: Partial<Input<'createVolume'>>): Promise<VolumeReference>;
  /** A run of the lab's guest, which boots from a disk of its own. */
  guestRun(): Promise<VmRun & { readonly disk: VolumeReference }>;
  observed(vm: string): Promise<VmObservation | undefined>;
  reaches(vm: string, what: string, wanted: (observation: VmObservation) => boolean): Promise<VmObservation>;
  stop(): Promise<void>;
}

export async function testHost(): Promise<TestHost> {
  await mkdir(labDirectory(), { recursive: true });
  const directory = await mkdtemp(join(labDirectory(), 'agent-'));
  // The storage's processes and QEMU, as 36:36, pass through it.
  await chmod(directory, 0o755);
  const libvirtd = await startLibvirtd({ state: join(directory, 'libvirt'), guestsAs: 'storage' });
  const data = join(directory, 'data');
  await mkdir(data);
  await chown(data, 36, 36);

  const hostId = randomUUID();
  const now = new Date();
  const authority = await createAuthority('Test', now);
  const identity = await issue(authority, { commonName: hostId, role: 'host', names: [hostId, '127.0.0.1'] }, now);
  const manager = await issue(authority, { commonName: 'manager', role: 'manager' }, now);
  const pki = { caCert: join(directory, 'ca.pem'), cert: join(directory, 'host.pem'), key: join(directory, 'host.key') };
  await writeFile(pki.caCert, authority.cert);
  await writeFile(pki.cert, identity.cert);
  await writeFile(pki.key, identity.key, { mode: 0o600 });

  const [port, images, consoles] = [await freePort(), await freePort(), await freePort()];
  const listen = (chosen: number) => ({ address: '127.0.0.1', port: chosen });
  const config: AgentConfig = {
    stateDir: join(directory, 'agent'),
    hostName: 'test',
    listen: listen(port),
    images: listen(images),
    consoles: listen(consoles),
    libvirt: { socket: libvirtd.socket },
    pki,
    networks: [],
    advertise: '127.0.0.1',
    workers: 1,
  };
  const configFile = join(directory, 'agent.json');
  await writeFile(configFile, JSON.stringify(config));

  const client = agentClient({ url: `https://127.0.0.1:${port}`, tls: { ca: authority.cert, ...manager }, serverName: hostId });
  const domain: DomainReference = { domain: randomUUID(), connection: { type: 'localfs', path: data } };
  let agent: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();
  let made = false;

  const change: TestHost['change'] = (call, input, operation = randomUUID()) => {
    // Every change takes a mandate; that this one is a change is what `Change` says.
    const asked = client.call as (name: string, input: unknown, options: object) => Promise<never>;
    return asked(call, input, { mandate: { epoch: 1, operation } });
  };

  async function startAgent(exitAt?: string): Promise<void> {
    await ended;
    const env = { ...process.env, ...(exitAt !== undefined && { OSTLER_AGENT_EXIT: exitAt }) };
    const program = join(import.meta.dirname, '../main.ts');
    const child = spawn(process.execPath, [program, 'serve', '--config', configFile], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    agent = child;
    ended = new Promise((resolve) => child.once('close', () => resolve()));
    const ready = new Promise<void>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.startsWith('{"ready":true')) resolve();
      });
    });
    const early = ended.then(() => {
      throw new Error('The agent ended before it served');
    });
    await Promise.race([ready, early]);
    early.catch(() => undefined);
  }

  const newVolume: TestHost['newVolume'] = async (different = {}) => {
    const reference = { domain: domain.domain, image: randomUUID(), volume: randomUUID() };
    const wish = { format: 'cow', sparse: true, capacity: 64 * mebibyte, content: 'data', description: '', legal: true } as const;
    await change('createVolume', { ...reference, ...wish, ...different });
    return reference;
  };
  const observed = async (vm: string) => (await client.call('observe', {})).vms.find((observation) => observation.vm === vm);

  return {
    libvirtd,
    consoles: { url: `wss://127.0.0.1:${consoles}/consoles/`, ca: authority.cert },
    client: () => client,
    change,
    startAgent,
    async killAgent() {
      agent?.kill('SIGKILL');
      await ended;
    },
    agentEnded: () => ended,
    async useStorage() {
      await change('connectStorage', { connection: domain.connection });
      if (!made) {
        await change('createDomain', { ...domain, name: 'data', kind: 'data' });
        await change('attachDomain', { ...domain, pool: randomUUID(), poolName: 'Default', master: true, masterVersion: 1 });
        made = true;
      }
      await change('activateDomain', domain);
      return domain;
    },
    newVolume,
    async guestRun() {
      const reference = await newVolume();
      // Written over, and not copied: the file keeps its owner.
      await writeFile(
        join(data, volume(reference.domain, reference.image, reference.volume)),
        await readFile((await tinyGuest()).bootQcow2),
      );
      const run = quietRun({
        disks: [{ ...diskOn(reference), bootable: true }],
        memory: { size: 128 * mebibyte, maximum: 128 * mebibyte, guaranteed: 128 * mebibyte, ballooning: true },
      });
      return { ...run, disk: reference };
    },
    observed,
    reaches: (vm, what, wanted) =>
      until(
        `${what} of VM ${vm}`,
        async () => {
          const observation = await observed(vm).catch(() => undefined);
          return observation && wanted(observation) ? observation : undefined;
        },
        { deadlineMs: 50_000, everyMs: 100 },
      ),
    async stop() {
      client.close();
      agent?.kill('SIGTERM');
      await ended;
      await libvirtd.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === 'object' ? address.port : 0;
}
