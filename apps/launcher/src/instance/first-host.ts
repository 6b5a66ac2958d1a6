import { access, chown, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { client, type Client } from '@ostler/contract/client';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { privateMode, writeFileAtomically } from '@ostler/pki/files';
import { output } from '../command.ts';
import { appMain, tool } from '../root.ts';
import type { Paths } from './paths.ts';
import { nameOfHost, writeSettings, type Settings } from './settings.ts';

/** What makes a manager useful on its first day: this machine as a host, and a place for disks. Each is done once. */

/** Enrolls this machine by a token that is good for one time. */
export async function enroll(paths: Paths, settings: Settings): Promise<string> {
  const enrolled = await access(paths.agent.cert).then(
    () => true,
    () => false,
  );
  if (enrolled) return 'already enrolled';
  const name = nameOfHost(settings);
  const answer = await output(tool('node'), [appMain('manager'), 'enrollment-token', '--config', paths.config('manager'), '--host-name', name], {
    deadline: 60_000,
  });
  const issued: unknown = JSON.parse(answer);
  const token = typeof issued === 'object' && issued !== null ? Reflect.get(issued, 'token') : undefined;
  if (typeof token !== 'string') throw new Error('The manager issued no enrollment token');
  const file = join(paths.run, 'enrollment-token');
  await writeFileAtomically(file, `${token}\n`, privateMode);
  try {
    await mkdir(dirname(paths.agent.cert), { recursive: true, mode: 0o700 });
    const manager = ['--manager', localOrigin(settings), '--manager-ca', paths.pki.caCert, '--token-file', file];
    await output(tool('node'), [appMain('agent'), 'enroll', '--config', paths.config('agent'), ...manager], { deadline: 120_000 });
  } finally {
    await rm(file, { force: true });
  }
  return `enrolled as ${name}`;
}

/** The certificate answers to this name whatever the machine's resolver knows about its own. */
const localOrigin = ({ port }: Settings): string => `https://localhost:${port}`;

export async function connect(paths: Paths, settings: Settings): Promise<Client> {
  const [ca, password] = await Promise.all([readFile(paths.pki.caCert, 'utf8'), readFile(paths.adminPassword, 'utf8')]);
  return client({ url: `${localOrigin(settings)}/ovirt-engine/api`, ca, username: 'admin@internal', password: password.trim() });
}

/** Until the manager has seen the host and all that it reports. */
export async function waitForHost(api: Client, settings: Settings): Promise<string> {
  const name = nameOfHost(settings);
  let status = 'unknown to the manager';
  const up = await until(120_000, async () => {
    const host = (await api.hosts.list({})).find((one) => one.name === name);
    status = host?.status ?? status;
    return status === 'up';
  });
  if (!up) throw new Error(`Host ${name} is ${status} after two minutes. The agent's log may say why.`);
  return `${name} is up`;
}

/** RHV's file domains belong to vdsm:kvm, 36:36, by number. */
const storageOwner = 36;

/** A directory of this machine as the first data domain of the Default data center. It can be exported to other hosts later. */
export async function makeDataDomain(api: Client, paths: Paths, settings: Settings): Promise<string> {
  if (settings.dataDomainMade) return 'already there';
  await mkdir(paths.dataDomain, { recursive: true, mode: 0o755 });
  await chown(paths.dataDomain, storageOwner, storageOwner);
  const dataCenter = fixedIds.defaultDataCenter;
  const find = async () => (await api.storagedomains.list({})).find((one) => one.storage?.path === paths.dataDomain);
  const known =
    (await find()) ??
    (await api.storagedomains.add({
      name: 'data',
      type: 'data',
      host: { name: nameOfHost(settings) },
      storage: { type: 'posixfs', path: paths.dataDomain, vfs_type: 'none', mount_options: 'bind' },
    }));
  const id = known.id ?? '';
  const attached = async () => (await api.datacenters(dataCenter).storagedomains.list({})).find((one) => one.id === id);
  if (!(await attached())) {
    if (!(await until(60_000, async () => (await find())?.status === 'unattached')))
      throw new Error(`Storage domain data was not created: it is ${(await find())?.status ?? 'gone'}.`);
    await api.datacenters(dataCenter).storagedomains.add({ id });
  }
  if (!(await until(60_000, async () => (await attached())?.status === 'active')))
    throw new Error(`Storage domain data is ${(await attached())?.status ?? 'not attached'}, not active, after a minute.`);
  await writeSettings(paths, { ...settings, dataDomainMade: true });
  return paths.dataDomain;
}

async function until(patience: number, happened: () => Promise<boolean>): Promise<boolean> {
  const deadline = AbortSignal.timeout(patience);
  while (!deadline.aborted) {
    if (await happened()) return true;
    await sleep(250);
  }
  return false;
}

