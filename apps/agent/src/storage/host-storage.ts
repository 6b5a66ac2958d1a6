import { isDeepStrictEqual } from 'node:util';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '@ostler/agent-contract/errors';
import type { Connection, DomainHealth, VolumeReference } from '@ostler/agent-contract/values';
import { privateMode, writeFileAtomically } from '@ostler/pki/files';
import type { StorageDriver } from './driver.ts';
import { fileDriver } from './file/driver.ts';
import { mount, placeOf, unmount, type Place } from './mounts.ts';
import type { Storage, VolumeUse } from './storage.ts';
import type { BeginTask } from './tasks-seam.ts';
import { uses } from './uses.ts';

export interface HostStorageOptions {
  readonly stateDir: string;
  readonly begin: BeginTask;
  readonly now: () => number;
  readonly log: { info(details: object, message: string): void; warn(details: object, message: string): void };
  /** RHV's vdsm:kvm. */
  readonly uid?: number;
  readonly gid?: number;
  /** Milliseconds between two checks of a domain. */
  readonly checkEvery?: number;
}

interface Connected {
  readonly place: Place;
  readonly connection: Connection;
  readonly driver: StorageDriver;
}

interface Active {
  readonly domain: string;
  readonly at: Connected;
  health: DomainHealth | undefined;
  checking: boolean;
  toldAt: number;
}

/** Told at least this often, so that a full storage is noticed. */
const tellEvery = 60_000;

