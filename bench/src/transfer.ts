/**
 * How fast disks move: uploads and downloads of a qcow2 image with holes through the image server, over TLS and plain,
 * against `qemu-img convert -W` (the floor) and `nbdcopy` (NBD without HTTP) in the same run, on the same memory disk,
 * and against ovirt-imageio where OVIRT_IMAGEIO names the directory of its package.
 *
 *   node bench/src/transfer.ts [MiB of data] [rounds] [part of the rows' names]
 *
 * The rounds are interleaved, so that a machine that slows down slows all. MB/s are of data, holes not counted. CPU
 * seconds are of all processes that took part, and by role: the image server with its workers, the qemu-nbd behind it,
 * and the client with its own qemu-nbd.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { download, upload } from '@ostler/image-io/client';
import { type ImageServerProcess, startImageServer } from '@ostler/image-io/image-server-process';
import { type QemuNbd, startQemuNbd } from '@ostler/image-io/qemu-nbd';
import { cpuByRole } from './cpu.ts';
import { type ImageioPeer, startImageio } from './imageio-peer.ts';
import { table } from './samples.ts';

const MiB = 1024 * 1024;
const [dataMiB = 1024, rounds = 5] = process.argv.slice(2, 4).map(Number);
const wanted = process.argv[4] ?? '';
const imageio = process.env['OVIRT_IMAGEIO'];
const CONNECTIONS = 4;

const directory = mkdtempSync('/dev/shm/ostler-transfer-');
const at = (name: string) => join(directory, name);
const source = at('source.qcow2');
const size = dataMiB * 3 * MiB;

type Row = { name: string; server?: number; prepare(): Promise<void>; run(): Promise<void>; finish(): Promise<void> };
type Sample = { seconds: number; cpu: ReadonlyMap<string, number> };

try {
  await main();
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function main(): Promise<void> {
  makeSource();
  const tls = selfSigned();
  const server = await startImageServer({ control: at('control'), runDirectory: at('run'), listen: { host: '127.0.0.1', port: 0, tls } });
  const plain = await startImageServer({
    control: at('control-plain'),
    runDirectory: at('run-plain'),
    listen: { host: '127.0.0.1', port: 0, tls: 'none' },
  });
  const peers = imageio ? [await startImageio(imageio, at('peer'), tls), await startImageio(imageio, at('peer-plain'), 'none')] : [];
  const rows = [
    convertRow(),
    nbdcopyRow(),
    uploadRow('upload, TLS', server, 'https', tls.cert),
    ...peers.slice(0, 1).map((peer) => peerRow('upload, TLS, ovirt-imageio', peer, 'write')),
    uploadRow('upload, plain', plain, 'http'),
    uploadFileRow('upload of the file, TLS', server, 'https', tls.cert),
    downloadRow('download, TLS', server, 'https', tls.cert),
    ...peers.slice(0, 1).map((peer) => peerRow('download, TLS, ovirt-imageio', peer, 'read')),
    downloadRow('download, plain', plain, 'http'),
    ...peers
      .slice(1)
      .flatMap((peer) => [peerRow('upload, plain, ovirt-imageio', peer, 'write'), peerRow('download, plain, ovirt-imageio', peer, 'read')]),
  ].filter(({ name }) => name.includes(wanted) || name.startsWith('nbdcopy'));
  const samples = new Map<string, Sample[]>(rows.map((row) => [row.name, []]));
  try {
    for (let round = 0; round <= rounds; round += 1) {
      for (const row of rows) {
        const sample = await measured(row);
        // The first round warms up: page tables, compiled code, TLS sessions.
        if (round > 0) samples.get(row.name)?.push(sample);
      }
    }
  } finally {
    await Promise.all([server, plain, ...peers].map((one) => one.stop()));
  }
  report(samples);
}

async function measured(row: Row): Promise<Sample> {
  await row.prepare();
  const before = cpuOf(row);
  const start = performance.now();
  await row.run();
  const seconds = (performance.now() - start) / 1000;
  const after = cpuOf(row);
  await row.finish();
  return { seconds, cpu: new Map([...after].map(([role, used]) => [role, used - (before.get(role) ?? 0)])) };
}

/** A client's qemu-nbd has ended with it and counts as the client; those that are there still serve the image server, or nbdcopy. */
function cpuOf({ server }: Row): Map<string, number> {
  return cpuByRole(process.pid, (pid, name, parent) => (name === 'qemu-nbd' ? 'qemu-nbd' : pid === server ? 'server' : parent || 'client'));
}

function convertRow(): Row {
  return {
    name: 'qemu-img convert -W',
    prepare: async () => undefined,
    run: async () => void execFileSync('qemu-img', ['convert', '-W', '-m', '8', '-f', 'qcow2', '-O', 'qcow2', source, at('target.qcow2')]),
    finish: async () => checked(at('target.qcow2')),
  };
}

function nbdcopyRow(): Row {
  let from: QemuNbd;
  let to: QemuNbd;
  return {
    name: 'nbdcopy, 4 connections',
    async prepare() {
      newTarget();
      from = await startQemuNbd({ path: source, format: 'qcow2', socketPath: at('from'), readOnly: true });
      to = await startQemuNbd({ path: at('target.qcow2'), format: 'qcow2', socketPath: at('to'), readOnly: false });
    },
    run: async () =>
      void execFileSync('nbdcopy', ['--connections=4', '--flush', `nbd+unix:///?socket=${at('from')}`, `nbd+unix:///?socket=${at('to')}`]),
    async finish() {
      await Promise.all([from.stop(), to.stop()]);
      checked(at('target.qcow2'));
    },
  };
}

