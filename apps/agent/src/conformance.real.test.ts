import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { agentClient, type AgentClient } from '@ostler/agent-contract/client';
import { conformance } from '@ostler/agent-contract/conformance';
import { tinyGuest } from '@ostler/lab/guest';
import { startLibvirtd } from '@ostler/libvirt/daemon/libvirtd';
import { createAuthority, issue, issueForRequest } from '@ostler/pki/authority';
import { volume as volumePath } from '@ostler/storage-format/layout';
import { startAgent, type RunningAgent } from './agent.ts';
import type { AgentConfig } from './config.ts';
import { processOfVm } from './testing/qemu-process.test-support.ts';

/** The whole agent over real TLS, a libvirtd of its own, QEMU, and a directory of this machine as storage. */
conformance('the agent', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'ostler-agent-'));
  // The storage's processes and QEMU, as 36:36, pass through it.
  await chmod(directory, 0o755);
  // Storage's user passes through it.
  await chmod(directory, 0o755);
  const libvirtd = await startLibvirtd({ state: join(directory, 'libvirt'), guestsAs: 'storage' });
  const data = join(directory, 'data');
  for (const path of [data, `${data}-beside`]) {
    await mkdir(path);
    await chown(path, 36, 36);
  }
  const host = randomUUID();
  const now = new Date();
  const authority = await createAuthority('Test', now);
  const [hostIdentity, managerIdentity] = await Promise.all([
    issue(authority, { commonName: host, role: 'host', names: [host, '127.0.0.1'] }, now),
    issue(authority, { commonName: 'manager', role: 'manager' }, now),
  ]);
  const pki = { caCert: join(directory, 'ca.pem'), cert: join(directory, 'host.pem'), key: join(directory, 'host.key') };
  await writeFile(pki.caCert, authority.cert);
  await writeFile(pki.cert, hostIdentity.cert);
  await writeFile(pki.key, hostIdentity.key, { mode: 0o600 });
  const network = `ost${randomUUID().slice(0, 6)}`;
  const config: AgentConfig = {
    stateDir: join(directory, 'agent'),
    hostName: 'conformance',
    listen: { address: '127.0.0.1', port: 0 },
    images: { address: '127.0.0.1', port: await freePort() },
    consoles: { address: '127.0.0.1', port: 0 },
    libvirt: { socket: libvirtd.socket },
    pki,
    networks: [{ name: 'ovirtmgmt', kind: 'nat', device: network }],
    advertise: '127.0.0.1',
    workers: 2,
  };
  const quiet = { info: () => undefined, warn: () => undefined };
  let agent: RunningAgent;
  let client: AgentClient;
  const start = async () => {
    agent = await startAgent({ config, log: quiet, now: Date.now });
    const tls = { ca: authority.cert, ...managerIdentity };
    client = agentClient({ url: `https://127.0.0.1:${agent.port}`, tls, serverName: host });
  };
  await start();
  return {
    client: () => client,
    connection: { type: 'localfs', path: data },
    network: 'ovirtmgmt',
    async restart() {
      client.close();
      await agent.stop();
      await start();
    },
    issue: (request) => issueForRequest(authority, request, { commonName: host, role: 'host', names: [host, '127.0.0.1'] }, new Date()),
    shown: () =>
      Promise.all(
        [agent.port, agent.imagesPort, agent.consolesPort].map((port) => certificateShownAt(port, { ca: authority.cert, ...managerIdentity })),
      ),
    async installGuest({ domain, image, volume }) {
      // Written over, and not copied: the file keeps its owner.
      await writeFile(join(data, volumePath(domain, image, volume)), await readFile((await tinyGuest()).bootQcow2));
    },
    async crash(vm) {
      process.kill(await processOfVm(vm), 'SIGKILL');
    },
    async stop() {
      client.close();
      await agent.stop();
      await libvirtd.virsh(['net-destroy', network]).catch(() => undefined);
      await libvirtd.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
});

/** The certificate in PEM, as files have it. */
async function certificateShownAt(port: number, tls: { ca: string; cert: string; key: string }): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', ...tls, ALPNProtocols: ['h2', 'http/1.1'] });
  await once(socket, 'secureConnect');
  const shown = socket.getPeerX509Certificate()?.toString() ?? '';
  socket.destroy();
  return shown;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === 'object' ? address.port : 0;
}
