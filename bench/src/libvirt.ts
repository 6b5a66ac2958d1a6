/**
 * What talking to libvirt directly is worth, against running virsh for the same question. On a libvirtd of its own; needs root.
 *
 *     node bench/src/libvirt.ts
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Connection } from '@ostler/libvirt/connection';
import { connect } from '@ostler/libvirt/connection';
import { startPrivateLibvirtd } from '@ostler/libvirt/private-libvirtd.test-support';

const run = promisify(execFile);
const rounds = 15;
const pipelined = 1000;
const budget = 50;

const uuid = '5f1c2a52-7d0e-4a56-9d43-0b5d0ce3a001';
const xml = `<domain type='qemu'><name>bench</name><uuid>${uuid}</uuid><memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type></os></domain>`;

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);
const median = (values: readonly number[]) => sorted(values)[Math.floor(values.length / 2)] ?? Number.NaN;

/** What `virsh domstate` asks: the domain by its name, then its state. */
async function ask(libvirt: Connection): Promise<void> {
  const dom = await libvirt.call('domainLookupByName', { name: 'bench' });
  await libvirt.call('domainGetState', { dom });
}

type Round = { direct: number; virsh: number; oneByOne: number; atOnce: number; virshAtOnce: number };

async function measure(libvirt: Connection, uri: string): Promise<Round> {
  const dom = await libvirt.call('domainLookupByName', { name: 'bench' });
  const direct: number[] = [];
  for (let i = 0; i < 100; i += 1) direct.push(await milliseconds(() => ask(libvirt)));
  return {
    direct: median(direct),
    virsh: await milliseconds(() => run('virsh', ['-c', uri, 'domstate', 'bench'])),
    oneByOne: await milliseconds(async () => {
      for (let i = 0; i < pipelined; i += 1) await libvirt.call('domainGetState', { dom });
    }),
    atOnce: await milliseconds(() => Promise.all(Array.from({ length: pipelined }, () => libvirt.call('domainGetState', { dom })))),
    // The best that virsh can do: one process, one connection, as many commands (each of them is two calls).
    virshAtOnce: await milliseconds(() => run('virsh', ['-c', uri, Array.from({ length: pipelined }, () => 'domstate bench').join(';')])),
  };
}

function row(what: string, values: readonly number[], unit: string) {
  const [least, middle, most] = [sorted(values)[0] ?? Number.NaN, median(values), sorted(values).at(-1) ?? Number.NaN];
  const show = (value: number) => `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`;
  return { what, min: show(least), median: show(middle), max: show(most) };
}

const libvirtd = await startPrivateLibvirtd();
let ratio = 0;
try {
  const libvirt = await connect(libvirtd, { uri: 'qemu:///system' });
  await libvirt.call('domainDefineXMLFlags', { xml });
  const uri = `qemu+unix:///system?socket=${libvirtd.socketPath}`;
  await measure(libvirt, uri);
  const results: Round[] = [];
  for (let i = 0; i < rounds; i += 1) results.push(await measure(libvirt, uri));
  await libvirt.close();

  const ratios = results.map(({ direct, virsh }) => virsh / direct);
  ratio = median(ratios);
  console.table([
    row(
      'lookup and state, direct',
      results.map((each) => each.direct),
      'ms',
    ),
    row(
      'lookup and state, virsh',
      results.map((each) => each.virsh),
      'ms',
    ),
    row(`virsh / direct (budget: at least ${budget})`, ratios, '×'),
    row(
      `${pipelined} states, one by one`,
      results.map((each) => each.oneByOne),
      'ms',
    ),
    row(
      `${pipelined} states, all at once`,
      results.map((each) => each.atOnce),
      'ms',
    ),
    row(
      'one by one / all at once',
      results.map((each) => each.oneByOne / each.atOnce),
      '×',
    ),
    row(
      `${pipelined} × domstate in one virsh / all at once`,
      results.map((each) => each.virshAtOnce / each.atOnce),
      '×',
    ),
  ]);
} finally {
  await libvirtd.stop();
}
if (ratio < budget) {
  console.error(`virsh is only ${ratio.toFixed(1)} times slower; at least ${budget} are expected`);
  process.exitCode = 1;
}
