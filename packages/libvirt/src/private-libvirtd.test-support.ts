/**
 * A libvirtd of one's own for tests and benchmarks: in a mount namespace of its own, with all its state in a temporary directory,
 * so that it neither sees nor disturbs a libvirtd of this machine. Needs root. Its sockets are reachable from outside, in that directory.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRpcError } from './errors.ts';
import { connect } from './connection.ts';

export type PrivateLibvirtd = {
  readonly socketPath: string;
  /** Where the TLS socket listens on 127.0.0.1; 0 without TLS. */
  readonly tlsPort: number;
  readonly directory: string;
  readonly pid: number;
  /** Ends libvirtd and every QEMU that it started, and removes all traces. */
  stop(): Promise<void>;
};

/** `tls` holds paths of PEM files. `conf` is added to libvirtd.conf. */
export type PrivateLibvirtdOptions = { tls?: { ca: string; cert: string; key: string }; conf?: string };

export async function startPrivateLibvirtd(options: PrivateLibvirtdOptions = {}): Promise<PrivateLibvirtd> {
  const directory = await mkdtemp(join(tmpdir(), 'ostler-libvirtd-'));
  const socketPath = join(directory, 'run', 'libvirt-sock');
  const tlsPort = options.tls === undefined ? 0 : await freePort();
  await writeConfiguration(directory, tlsPort, options);
  const entry = join(import.meta.dirname, 'private-libvirtd-entry.test-support.ts');
  // The entry replaces itself by libvirtd, so this child's pid is libvirtd's.
  const child = spawn(
    'unshare',
    ['--mount', '--propagation', 'private', process.execPath, entry, directory, ...(tlsPort === 0 ? [] : ['--listen'])],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => (complaints = (complaints + chunk.toString()).slice(-10_000)));
  const stop = async () => {
    await end(child);
    await killEmulators(directory);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await waitUntilReady(child, socketPath);
  } catch (error) {
    await stop();
    throw new Error(`The private libvirtd did not start: ${String(error)}\n${complaints}`, { cause: error });
  }
  return { socketPath, tlsPort, directory, pid: child.pid ?? 0, stop };
}

async function writeConfiguration(directory: string, tlsPort: number, { tls, conf = '' }: PrivateLibvirtdOptions): Promise<void> {
  for (const name of ['run', 'etc', 'lib', 'cache', 'log', 'dev']) await mkdir(join(directory, name));
  const tlsLines =
    tls === undefined
      ? 'listen_tls = 0'
      : `listen_tls = 1\nlisten_addr = "127.0.0.1"\ntls_port = "${tlsPort}"\nauth_tls = "none"\nca_file = "${tls.ca}"\ncert_file = "${tls.cert}"\nkey_file = "${tls.key}"`;
  await writeFile(
    join(directory, 'etc', 'libvirtd.conf'),
    ['auth_unix_rw = "none"', 'auth_unix_ro = "none"', `host_uuid = "${randomUUID()}"`, 'log_level = 3', tlsLines, conf, ''].join('\n'),
  );
  // Without a host's usual services: no logging daemon, no cgroups, no security driver, no namespaces for QEMU.
  await writeFile(
    join(directory, 'etc', 'qemu.conf'),
    [
      'user = "root"',
      'group = "root"',
      'dynamic_ownership = 0',
      'remember_owner = 0',
      'security_driver = "none"',
      'security_default_confined = 0',
      'stdio_handler = "file"',
      'cgroup_controllers = []',
      'namespaces = []',
      'seccomp_sandbox = 0',
      '',
    ].join('\n'),
  );
}

async function waitUntilReady(child: ChildProcess, socketPath: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`);
    try {
      const connection = await connect({ socketPath }, { uri: 'test:///default' });
      return await connection.close();
    } catch (error) {
      if (!isRpcError(error, 'unreachable', 'lost') || performance.now() > deadline) throw error;
    }
    await sleep(20);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await exited;
  clearTimeout(timer);
}

/** QEMU outlives libvirtd by design. */
async function killEmulators(directory: string): Promise<void> {
  const run = join(directory, 'run', 'qemu');
  const names = await readdir(run).catch(() => []);
  for (const name of names.filter((file) => file.endsWith('.pid'))) {
    const pid = Number(await readFile(join(run, name), 'utf8'));
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes('qemu')) process.kill(pid, 'SIGKILL');
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === 'object' ? address.port : 0;
}
