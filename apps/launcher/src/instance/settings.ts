import { createHash } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { createServer, isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { privateMode, writeFileAtomically } from '@ostler/pki/files';
import { defaultState, type Paths } from './paths.ts';
import { Problem } from './problem.ts';

/** What was decided at the first start and holds until somebody says otherwise. */
export interface Settings {
  readonly port: number;
  /** Under which this machine is reached. */
  readonly hostName: string;
  /** Of the agent on this machine, of its image servers and of its consoles. */
  readonly hostPorts: { readonly agent: number; readonly images: number; readonly consoles: number };
  readonly network: { readonly kind: 'nat' | 'bridge'; readonly device: string };
  readonly libvirt: 'own' | 'system';
  /** Undefined: a cluster of our own. */
  readonly databaseUrl?: string;
  /** The first data domain is made once; who removes it is not given another. */
  readonly dataDomainMade: boolean;
}

export interface Wish {
  readonly port?: number | undefined;
  readonly hostName?: string | undefined;
  readonly bridge?: string | undefined;
  readonly databaseUrl?: string | undefined;
}

export async function readSettings(paths: Paths): Promise<Settings | undefined> {
  const text = await readFile(paths.settings, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as Settings);
}

export const writeSettings = (paths: Paths, settings: Settings): Promise<void> =>
  writeFileAtomically(paths.settings, `${JSON.stringify(settings, undefined, 2)}\n`, privateMode);

/** What holds from now on: the wish, else what was decided before, else what this machine suggests. */
export async function settle(paths: Paths, wish: Wish, before: Settings | undefined, libvirt: () => Promise<Settings['libvirt']>): Promise<Settings> {
  const databaseUrl = wish.databaseUrl ?? before?.databaseUrl;
  return {
    port: wish.port ?? before?.port ?? 8443,
    hostName: wish.hostName ?? before?.hostName ?? (await suggestedName()),
    hostPorts: before?.hostPorts ?? (await freeHostPorts(paths.state)),
    network: wish.bridge === undefined ? (before?.network ?? { kind: 'nat', device: natDevice(paths.state) }) : { kind: 'bridge', device: wish.bridge },
    libvirt: before?.libvirt ?? (await libvirt()),
    ...(databaseUrl !== undefined && { databaseUrl }),
    dataDomainMade: before?.dataDomainMade ?? false,
  };
}

/** What a wish would change of an instance that runs, as a sentence; nothing of it is done silently or halfway. */
export function changeWanted(wish: Wish, running: Settings): string | undefined {
  const wanted = [
    wish.port !== undefined && wish.port !== running.port && `port ${wish.port} instead of ${running.port}`,
    wish.hostName !== undefined && wish.hostName !== running.hostName && `host name ${wish.hostName} instead of ${running.hostName}`,
    wish.bridge !== undefined && wish.bridge !== running.network.device && `bridge ${wish.bridge} instead of ${running.network.device}`,
    wish.databaseUrl !== undefined && wish.databaseUrl !== running.databaseUrl && 'another database',
  ].filter((one) => one !== false);
  return wanted.length === 0 ? undefined : wanted.join(', ');
}

/** A bridge's name may have 15 characters. The same state always gets the same one, other instances others. */
const natDevice = (state: string): string => `ost${createHash('sha256').update(state).digest('hex').slice(0, 8)}`;

/** Every name and address under which clients on this machine and beside it may come. */
export function gatewayNames(hostName: string): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
  const outside = addresses.filter((address) => !address.startsWith('fe80:'));
  return [...new Set([hostName, hostname(), 'localhost', '127.0.0.1', '::1', ...outside])];
}

/** The name of the host that this machine becomes. An address is no name. */
export const nameOfHost = ({ hostName }: Settings): string => (isIP(hostName) === 0 && hostName !== 'localhost' ? hostName : hostname());

async function suggestedName(): Promise<string> {
  const known = await lookup(hostname()).then(
    () => true,
    () => false,
  );
  if (known) return hostname();
  const address = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');
  return address?.address ?? 'localhost';
}

/**
 * RHV's port for the instance in the default place, as firewalls know it. Others, which may be starting at this very moment and
 * not listen yet, begin to look each at a place of its own.
 */
async function freeHostPorts(state: string): Promise<Settings['hostPorts']> {
  for (const agent of hostPortCandidates(state)) {
    const [images, consoles] = [agent + 1, agent + 2];
    if ((await isFree(agent)) && (await isFree(images)) && (await isFree(consoles))) return { agent, images, consoles };
  }
  throw new Problem('There are no three free ports in a row for this host between 20000 and 32000.');
}

const rhvPort = 54321;
const firstPort = 20_000;
const threes = 4_000;

/** Below the ports that the kernel lends to outgoing connections: these are kept for good, and must be free at every start. */
export function hostPortCandidates(state: string): readonly number[] {
  const begin = createHash('sha256').update(state).digest().readUInt32BE(0);
  const others = Array.from({ length: threes }, (_three, index) => firstPort + 3 * ((begin + index) % threes));
  return state === defaultState ? [rhvPort, ...others] : others;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

/** Before anything is started: another program on our port is a matter for the person at the keyboard. */
export async function demandFreePort(port: number): Promise<void> {
  if (!(await isFree(port)))
    throw new Problem(`Port ${port} is taken by another program or another instance. Give this one another with --port.`);
}
