/**
 * What it costs to write and read a VM: XML and JSON rows as a list of 20,000 VMs streams them, against `JSON.stringify` of the same value
 * as the floor in the same run.
 *
 *   node bench/src/codec.ts [VMs] [rounds]
 */
import { shapeOf } from '@ostler/contract/fields';
import { rowJson, shapeFromJson } from '@ostler/contract/json';
import { linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { readXml } from '@ostler/contract/xml-reader';
import { rowXml } from '@ostler/contract/xml-writer';

const [count = 20_000, rounds = 7] = process.argv.slice(2).map(Number);

const id = '00000000-0000-4000-8000-000000000001';
const bare: Api['vm'] = {
  id,
  name: 'web01',
  description: '',
  comment: '',
  status: 'up',
  type: 'server',
  memory: 1_073_741_824,
  memory_policy: { guaranteed: 1_073_741_824, ballooning: true },
  cpu: { architecture: 'x86_64', topology: { cores: 1, sockets: 2, threads: 1 } },
  os: { type: 'other', boot: { devices: ['hd', 'network'] } },
  template: { id, href: `/ovirt-engine/api/templates/${id}` },
  cluster: { id, href: `/ovirt-engine/api/clusters/${id}` },
  host: { id, href: `/ovirt-engine/api/hosts/${id}` },
  console: { enabled: false },
  high_availability: { enabled: true, priority: 1 },
  display: { type: 'vnc', monitors: 1 },
  creation_time: new Date('2024-01-01T00:00:00Z'),
  start_time: new Date('2024-01-02T00:00:00Z'),
  stateless: false,
  delete_protected: false,
  fqdn: 'web01.example.com',
};
const vm = linked(bare, 'vms/{vm}', { vm: id });
const xml = rowXml('vm', vm);
const json: unknown = JSON.parse(rowJson('vm', vm));

const works: Record<string, () => unknown> = {
  'JSON.stringify (floor)': () => JSON.stringify(vm),
  'links and actions': () => linked(bare, 'vms/{vm}', { vm: id }),
  'write XML': () => rowXml('vm', vm),
  'write JSON': () => rowJson('vm', vm),
  'read XML': () => readXml('vm', xml),
  'read parsed JSON': () => shapeFromJson(shapeOf('vm'), json),
};

const samples = new Map(Object.keys(works).map((name) => [name, new Array<number>()]));
for (let round = 0; round <= rounds; round += 1) {
  for (const [name, work] of Object.entries(works)) {
    const start = performance.now();
    for (let each = 0; each < count; each += 1) work();
    // The first round warms up the compiler.
    if (round > 0) samples.get(name)?.push(((performance.now() - start) * 1000) / count);
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const floor = median(samples.get('JSON.stringify (floor)') ?? []);
console.log(`${count} VMs of ${xml.length} bytes of XML, median of ${rounds} rounds`);
for (const [name, values] of samples) {
  console.log(
    `${name.padEnd(24)} ${median(values).toFixed(2).padStart(7)} µs/VM ${(median(values) / floor).toFixed(2).padStart(6)} × floor`,
  );
}