/** All storage domains of this host. Which are active is remembered: a restarted agent goes on where its predecessor was. */
export async function openHostStorage(options: HostStorageOptions): Promise<Storage> {
  const { stateDir, begin, now, log, uid = 36, gid = 36, checkEvery = 10_000 } = options;
  const connected = new Map<string, Connected>();
  const active = new Map<string, Active>();
  const used = uses();
  const listeners: ((health: DomainHealth) => void)[] = [];
  const mounts = join(stateDir, 'mounts');
  const identities = join(stateDir, 'io');
  const memory = join(stateDir, 'domains.json');
  await mkdir(mounts, { recursive: true, mode: 0o755 });
  await mkdir(identities, { recursive: true, mode: 0o700 });

  async function connect(connection: Connection): Promise<Connected> {
    const place = placeOf(connection, mounts);
    const there = connected.get(place.key);
    if (there) return there;
    await mount(place);
    const driver = fileDriver(connection, { root: place.root, identityFile: join(identities, `${place.key}.json`), uid, gid });
    const made: Connected = { place, connection, driver };
    connected.set(place.key, made);
    driver.onState(() => {
      for (const one of active.values()) if (one.at === made) void check(one);
    });
    return made;
  }

  function connectedAt(connection: Connection): Connected {
    const found = connected.get(placeOf(connection, mounts).key);
    if (!found) throw new AgentError('unknown_domain', 'This storage connection is not connected here');
    return found;
  }

  function driverOf(domain: string): StorageDriver {
    const found = active.get(domain);
    if (!found) throw new AgentError('unknown_domain', `Storage domain ${domain} is not active on this host`);
    return found.at.driver;
  }

  function watch(domain: string, at: Connected): void {
    if (active.get(domain)?.at === at) return;
    const one: Active = { domain, at, health: undefined, checking: false, toldAt: 0 };
    active.set(domain, one);
    void check(one);
    void at.driver.sweep(domain).catch((error: unknown) => log.info({ domain, problem: String(error) }, 'interrupted removals were not finished'));
  }

  async function check(one: Active): Promise<void> {
    if (one.checking) return;
    one.checking = true;
    try {
      tell(one, { domain: one.domain, at: now(), state: 'ok', ...(await one.at.driver.check(one.domain)) });
    } catch (error) {
      const hanging = error instanceof AgentError && error.code === 'storage_hangs';
      const problem = error instanceof Error ? error.message : String(error);
      tell(one, { domain: one.domain, at: now(), state: hanging ? 'hanging' : 'failing', problem });
    } finally {
      one.checking = false;
    }
  }

  function tell(one: Active, health: DomainHealth): void {
    if (active.get(one.domain) !== one) return;
    const changed = one.health?.state !== health.state || one.health.problem !== health.problem;
    one.health = health;
    if (!changed && now() - one.toldAt < tellEvery) return;
    one.toldAt = now();
    for (const listener of listeners) listener(health);
  }

  const remember = async (): Promise<void> => {
    const list = [...active.values()].map(({ domain, at }) => ({ domain, connection: at.connection }));
    await writeFileAtomically(memory, JSON.stringify(list), privateMode);
  };

  for (const { domain, connection } of await recall(memory)) {
    try {
      watch(domain, await connect(connection));
    } catch (error) {
      log.warn({ domain, problem: String(error) }, 'a storage domain is not reached again');
    }
  }
  const checking = setInterval(() => {
    for (const one of active.values()) void check(one);
  }, checkEvery);

  return {
    calls: {
      async connectStorage({ connection }) {
        await (await connect(connection)).driver.probe();
        return {};
      },
      async disconnectStorage({ connection }) {
        const place = placeOf(connection, mounts);
        const found = connected.get(place.key);
        const busy = [...active.values()].find(({ at }) => at === found);
        if (found && busy)
          throw new AgentError('volume_in_use', `Storage domain ${busy.domain} is active at this connection`, { domain: busy.domain });
        connected.delete(place.key);
        await found?.driver.stop();
        await unmount(place);
        return {};
      },
      findDomains: async ({ connection }) => ({ domains: [...(await connectedAt(connection).driver.findDomains())] }),
      createDomain: ({ domain, connection, name, kind }) => connectedAt(connection).driver.createDomain({ domain, name, kind }),
      attachDomain: ({ domain, connection, pool, poolName, master, masterVersion }) =>
        connectedAt(connection).driver.attachDomain({ domain, pool, master, masterVersion, ...(poolName !== undefined && { poolName }) }),
      async activateDomain({ domain, connection }) {
        const at = connectedAt(connection);
        const facts = await at.driver.domainFacts(domain);
        const known = active.get(domain)?.at === at;
        watch(domain, at);
        if (!known) await remember();
        return facts;
      },
      async deactivateDomain({ domain }) {
        const user = used.userOf(domain);
        if (user) throw new AgentError('volume_in_use', `Storage domain ${domain} is used by ${user.kind} ${user.id}`, { by: `${user.kind} ${user.id}` });
        if (active.delete(domain)) await remember();
        return {};
      },
      async renameDomain({ domain, name }) {
        await driverOf(domain).renameDomain(domain, name);
        return {};
      },
      async formatDomain({ domain, connection }) {
        const user = used.userOf(domain);
        if (user) throw new AgentError('volume_in_use', `Storage domain ${domain} is used by ${user.kind} ${user.id}`, { by: `${user.kind} ${user.id}` });
        await connectedAt(connection).driver.formatDomain(domain);
        if (active.delete(domain)) await remember();
        return {};
      },
      domainFacts: ({ domain }) => driverOf(domain).domainFacts(domain),
      createVolume: (volume) => driverOf(volume.domain).createVolume(volume),
      async removeImage(input, { mandate }) {
        const driver = driverOf(input.domain);
        const by = { kind: 'task', id: mandate.operation } as const;
        used.claimImage(input, by);
        const freed = () => used.releaseImage(input, by);
        return begin('removeImage', input, mandate, ({ signal, progress }) =>
          driver.removeImage(input, { wipe: input.wipe, signal, progress }).finally(freed),
        ).catch((error: unknown) => {
          freed();
          throw error;
        });
      },
      volumeFacts: (volume) => driverOf(volume.domain).volumeFacts(volume),
      listImages: async ({ domain }) => ({ images: [...(await driverOf(domain).listImages(domain))] }),
      extendVolume: ({ capacity, ...volume }) => alone(volume, 'extend', () => driverOf(volume.domain).extendVolume(volume, capacity)),
      describeVolume: ({ description, ...volume }) => driverOf(volume.domain).describeVolume(volume, description),
      async verifyVolume(input, { mandate }) {
        const { declared, ...volume } = input;
        const driver = driverOf(volume.domain);
        await driver.volumeFacts(volume);
        const by = { kind: 'task', id: mandate.operation } as const;
        // It reads; two that verify the same do each other no harm, and nobody writes meanwhile.
        used.claim(volume, { by, write: false });
        const freed = () => used.release(volume, by);
        return begin('verifyVolume', input, mandate, ({ signal, progress }) =>
          driver.verifyVolume(volume, { declared, signal, progress }).finally(freed),
        ).catch((error: unknown) => {
          freed();
          throw error;
        });
      },
    },
    async prepare(volume, use) {
      const driver = driverOf(volume.domain);
      used.claim(volume, use);
      try {
        const { source, below } = await driver.prepare(volume);
        used.cover(volume, use.by, below);
        return source;
      } catch (error) {
        used.release(volume, use.by);
        throw error;
      }
    },
    async teardown(volume, by) {
      if (!used.isClaimed(volume, by)) return;
      await active.get(volume.domain)?.at.driver.teardown(volume);
      used.release(volume, by);
    },
    health: () => [...active.values()].map((one) => one.health ?? { domain: one.domain, at: now(), state: 'failing', problem: 'Not checked yet' }),
    onHealth: (changed) => void listeners.push(changed),
    async stop() {
      clearInterval(checking);
      await Promise.all([...connected.values()].map(({ driver }) => driver.stop()));
    },
  };

  /** A change of a volume that nobody may use meanwhile. */
  async function alone<T>(volume: VolumeReference, what: string, work: () => Promise<T>): Promise<T> {
    const by: VolumeUse['by'] = { kind: 'task', id: what };
    used.claim(volume, { by, write: true });
    return work().finally(() => used.release(volume, by));
  }
}

async function recall(path: string): Promise<readonly { domain: string; connection: Connection }[]> {
  const text = await readFile(path, 'utf8').catch(() => '[]');
  const list: unknown = JSON.parse(text);
  const known = (one: unknown): one is { domain: string; connection: Connection } =>
    typeof one === 'object' && one !== null && 'domain' in one && 'connection' in one;
  return Array.isArray(list) ? list.filter(known).filter((one, at, all) => all.findIndex((other) => isDeepStrictEqual(one, other)) === at) : [];
}
