import { AgentError } from '@ostler/agent-contract/errors';
import type { Connection, DomainFacts } from '@ostler/agent-contract/values';
import type { AddDomain, AttachDomain, DetachDomain, RemoveDomain, SwitchDomain } from '@ostler/domain/storage-domain/plan';
import { events } from '@ostler/domain/events/catalogue';
import type { Event } from '@ostler/domain/events/event';
import { emit } from '../audit/store.ts';
import type { Database } from '../db/database.ts';
import { job, step, StepFailed, type JobEnd, type StepContext, type Tools } from '../jobs/definition.ts';
import { connectionOf, forgetDomain, recordAttached, recordCreated, recordDetached, recordNotAttached, setWanted } from './store.ts';

const reasonOf = (failure: JobEnd['failure']): string => failure?.message ?? 'it was cancelled';

/** How it went, told to whoever watches the domain or its data center. */
const ending =
  <Data extends { readonly domain: string; readonly dataCenter: string }>(
    finished: (data: Data) => Event,
    failed: (data: Data, reason: string) => Event,
  ) =>
  async ({ data }: { readonly data: Data }, { db, outcome, failure, correlation, owner }: JobEnd): Promise<void> => {
    const about = { storageDomain: data.domain, dataCenter: data.dataCenter, user: owner };
    await emit(db, outcome === 'finished' ? finished(data) : failed(data, reasonOf(failure)), about, correlation);
  };

/** Lays a new domain out on its storage. Until it is attached nobody uses it. */
export const addDomain = job<AddDomain>(
  'add-storage-domain',
  {
    version: 1,
    async ended({ data }, { db, outcome, failure, correlation, owner }) {
      const about = { storageDomain: data.domain, user: owner };
      if (outcome === 'finished') return void (await emit(db, events.storage_domain_added({ name: data.name }), about, correlation));
      await emit(db, events.storage_domain_add_failed({ name: data.name, reason: reasonOf(failure) }), { user: owner }, correlation);
      await forgetDomain(db, data.domain);
    },
  },
  ({ data }, { agents }) => [
    connectFirst(agents, data),
    step('create-domain', {
      do: async (context) =>
        agents
          .of(data.host)
          .call(
            'createDomain',
            { domain: data.domain, connection: await connection(context.db, data.domain), name: data.name, kind: data.kind },
            { mandate: context.mandate },
          ),
      undo: async (context) => {
        // What was there before us is not ours to erase.
        if (context.failure?.code !== 'domain_exists')
          await agents
            .of(data.host)
            .call(
              'formatDomain',
              { domain: data.domain, connection: await connection(context.db, data.domain) },
              { mandate: context.mandate },
            );
      },
    }),
    step('disconnect-storage', { do: (context) => disconnect(context, agents, data), undo: (context) => connect(context, agents, data) }),
    step('record', { do: (context) => context.db.transaction().execute((tx) => recordCreated(tx, observed(context, 'create-domain'))) }),
  ],
);

/** Writes the attachment into the domain's own metadata, and lets every host of the data center use it. */
export const attachDomain = job<AttachDomain>(
  'attach-storage-domain',
  {
    version: 1,
    ended: ending(
      ({ name, dataCenterName }) => events.storage_domain_attached({ name, dataCenter: dataCenterName }),
      ({ name, dataCenterName }, reason) => events.storage_domain_attach_failed({ name, dataCenter: dataCenterName, reason }),
    ),
  },
  ({ data }, { agents }) => [
    connectFirst(agents, data),
    step('attach', {
      do: async (context) =>
        agents.of(data.host).call(
          'attachDomain',
          {
            domain: data.domain,
            connection: await connection(context.db, data.domain),
            pool: data.dataCenter,
            poolName: data.dataCenterName,
            master: data.master,
            masterVersion: data.masterVersion,
          },
          { mandate: context.mandate },
        ),
      undo: async (context) => {
        // Leaving the hosts has taken the storage from this one too.
        await connect(context, agents, data);
        await agents
          .of(data.host)
          .call(
            'attachDomain',
            { domain: data.domain, connection: await connection(context.db, data.domain), pool: null, master: false, masterVersion: 0 },
            { mandate: context.mandate },
          );
      },
    }),
    step('activate', { do: (context) => everywhere(context, agents, data), undo: (context) => leaveEverywhere(context, agents, data) }),
    step('record', {
      do: (context) => context.db.transaction().execute((tx) => recordAttached(tx, data, observed(context, 'attach'))),
      undo: (context) => context.db.transaction().execute((tx) => recordNotAttached(tx, data)),
    }),
  ],
);

export const activateDomain = job<SwitchDomain>(
  'activate-storage-domain',
  {
    version: 1,
    ended: ending(
      ({ name }) => events.storage_domain_activated({ name }),
      ({ name }, reason) => events.storage_domain_activate_failed({ name, reason }),
    ),
  },
  ({ data }, { agents }) => [
    step('activate', { do: (context) => everywhere(context, agents, data), undo: (context) => leaveEverywhere(context, agents, data) }),
    step('record', {
      do: (context) => setWanted(context.db, data.domain, 'active', 'ok'),
      undo: (context) => setWanted(context.db, data.domain, 'maintenance'),
    }),
  ],
);

