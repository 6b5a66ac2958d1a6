/**
 * How fast disks move: uploads and downloads of a qcow2 image with holes through the image server, over TLS and plain,
 * against `qemu-img convert -W` (the floor) and `nbdcopy` (NBD without HTTP) in the same run, on the same memory disk.
 *
 *   node bench/src/transfer.ts [MiB of data] [rounds]
 *
 * The rounds are interleaved, so that a machine that slows down slows all. MB/s are of data, holes not counted. CPU
 * seconds are of all processes that took part: this one, the image server with its workers, and every qemu-nbd.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { download, upload } from '@ostler/image-io/client';
import { type ImageServerProcess, startImageServer } from '@ostler/image-io/image-server-process';
import { type QemuNbd, startQemuNbd } from '@ostler/image-io/qemu-nbd';

const MiB = 1024 * 1024;
const [dataMiB = 1024, rounds = 5] = process.argv.slice(2).map(Number);
const CONNECTIONS = 4;

const directory = mkdtempSync('/dev/shm/ostler-transfer-');
const at = (name: string) => join(directory, name);
const source = at('source.qcow2');
const size = dataMiB * 3 * MiB;

type Row = { name: string; prepare(): Promise<void>; run(): Promise<void>; finish(): Promise<void> };
type Sample = { seconds: number; cpu: number };

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
  const rows = [
    convertRow(),
    nbdcopyRow(),
    uploadRow('upload, TLS, 4 connections', server, 'https', tls.cert),
    uploadRow('upload, plain, 4 connections', plain, 'http'),
    uploadFileRow('upload of the file, TLS', server, 'https', tls.cert),
    downloadRow('download, TLS, 4 connections', server, 'https', tls.cert),
    downloadRow('download, plain, 4 connections', plain, 'http'),
  ];
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
    await Promise.all([server.stop(), plain.stop()]);
  }
  report(samples);
}

async function measured(row: Row): Promise<Sample> {
  await row.prepare();
  const cpu = cpuSeconds();
  const start = performance.now();
  await row.run();
  const seconds = (performance.now() - start) / 1000;
  const used = cpuSeconds() - cpu;
  await row.finish();
  return { seconds, cpu: used };
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

/** Of this process and all its descendants, those that have ended and were waited for included. */
function cpuSeconds(): number {
  const children = new Map<number, number[]>();
  const ticks = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) && tryRead(`/proc/${name}/stat`);
    if (!stat) continue;
    // After the command's name in parentheses: state, parent, …, and user, system, children's user and system time.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [pid, parent] = [Number(name), fields[1] ?? 0];
    ticks.set(pid, (fields[11] ?? 0) + (fields[12] ?? 0) + (fields[13] ?? 0) + (fields[14] ?? 0));
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const sum = (pid: number): number => (ticks.get(pid) ?? 0) + (children.get(pid) ?? []).reduce((total, child) => total + sum(child), 0);
  return sum(process.pid) / 100;
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function report(samples: ReadonlyMap<string, readonly Sample[]>): void {
  const bytes = dataMiB * MiB;
  const nbdcopy = samples.get('nbdcopy, 4 connections') ?? [];
  const floor = middle(nbdcopy.map(({ seconds }) => seconds));
  process.stdout.write(`${dataMiB} MiB of data in ${size / MiB} MiB, ${rounds} rounds\n\n`);
  process.stdout.write('                                 MB/s min   median      max   CPU s/GB   of nbdcopy\n');
  for (const [name, list] of samples) {
    const speeds = list.map(({ seconds }) => bytes / seconds / 1e6);
    const cpu = middle(list.map((sample) => sample.cpu)) / (bytes / 1e9);
    const ratio = floor / middle(list.map(({ seconds }) => seconds));
    const figures = [Math.min(...speeds), middle(speeds), Math.max(...speeds)].map((speed) => speed.toFixed(0).padStart(8)).join(' ');
    process.stdout.write(`${name.padEnd(32)} ${figures}   ${cpu.toFixed(2).padStart(8)}   ${ratio.toFixed(2).padStart(10)}\n`);
  }
}

function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
