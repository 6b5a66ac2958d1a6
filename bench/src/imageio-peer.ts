/**
 * ovirt-imageio as a peer in the same run, where its checkout or installation is named by OVIRT_IMAGEIO: its daemon in front of a qemu-nbd
 * as VDSM starts it, and its client.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ticketControl } from '@ostler/image-io/image-server-process';
import { type QemuNbd, startQemuNbd } from '@ostler/image-io/qemu-nbd';

const runFile = promisify(execFile);

export interface ImageioPeer {
  readonly pid: number;
  /** A ticket for an image, as a url that its client takes. */
  serve(path: string, size: number, op: 'read' | 'write'): Promise<string>;
  unserve(): Promise<void>;
  upload(path: string, url: string): Promise<void>;
  download(path: string, url: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startImageio(home: string, directory: string, tls: { cert: string; key: string } | 'none'): Promise<ImageioPeer> {
  const at = (name: string) => join(directory, name);
  await mkdir(at('conf.d'), { recursive: true });
  if (tls !== 'none') {
    await writeFile(at('cert.pem'), tls.cert);
    await writeFile(at('key.pem'), tls.key, { mode: 0o600 });
  }
  const port = await freePort();
  const settings = [
    `[daemon]\nrun_dir = ${directory}\ndrop_privileges = false\nsystemd_enable = false`,
    `[tls]\nenable = ${tls !== 'none'}\nkey_file = ${at('key.pem')}\ncert_file = ${at('cert.pem')}`,
    `[remote]\nhost = 127.0.0.1\nport = ${port}\n[local]\nenable = false`,
    `[control]\nsocket = ${at('control')}\n[handler_logfile]\nargs = ('${at('log')}',)`,
  ];
  await writeFile(at('conf.d/bench.conf'), `${settings.join('\n')}\n`);
  const env = { ...process.env, PYTHONPATH: home };
  const daemon = spawn('python3', ['-c', 'from ovirt_imageio._internal import server; server.main()', '--conf-dir', directory], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const control = ticketControl(at('control'));
  await answering(control, daemon);
  const scheme = tls === 'none' ? 'http' : 'https';
  let nbd: QemuNbd | undefined;
  // What its public client does, but never over the local socket that is there for a client on the same host.
  const client = (code: string, path: string, url: string) =>
    runFile('python3', ['-c', `import sys\nfrom ovirt_imageio import client\n${code}`, path, url, at('cert.pem')], { env });
  return {
    pid: daemon.pid ?? 0,
    async serve(path, size, op) {
      nbd = await startQemuNbd({ path, format: 'qcow2', socketPath: at('nbd'), readOnly: op === 'read' });
      await control.add({ uuid: 'peer', size, ops: [op], timeout: 60, sparse: true, url: `nbd:unix:${at('nbd')}` });
      return `${scheme}://127.0.0.1:${port}/images/peer`;
    },
    async unserve() {
      await control.remove('peer');
      await nbd?.stop();
    },
    upload: async (path, url) => void (await client('client.upload(sys.argv[1], sys.argv[2], sys.argv[3])', path, url)),
    download: async (path, url) => void (await client('client.download(sys.argv[2], sys.argv[1], sys.argv[3])', path, url)),
    async stop() {
      daemon.kill('SIGTERM');
      if (daemon.exitCode === null) await new Promise((resolve) => daemon.once('exit', resolve));
    },
  };
}

async function answering(control: ReturnType<typeof ticketControl>, daemon: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 300 && daemon.exitCode === null; tries += 1) {
    const answers = await control.removeAll().then(
      () => true,
      () => false,
    );
    if (answers) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('ovirt-imageio does not serve; what it says stands above and in its log');
}

function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('No port'))));
    });
  });
}
