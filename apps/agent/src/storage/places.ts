import { join } from 'node:path';
import { AgentError } from '@ostler/agent-contract/errors';
import type { Connection } from '@ostler/agent-contract/values';
import type { StorageDriver } from './driver.ts';
import { fileDriver } from './file/driver.ts';
import { mount, placeOf, unmount, type Place } from './mounts.ts';

export interface PlacesOptions {
  readonly mounts: string;
  /** Where the I/O processes leave their names for the next agent. */
  readonly identities: string;
  readonly uid: number;
  readonly gid: number;
  /** A place has begun to hang, or has ceased to. */
  readonly onState: (key: string) => void;
}

/** The storage that this host reaches: one driver for each place, whoever asks for it and however often. */
export interface Places {
  /** The same for two connections to the same place. */
  key(connection: Connection): string;
  /** Mounts it, unless it is there already. After `patience` milliseconds it hangs; the mount goes on, and the next call waits for it. */
  connect(connection: Connection, patience?: number): Promise<StorageDriver>;
  /** Throws `unknown_domain` where nobody has connected it. */
  connected(connection: Connection): Promise<StorageDriver>;
  isConnected(connection: Connection): boolean;
  disconnect(connection: Connection): Promise<void>;
  stop(): Promise<void>;
}

/** Milliseconds, below the contract's shortest deadline: whoever wants to use a place that is still being mounted hears so in time. */
const shortPatience = 8_000;

export function places({ mounts, identities, uid, gid, onState }: PlacesOptions): Places {
  const there = new Map<string, StorageDriver>();
  const arriving = new Map<string, Promise<StorageDriver>>();
  const leaving = new Map<string, Promise<void>>();
  let stopped = false;

  /** One attempt at a time: a server that is gone is not besieged. */
  function arrive(place: Place, connection: Connection): Promise<StorageDriver> {
    const under = arriving.get(place.key);
    if (under) return under;
    const attempt = open(place, connection).finally(() => arriving.delete(place.key));
    arriving.set(place.key, attempt);
    return attempt;
  }

  async function open(place: Place, connection: Connection): Promise<StorageDriver> {
    await leaving.get(place.key)?.catch(() => undefined);
    const already = there.get(place.key);
    if (already) return already;
    await mount(place);
    if (stopped) throw new AgentError('storage_failed', 'The host has let go of its storage');
    const driver = fileDriver(connection, { root: place.root, identityFile: join(identities, `${place.key}.json`), uid, gid });
    driver.onState(() => onState(place.key));
    there.set(place.key, driver);
    return driver;
  }

  async function leave(place: Place): Promise<void> {
    await arriving.get(place.key)?.catch(() => undefined);
    const driver = there.get(place.key);
    there.delete(place.key);
    await driver?.stop();
    await unmount(place);
  }

  return {
    key: (connection) => placeOf(connection, mounts).key,
    async connect(connection, patience = shortPatience) {
      const place = placeOf(connection, mounts);
      return there.get(place.key) ?? inTime(arrive(place, connection), patience);
    },
    async connected(connection) {
      const { key } = placeOf(connection, mounts);
      const arrival = arriving.get(key);
      const driver = there.get(key) ?? (arrival && (await inTime(arrival, shortPatience)));
      if (!driver) throw new AgentError('unknown_domain', 'This storage connection is not connected here');
      return driver;
    },
    isConnected: (connection) => there.has(placeOf(connection, mounts).key),
    async disconnect(connection) {
      const place = placeOf(connection, mounts);
      const going = leaving.get(place.key) ?? leave(place).finally(() => leaving.delete(place.key));
      leaving.set(place.key, going);
      await going;
    },
    async stop() {
      stopped = true;
      await Promise.all([...there.values()].map((driver) => driver.stop()));
    },
  };
}

async function inTime<T>(work: Promise<T>, patience: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new AgentError('storage_hangs', 'The storage is still being connected')), patience);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
