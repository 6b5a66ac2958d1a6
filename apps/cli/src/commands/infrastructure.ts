import type { Command } from 'commander';
import type { Api } from '@ostler/contract/schema';
import { carryOut, mutating, untilStatus, type MutationOptions } from '../carry-out.ts';
import type { Cli } from '../cli.ts';
import { domainsWithStatus } from '../domains.ts';
import { findCluster, findHost, findStorageDomain } from '../find.ts';
import { seconds } from '../options.ts';
import { on, type Run } from '../run.ts';
import { inGib } from '../sizes.ts';
import { searchSorted, type OwnList } from '../nouns/list.ts';
import { properties, statusWords, table, words, type Column } from '../show/table.ts';

/** Hosts and storage domains. */
export function infrastructureCommands(program: Command, cli: Cli): void {
  hostCommands(program.command('host').description('hosts'), cli);

  const domain = program.command('storage-domain').description('storage domains');
  domain.command('show').argument('<domain>', 'name or id').description('one of them').action(on(cli, showDomain));
}

// ---- hosts -----------------------------------------------------------------------------------------------------------

function hostCommands(host: Command, cli: Cli): void {
  host.command('show').argument('<host>', 'name or id').description('one of them').action(on(cli, showHost));
  host
    .command('token')
    .argument('[name]', 'that the host will have; any if not said')
    .description('a token with which a machine enrolls itself as a host, once')
    .option('--cluster <cluster>', 'name or id', 'Default')
    .action(on(cli, token));
  mutating(host.command('activate').argument('<host>', 'name or id').description('VMs may run there again'))
    .option('--timeout <seconds>', 'how long to wait', seconds, 120)
    .action(on(cli, activate));
  mutating(host.command('maintenance').argument('<host>', 'name or id').description('no VM is started there until it is activated'))
    .option('--reason <text>', 'kept with the host')
    .option('--timeout <seconds>', 'how long to wait', seconds, 300)
    .action(on(cli, maintenance));
}

async function showHost(run: Run, wanted: string): Promise<void> {
  const api = await run.api();
  const { id } = await findHost(api, wanted);
  const host = await api.hosts(id).get({ follow: 'cluster' });
  const topology = host.cpu?.topology;
  run.print(
    host,
    properties([
      ['name', host.name],
      ['id', host.id],
      ['description', host.description],
      ['status', words(host.status)],
      ['detail', host.status_detail === 'none' ? undefined : words(host.status_detail)],
      ['cluster', host.cluster?.name],
      ['address', host.address],
      ['memory', inGib(host.memory)],
      ['free for VMs', inGib(host.max_scheduling_memory)],
      ['processor', host.cpu?.name],
      ['cores', topology && String((topology.sockets ?? 1) * (topology.cores ?? 1))],
      ['VMs', host.summary?.active === undefined ? undefined : String(host.summary.active)],
      ['agent', host.version?.full_version],
      ['libvirt', host.libvirt_version?.full_version],
    ]),
  );
}

async function token(run: Run, name: string | undefined, { cluster }: { cluster: string }): Promise<void> {
  const api = await run.api();
  const { id } = await findCluster(api, cluster);
  const issued = await api.clusters(id).issueenrollmenttoken(name === undefined ? {} : { host_name: name });
  run.print({ enrollment_token: issued.enrollment_token, valid_until: issued.valid_until }, `${issued.enrollment_token ?? ''}\n`);
  if ((run.output === 'text' || run.output === 'table') && issued.valid_until)
    run.progress.say(`Good for one host until ${issued.valid_until.toISOString()}; it is not shown again.`);
}

async function activate(run: Run, wanted: string, options: MutationOptions & { timeout: number }): Promise<void> {
  const api = await run.api();
  const host = await findHost(api, wanted);
  const done = await carryOut(run, options, (asked) => api.hosts(host.id).activate({}, asked));
  if (done) await tellHost(run, host, options, { statuses: ['up'], unless: ['non_operational', 'error', 'install_failed'] });
}

async function maintenance(run: Run, wanted: string, options: MutationOptions & { reason?: string; timeout: number }): Promise<void> {
  const api = await run.api();
  const host = await findHost(api, wanted);
  const input = options.reason === undefined ? {} : { reason: options.reason };
  const done = await carryOut(run, options, (asked) => api.hosts(host.id).deactivate(input, asked));
  if (done) await tellHost(run, host, options, { statuses: ['maintenance'] });
}

async function tellHost(
  run: Run,
  host: { id: string; name?: string | undefined },
  { wait, timeout }: { wait: boolean; timeout: number },
  end: { statuses: readonly string[]; unless?: readonly string[] },
): Promise<void> {
  const api = await run.api();
  const look = () => api.hosts(host.id).get({ signal: run.cli.signal });
  const now = wait
    ? await untilStatus(run, { what: `Host ${host.name}`, ...end, seconds: timeout, help: '"ostler event list" may say more.' }, look)
    : await look();
  run.print(now, `Host ${host.name} is ${statusWords(now.status)}.\n`);
}

// ---- storage domains -----------------------------------------------------------------------------

const domainStatus = ({ status, external_status: external }: Api['storage_domain']): string | undefined =>
  words(external === undefined || external === 'ok' ? status : external);

const domainColumns: readonly Column<Api['storage_domain']>[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'TYPE', cell: ({ type, master }) => `${type ?? ''}${master ? ' (master)' : ''}` },
  { title: 'STATUS', cell: domainStatus, isStatus: true },
  { title: 'STORAGE', cell: ({ storage }) => storage?.type },
  { title: 'FREE', cell: ({ available }) => inGib(available), right: true },
  { title: 'USED', cell: ({ used }) => inGib(used), right: true },
  { title: 'COMMITTED', cell: ({ committed }) => inGib(committed), right: true },
  { title: 'DATA CENTER', cell: (one) => one.data_centers?.map(({ name }) => name ?? '').join(', ') },
  { title: 'ID', cell: ({ id }) => id },
];

/** The list of storage domains tells their status in the data center, which the API's list of all does not. */
export const domainList: OwnList = async (run, { search, sort, max }) => {
  const all = await domainsWithStatus(await run.api(), sort === undefined ? search : searchSorted(search, sort));
  const domains = all.slice(0, max);
  return { rows: domains.map((one) => ({ ...one })), text: table(domainColumns, domains, run.style) };
};

async function showDomain(run: Run, wanted: string): Promise<void> {
  const api = await run.api();
  const { id } = await findStorageDomain(api, wanted);
  const [found] = (await domainsWithStatus(api, `id=${id}`)).filter((one) => one.id === id);
  const domain = found ?? (await api.storagedomains(id).get());
  const { storage } = domain;
  run.print(
    domain,
    properties([
      ['name', domain.name],
      ['id', domain.id],
      ['description', domain.description],
      ['type', `${domain.type ?? ''}${domain.master ? ' (master)' : ''}`],
      ['status', domainStatus(domain)],
      ['data center', domain.data_centers?.map(({ name }) => name ?? '').join(', ')],
      ['storage', storage && [storage.type, storage.address, storage.path].filter((one) => one !== undefined && one !== '').join(' ')],
      ['free', inGib(domain.available)],
      ['used', inGib(domain.used)],
      ['committed', inGib(domain.committed)],
      ['format', domain.storage_format],
    ]),
  );
}
