import { readFile } from 'node:fs/promises';
import { AgentError } from '@ostler/agent-contract/errors';
import { DomainReference, type Connection, type DomainFacts, type DomainHealth } from '@ostler/agent-contract/values';
import { privateMode, writeFileAtomically } from '@ostler/pki/files';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { StorageDriver } from './driver.ts';
import type { Places } from './places.ts';

export interface ActiveDomainsOptions {
  readonly places: Pick<Places, 'connect' | 'key'>;
  /** The file that remembers them. */
  readonly memory: string;
  readonly now: () => number;
  readonly log: { info(details: object, message: string): void; warn(details: object, message: string): void };
  /** Milliseconds between two checks of a domain. */
  readonly checkEvery: number;
}

/** The domains that this host uses and watches. A restarted agent goes on with those of its predecessor: VMs run from them. */
export interface ActiveDomains {
  has(domain: string): boolean;
  /** Throws `unknown_domain` for one that is not active here, and `storage_hangs` when its place does not come in time. */
  driver(domain: string): Promise<StorageDriver>;
  /** A domain that is active at a place. */
  at(place: string): string | undefined;
  activate(connection: Connection, facts: DomainFacts): Promise<void>;
  deactivate(domain: string): Promise<void>;
  /** Checks now what is at a place: it has begun to hang, or has ceased to. */
  checkPlace(place: string): void;
  health(): readonly DomainHealth[];
  onHealth(changed: (health: DomainHealth) => void): void;
  stop(): Promise<void>;
}

interface Active {
  readonly domain: string;
  readonly connection: Connection;
  health: DomainHealth;
  checking: boolean;
  told: DomainHealth | undefined;
  sweptAt: number;
}

/** Told at least this often, so that a storage that fills up is noticed. */
const tellEvery = 60_000;
/** Removals that broke off are ended when a domain is first seen, and then once in a while. */
const sweepEvery = 3_600_000;

export async function activeDomains({ places, memory, now, log, checkEvery }: ActiveDomainsOptions): Promise<ActiveDomains> {
  const active = new Map<string, Active>();
  const listeners: ((health: DomainHealth) => void)[] = [];
  let writing: Promise<void> = Promise.resolve();

  function add(domain: string, connection: Connection, health: DomainHealth): void {
    const one: Active = { domain, connection, health, checking: false, told: undefined, sweptAt: -Infinity };
    active.set(domain, one);
    void check(one);
  }

  /** Each domain by itself: none waits for another's storage. */
  async function check(one: Active): Promise<void> {
    if (one.checking) return;
    one.checking = true;
    try {
      const driver = await places.connect(one.connection);
      tell(one, { domain: one.domain, at: now(), state: 'ok', ...(await driver.check(one.domain)) });
      if (now() - one.sweptAt >= sweepEvery) sweep(one, driver);
    } catch (error) {
      const hanging = error instanceof AgentError && error.code === 'storage_hangs';
      const problem = error instanceof Error ? error.message : String(error);
      tell(one, { domain: one.domain, at: now(), state: hanging ? 'hanging' : 'failing', problem });
    } finally {
      one.checking = false;
    }
  }

  function sweep(one: Active, driver: StorageDriver): void {
    one.sweptAt = now();
    driver.sweep(one.domain).catch((error: unknown) => {
      one.sweptAt = -Infinity;
      log.info({ domain: one.domain, problem: String(error) }, 'interrupted removals could not be ended yet');
    });
  }

  function tell(one: Active, health: DomainHealth): void {
    if (active.get(one.domain) !== one) return;
    one.health = health;
    const { told } = one;
    if (told && told.state === health.state && told.problem === health.problem && health.at - told.at < tellEvery) return;
    one.told = health;
    for (const changed of listeners) changed(health);
  }

  function remember(): Promise<void> {
    const write = () =>
      writeFileAtomically(
        memory,
        JSON.stringify([...active.values()].map(({ domain, connection }) => ({ domain, connection }))),
        privateMode,
      );
    writing = writing.then(write, write);
    return writing;
  }

  for (const { domain, connection } of await recall(memory, log))
    add(domain, connection, { domain, at: now(), state: 'failing', problem: 'It has not been checked yet' });
  const checks = setInterval(() => {
    for (const one of active.values()) void check(one);
  }, checkEvery);

  return {
    has: (domain) => active.has(domain),
    async driver(domain) {
      const found = active.get(domain);
      if (!found) throw new AgentError('unknown_domain', `Storage domain ${domain} is not active on this host`);
      return places.connect(found.connection);
    },
    at: (place) => [...active.values()].find(({ connection }) => places.key(connection) === place)?.domain,
    async activate(connection, { domain, total, available }) {
      const known = active.get(domain);
      const health: DomainHealth = { domain, at: now(), state: 'ok', total, available };
      // It has just answered. Nobody needs to hear what they are answered anyway.
      if (known && places.key(known.connection) === places.key(connection)) known.health = health;
      else add(domain, connection, health);
      await remember();
    },
    async deactivate(domain) {
      if (active.delete(domain)) await remember();
    },
    checkPlace(place) {
      for (const one of active.values()) if (places.key(one.connection) === place) void check(one);
    },
    health: () => [...active.values()].map(({ health }) => health),
    onHealth: (changed) => void listeners.push(changed),
    async stop() {
      clearInterval(checks);
      active.clear();
      await writing.catch(() => undefined);
    },
  };
}

const memories = Compile(Type.Array(DomainReference));

/** What cannot be read is not there: the manager activates again what shall be active. */
async function recall(memory: string, log: ActiveDomainsOptions['log']): Promise<readonly DomainReference[]> {
  try {
    const text = await readFile(memory, 'utf8').catch(() => '[]');
    const read: unknown = JSON.parse(text);
    if (memories.Check(read)) return read;
    log.warn({ memory }, 'the memory of active storage domains has another form, and is passed over');
  } catch (error) {
    log.warn({ memory, problem: String(error) }, 'the memory of active storage domains cannot be read');
  }
  return [];
}