export const maintainDomain = job<SwitchDomain>(
  'maintain-storage-domain',
  {
    version: 1,
    ended: ending(
      ({ name }) => events.storage_domain_maintenance({ name }),
      ({ name }, reason) => events.storage_domain_maintenance_failed({ name, reason }),
    ),
  },
  ({ data }, { agents }) => [
    // Recorded first: a host that comes up meanwhile must not begin to use it again.
    step('record', {
      do: (context) => setWanted(context.db, data.domain, 'maintenance'),
      undo: (context) => setWanted(context.db, data.domain, 'active'),
    }),
    step('leave', { do: (context) => leaveEverywhere(context, agents, data), undo: (context) => everywhere(context, agents, data) }),
  ],
);

export const detachDomain = job<DetachDomain>(
  'detach-storage-domain',
  {
    version: 1,
    ended: ending(
      ({ name }) => events.storage_domain_detached({ name }),
      ({ name }, reason) => events.storage_domain_detach_failed({ name, reason }),
    ),
  },
  ({ data }, { agents }) => [
    connectFirst(agents, data),
    step('detach', {
      do: async (context) =>
        agents
          .of(data.host)
          .call(
            'attachDomain',
            { domain: data.domain, connection: await connection(context.db, data.domain), pool: null, master: false, masterVersion: 0 },
            { mandate: context.mandate },
          ),
      pointOfNoReturn: true,
    }),
    step('leave', { do: (context) => leaveEverywhere(context, agents, data) }),
    step('record', { do: (context) => context.db.transaction().execute((tx) => recordDetached(tx, data.domain)) }),
  ],
);

export const removeDomain = job<RemoveDomain>(
  'remove-storage-domain',
  {
    version: 1,
    async ended({ data }, { db, outcome, failure, correlation, owner }) {
      if (outcome !== 'finished')
        return void (await emit(
          db,
          events.storage_domain_remove_failed({ name: data.name, reason: reasonOf(failure) }),
          { storageDomain: data.domain, user: owner },
          correlation,
        ));
      await forgetDomain(db, data.domain);
      await emit(db, events.storage_domain_removed({ name: data.name }), { user: owner }, correlation);
    },
  },
  ({ data }, { agents }) => {
    const { host } = data;
    if (!data.format || host === undefined) return [step('forget', { do: async () => undefined })];
    return [
      connectFirst(agents, { domain: data.domain, host }),
      step('format', {
        do: async (context) =>
          agents
            .of(host)
            .call(
              'formatDomain',
              { domain: data.domain, connection: await connection(context.db, data.domain) },
              { mandate: context.mandate },
            ),
        pointOfNoReturn: true,
      }),
      step('disconnect-storage', { do: (context) => disconnect(context, agents, { domain: data.domain, host }) }),
    ];
  },
);

/** How the domain is reached; a job whose domain is gone can only end. */
async function connection(db: Database, domain: string): Promise<Connection> {
  const found = await connectionOf(db, domain);
  if (!found) throw new StepFailed({ code: 'domain_gone', message: 'The storage domain is not in the inventory any more' });
  return found;
}

const observed = ({ results }: StepContext, from: string): DomainFacts => results[from] as DomainFacts;

/** Hosts that went away meanwhile are not waited for: they are told when they come back. */
async function everywhere(
  context: StepContext,
  agents: Tools['agents'],
  data: { domain: string; hosts: readonly string[] },
): Promise<void> {
  const reached = await connection(context.db, data.domain);
  await eachHost(data.hosts, async (host) => {
    await agents.of(host).call('connectStorage', { connection: reached }, { mandate: context.mandateFor(`connect ${host}`) });
    await agents
      .of(host)
      .call('activateDomain', { domain: data.domain, connection: reached }, { mandate: context.mandateFor(`activate ${host}`) });
  });
}

/** Hosts stop to use the domain, and let go of its storage. */
const leaveEverywhere = (context: StepContext, agents: Tools['agents'], data: { domain: string; hosts: readonly string[] }) =>
  eachHost(data.hosts, async (host) => {
    await agents.of(host).call('deactivateDomain', { domain: data.domain }, { mandate: context.mandateFor(`leave ${host}`) });
    await disconnect(context, agents, { domain: data.domain, host });
  });

interface OnHost {
  readonly domain: string;
  readonly host: string;
}

/** Unwound, the host has its storage no longer than before. */
const connectFirst = (agents: Tools['agents'], data: OnHost) =>
  step('connect-storage', {
    do: (context) => connect(context, agents, data),
    undo: (context) => disconnect(context, agents, data),
  });

const connect = async (context: StepContext, agents: Tools['agents'], { domain, host }: OnHost): Promise<void> =>
  void (await agents
    .of(host)
    .call('connectStorage', { connection: await connection(context.db, domain) }, { mandate: context.mandateFor(`connect ${host}`) }));

/** Storage that another domain is used from stays connected; a host that does not answer has nothing to be asked for. */
async function disconnect(context: StepContext, agents: Tools['agents'], { domain, host }: OnHost): Promise<void> {
  const reached = await connection(context.db, domain);
  try {
    await agents.of(host).call('disconnectStorage', { connection: reached }, { mandate: context.mandateFor(`disconnect ${host}`) });
  } catch (thrown) {
    if (!(thrown instanceof AgentError && (thrown.code === 'volume_in_use' || thrown.code === 'unreachable'))) throw thrown;
  }
}

async function eachHost(hosts: readonly string[], call: (host: string) => Promise<unknown>): Promise<void> {
  const outcomes = await Promise.allSettled(hosts.map(call));
  const failures = outcomes.filter((outcome) => outcome.status === 'rejected').map((outcome) => outcome.reason as unknown);
  const serious = failures.filter((failure) => !(failure instanceof AgentError && failure.code === 'unreachable'));
  if (serious.length > 0) throw serious[0];
  if (failures.length === hosts.length && failures.length > 0) throw failures[0];
}