function uploadRow(name: string, server: ImageServerProcess, scheme: string, ca?: string): Row {
  return {
    name,
    server: server.pid,
    async prepare() {
      newTarget();
      await server.control.add({
        uuid: 'up',
        size,
        ops: ['write'],
        timeout: 60,
        sparse: true,
        image: { path: at('target.qcow2'), format: 'qcow2' },
      });
    },
    run: () =>
      upload({ path: source, content: 'qcow2' }, { url: urlOf(server, scheme, 'up'), connections: CONNECTIONS, ...(ca ? { ca } : {}) }),
    async finish() {
      await server.control.remove('up');
      checked(at('target.qcow2'));
    },
  };
}

function uploadFileRow(name: string, server: ImageServerProcess, scheme: string, ca?: string): Row {
  return {
    name,
    server: server.pid,
    async prepare() {
      closeSync(openSync(at('target.qcow2'), 'w'));
      const { size: length } = await import('node:fs/promises').then(({ stat }) => stat(source));
      await server.control.add({
        uuid: 'up',
        size: length,
        ops: ['write'],
        timeout: 60,
        sparse: true,
        url: `file://${at('target.qcow2')}`,
      });
    },
    run: () =>
      upload({ path: source, content: 'file' }, { url: urlOf(server, scheme, 'up'), connections: CONNECTIONS, ...(ca ? { ca } : {}) }),
    async finish() {
      await server.control.remove('up');
      checked(at('target.qcow2'));
    },
  };
}

function downloadRow(name: string, server: ImageServerProcess, scheme: string, ca?: string): Row {
  const target = at('download.qcow2');
  return {
    name,
    server: server.pid,
    prepare: () => server.control.add({ uuid: 'down', size, ops: ['read'], timeout: 60, image: { path: source, format: 'qcow2' } }),
    run: () =>
      download({ path: target, content: 'qcow2' }, size, {
        url: urlOf(server, scheme, 'down'),
        connections: CONNECTIONS,
        ...(ca ? { ca } : {}),
      }),
    async finish() {
      await server.control.remove('down');
      checked(target);
    },
  };
}

/** Its own client, with the four connections that are its default too. */
function peerRow(name: string, peer: ImageioPeer, op: 'read' | 'write'): Row {
  const target = op === 'write' ? at('target.qcow2') : at('download.qcow2');
  let url = '';
  return {
    name,
    server: peer.pid,
    async prepare() {
      if (op === 'write') newTarget();
      url = await peer.serve(op === 'write' ? target : source, size, op);
    },
    run: () => (op === 'write' ? peer.upload(source, url) : peer.download(target, url)),
    async finish() {
      await peer.unserve();
      checked(target);
    },
  };
}

function urlOf(server: ImageServerProcess, scheme: string, ticket: string): string {
  return `${scheme}://127.0.0.1:${server.port}/images/${ticket}`;
}

/** Data that cannot be compressed, in runs of 1 to 8 MiB with holes between that are twice as long. */
function makeSource(): void {
  const raw = at('source.raw');
  const file = openSync(raw, 'w');
  const block = randomBytes(64 * MiB);
  let offset = 0;
  for (let written = 0, run = 1; written < dataMiB; written += run, run = (run % 8) + 1) {
    const length = Math.min(run, dataMiB - written) * MiB;
    writeSync(file, block, (written * 7919) % (56 * MiB), length, offset);
    offset += length * 3;
  }
  closeSync(file);
  execFileSync('truncate', ['--size', String(size), raw]);
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, source]);
  rmSync(raw);
}

function newTarget(): void {
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', at('target.qcow2'), String(size)]);
}

/** A fast transfer of something else is no transfer. */
function checked(target: string): void {
  execFileSync('qemu-img', ['compare', '-f', 'qcow2', '-F', 'qcow2', source, target]);
  rmSync(target);
}

function selfSigned(): { cert: string; key: string } {
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, '-keyout', at('key.pem'), '-out', at('cert.pem')],
    { stdio: 'ignore' },
  );
  return { cert: readFileSync(at('cert.pem'), 'utf8'), key: readFileSync(at('key.pem'), 'utf8') };
}

function report(samples: ReadonlyMap<string, readonly Sample[]>): void {
  const bytes = dataMiB * MiB;
  const seconds = (name: string) => middle((samples.get(name) ?? []).map((sample) => sample.seconds));
  const rows = [...samples].map(([name, list]) => {
    const speeds = list.map((sample) => bytes / sample.seconds / 1e6);
    const cpu = (role: string) => middle(list.map((sample) => (sample.cpu.get(role) ?? 0) / (bytes / 1e9)));
    const all = middle(list.map((sample) => [...sample.cpu.values()].reduce((sum, used) => sum + used, 0) / (bytes / 1e9)));
    return {
      what: name,
      'MB/s min': Math.min(...speeds),
      median: middle(speeds),
      max: Math.max(...speeds),
      'of nbdcopy': seconds('nbdcopy, 4 connections') / seconds(name),
      'of imageio': seconds(`${name}, ovirt-imageio`) / seconds(name),
      'CPU s/GB': all,
      server: cpu('server'),
      'qemu-nbd': cpu('qemu-nbd'),
      client: cpu('client'),
    };
  });
  console.log(`${dataMiB} MiB of data in ${size / MiB} MiB, ${rounds} rounds, ${CONNECTIONS} connections\n\n${table(rows)}`);
}

function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
