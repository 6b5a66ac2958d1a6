import type { Connection } from '@ostler/agent-contract/values';
import type { StorageDriver } from '../driver.ts';
import { ioProcess, type IoProcessOptions, type RequestOptions } from '../io-process.ts';
import type { IoCallName, IoInput, IoOutput } from '../io-protocol.ts';

/** Milliseconds. What the contract's own deadlines allow, less what the agent needs to say so. */
const soon = 8_000;
const write = 25_000;
const change = 50_000;
const long = 24 * 3_600_000;

/** Domains in the directories of one mount point: NFS, POSIX file systems, the host's own disk. */
export function fileDriver(connection: Connection, options: IoProcessOptions): StorageDriver {
  const io = ioProcess(options);
  const ask = <C extends IoCallName>(
    call: C,
    input: IoInput<C>,
    deadline: number,
    how: Omit<RequestOptions, 'deadline'> = {},
  ): Promise<IoOutput<C>> => io.request(call, input, { deadline, ...how });

  return {
    capabilities: { chains: true, thresholds: false },
    probe: async () => void (await ask('probe', {}, soon)),
    findDomains: () => ask('findDomains', {}, change),
    createDomain: (domain) => ask('createDomain', { ...domain, type: typeOf(connection), remotePath: remotePathOf(connection) }, change),
    attachDomain: (attachment) => ask('attachDomain', attachment, change),
    renameDomain: async (domain, name) => void (await ask('renameDomain', { domain, name }, write)),
    formatDomain: async (domain) => void (await ask('formatDomain', { domain }, 110_000)),
    domainFacts: (domain) => ask('domainFacts', { domain }, soon),
    sweep: async (domain) => void (await ask('sweep', { domain }, long)),
    check: (domain) => ask('check', { domain }, soon),
    createVolume: (volume) => ask('createVolume', volume, change),
    removeImage: async ({ domain, image }, { wipe, ...how }) => void (await ask('removeImage', { domain, image, wipe }, long, how)),
    volumeFacts: ({ domain, image, volume }) => ask('volumeFacts', { domain, image, volume }, soon),
    listImages: (domain) => ask('listImages', { domain }, change),
    extendVolume: ({ domain, image, volume }, capacity) => ask('extendVolume', { domain, image, volume, capacity }, change),
    describeVolume: ({ domain, image, volume }, description) => ask('describeVolume', { domain, image, volume, description }, write),
    recordCapacity: ({ domain, image, volume }, capacity) => ask('recordCapacity', { domain, image, volume, capacity }, write),
    markIllegal: ({ domain, image, volume }) => ask('markIllegal', { domain, image, volume }, write),
    verifyVolume: ({ domain, image, volume }, { declared, ...how }) => ask('verifyVolume', { domain, image, volume, declared }, long, how),
    async prepare({ domain, image, volume }) {
      const { path, facts, below } = await ask('prepare', { domain, image, volume }, soon);
      return { source: { kind: 'file', path }, facts, below };
    },
    teardown: async () => undefined,
    state: io.state,
    onState: io.onState,
    stop: io.stop,
  };
}

const typeOf = ({ type }: Connection) => (({ localfs: 'LOCALFS', posixfs: 'POSIXFS', nfs: 'NFS' }) as const)[type];
const remotePathOf = (connection: Connection) => (connection.type === 'nfs' ? `${connection.address}:${connection.path}` : connection.path);
