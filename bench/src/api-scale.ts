/**
 * How fast the api answers with 20,000 VMs on 1,000 hosts, when nobody else asks and while another client reads all VMs again and again.
 * The hosts are rows, which nobody asks: the api does not either. The floor of each answer is PostgreSQL reading the same VMs' bare rows
 * in the same run, from this process over its socket.
 *
 *   node bench/src/api-scale.ts [VMs] [hosts] [requests of each kind]
 */
import { Agent } from 'node:http';
import { run as runProgram } from '@ostler/libvirt/daemon/command';
import { fillInventory } from './inventory.ts';
import { ask, startManager } from './manager-processes.ts';
import { quantile, table, timed } from './samples.ts';

const [vms = 20_000, hosts = 1000, requests = 300] = process.argv.slice(2).map(Number);
const budgets = { list: 50, search: 150, memoryMiB: 512 };

const manager = await startManager(({ db }) => fillInventory(db, { vms, hosts }));
try {
  const { socket, token, database } = manager;
  const client = new Agent({ keepAlive: true, maxSockets: 1 });
  const get = async (agent: Agent, path: string, wire: 'json' | 'xml' = 'json') => {
    const headers = { authorization: `Bearer ${token}`, accept: `application/${wire}` };
    const { status, text } = await ask(agent, socket, `/ovirt-engine/api/${path}`, { headers });
    if (status !== 200) throw new Error(`GET ${path} was answered with ${status}: ${text.slice(0, 300)}`);
    return text;
  };
  const some = (index: number) => String(1 + ((index * 7919) % vms)).padStart(5, '0');
  const search = (text: string) => `vms?max=100&search=${encodeURIComponent(text)}`;
  const { rows: ids } = await database.pool.query<{ id: string }>('select id from vms order by name');
  const works: { name: string; budget: number; floor: string; run: (index: number) => Promise<unknown> }[] = [
    { name: 'GET /vms?max=100 (JSON)', budget: budgets.list, floor: 'list', run: () => get(client, 'vms?max=100') },
    { name: 'GET /vms?max=100 (XML)', budget: budgets.list, floor: 'list', run: () => get(client, 'vms?max=100', 'xml') },
    { name: 'GET /vms/{id}', budget: budgets.list, floor: 'one', run: (index) => get(client, `vms/${ids[(index * 7919) % vms]?.id}`) },
    { name: 'search name=vm-00123', budget: budgets.search, floor: 'one', run: (index) => get(client, search(`name=vm-${some(index)}`)) },
    {
      name: 'search name=vm-0012*',
      budget: budgets.search,
      floor: 'list',
      run: (index) => get(client, search(`name=vm-${some(index).slice(0, 4)}*`)),
    },
    { name: 'search a word anywhere', budget: budgets.search, floor: 'list', run: (index) => get(client, search(some(index).slice(1))) },
    {
      name: 'search status=up sortby cpu_usage',
      budget: budgets.search,
      floor: 'list',
      run: () => get(client, search('status=up sortby cpu_usage desc')),
    },
    {
      name: 'search host=… and memory>…',
      budget: budgets.search,
      floor: 'list',
      run: (index) => get(client, search(`host=host-${String(1 + (index % hosts)).padStart(4, '0')} and memory > 2048`)),
    },
    { name: 'search last page', budget: budgets.search, floor: 'list', run: () => get(client, search(`page ${Math.ceil(vms / 100)}`)) },
  ];
  const floors: Readonly<Record<string, (index: number) => Promise<unknown>>> = {
    list: () => database.pool.query('select * from vms order by name limit 100'),
    one: (index) => database.pool.query('select * from vms where id = $1', [ids[(index * 7919) % vms]?.id]),
  };

  const measure = async (label: string) => {
    const floor = new Map<string, number>();
    for (const [name, run] of Object.entries(floors)) floor.set(name, quantile(await timed(requests, run), 0.5));
    const rows = [];
    for (const { name, budget, floor: of, run: work } of works) {
      const samples = await timed(requests, work);
      const [p50, p99] = [quantile(samples, 0.5), quantile(samples, 0.99)];
      rows.push({
        [label]: name,
        'p50 ms': p50,
        'p99 ms': p99,
        max: quantile(samples, 1),
        'p50 / floor': p50 / (floor.get(of) ?? Number.NaN),
        budget: p99 <= budget ? 'kept' : `MISSED (${budget} ms)`,
      });
    }
    console.log(`\n${table(rows)}`);
    console.log(`Floor (p50): ${[...floor].map(([name, ms]) => `${name} ${ms.toFixed(2)} ms`).join(', ')}`);
  };

  console.log(
    `${vms} VMs on ${hosts} hosts, ${requests} requests of each kind, one after another. The api was up after ${manager.api.startMs.toFixed(0)} ms.`,
  );
  for (const { run } of works) await timed(100, run); // compiled code, connections, cached pages
  await measure('alone');
  const greedy = greedyReader(socket, token);
  await measure('while another client reads all VMs');
  const readings = await greedy.stop();
  const seconds = quantile(
    readings.map((one) => one.seconds),
    0.5,
  );
  console.log(
    `Reading all VMs took ${seconds.toFixed(2)} s (median of ${readings.length}), ${readings[0]?.mebibytes.toFixed(1)} MiB each.`,
  );
  const memory = await manager.api.memory();
  console.log(
    `Memory of the api: ${memory.now.toFixed(0)} MiB, at most ${memory.most.toFixed(0)} (${memory.most <= budgets.memoryMiB ? 'kept' : `MISSED: ${budgets.memoryMiB} MiB`})`,
  );
} finally {
  await manager.stop();
}
// Idle keep-alive connections would hold the process.
process.exit();

/** Reads all VMs again and again, in a process of its own: what it receives must not delay what is measured here. */
function greedyReader(socket: string, token: string): { stop(): Promise<{ seconds: number; mebibytes: number }[]> } {
  const readings: { seconds: number; mebibytes: number }[] = [];
  let reading = true;
  const options = [
    '--silent',
    '--show-error',
    '--fail',
    '--max-time',
    '120',
    '--output',
    '/dev/null',
    '--write-out',
    '%{time_total} %{size_download}',
  ];
  const headers = ['--header', 'Accept: application/xml', '--header', '@-'];
  const done = (async () => {
    while (reading) {
      // The token comes over stdin: arguments are everybody's to read.
      const told = await runProgram('curl', [...options, ...headers, '--unix-socket', socket, 'http://api/ovirt-engine/api/vms'], {
        input: `Authorization: Bearer ${token}`,
        timeoutMs: 130_000,
      });
      const [seconds = Number.NaN, bytes = Number.NaN] = told.split(' ').map(Number);
      readings.push({ seconds, mebibytes: bytes / 1024 / 1024 });
    }
  })();
  done.catch(() => undefined);
  return {
    async stop() {
      reading = false;
      await done;
      return readings;
    },
  };
}
