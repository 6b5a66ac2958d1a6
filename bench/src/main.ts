/** `npm run bench -- NAME [arguments]`: one measurement in a process of its own. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const measurements = {
  codec: 'what a VM costs to write and read, against JSON.stringify',
  libvirt: 'calls over our own libvirt connection, against virsh (needs root)',
  transfer: 'uploads and downloads of disks, against qemu-img convert and nbdcopy',
  'api-scale': 'answers of the api with 20,000 VMs, alone and while another client reads all of them, against bare rows',
  start: "starting a VM through the API, against libvirt's define and create (needs root)",
  jobs: "the job engine's cost per step, against a committed update",
};

const [name = '', ...rest] = process.argv.slice(2);
if (!Object.hasOwn(measurements, name)) {
  const lines = Object.entries(measurements).map(([one, what]) => `  ${one.padEnd(10)} ${what}`);
  process.stderr.write(`Usage: npm run bench -- NAME [arguments]\n\n${lines.join('\n')}\n`);
  process.exit(2);
}
const { status, signal } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`), ...rest], { stdio: 'inherit' });
process.exit(signal === null ? (status ?? 1) : 1);
