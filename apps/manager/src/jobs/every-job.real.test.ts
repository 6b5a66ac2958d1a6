import { fixedIds } from '@ostler/domain/fixed-ids';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { row, rows, sql } from '../db/database.ts';
import { allJobs } from '../jobs.ts';
import { hostsUp, simulatedWorld, type World } from '../testing/world.test-support.ts';
import { advance, Deposed, type AdvanceContext } from './advance.ts';
import { StepFailed, type JobType, type Step } from './definition.ts';
import { findJob, resumeJob } from './store.ts';

/**
 * What holds for every job type, whatever it does: each step can be done and undone twice, a failure anywhere leads back
 * to where it began or, past the point of no return, on to the end, and a controller that dies anywhere loses nothing.
 */

let world: World;
let domain: string;
const dataCenter = `datacenters/${fixedIds.defaultDataCenter}`;
let count = 0;
const fresh = (what: string) => `${what}-${++count}`;

beforeAll(async () => {
  world = await simulatedWorld({ hosts: 2 });
  world.watch();
  await hostsUp(world);
  domain = (await did('POST', 'storagedomains', posixfs('data'))).id;
  await did('POST', `${dataCenter}/storagedomains`, { id: domain });
});
afterAll(() => world?.stop());

// ---- asking and driving -------------------------------------------------------------------------------------------

interface Begun {
  readonly id: string;
  readonly job: string | undefined;
}

async function begin(method: string, path: string, body?: object): Promise<Begun> {
  const answer = await world.ask(method, path, body);
  expect(answer.status, `${method} ${path} ${JSON.stringify(answer.body)}`).toBeLessThan(300);
  const job = await row<{ id: string }>(
    world.db,
    sql`select id from jobs where correlation_id = ${String(answer.headers['correlation-id'])}`,
  );
  return { id: answer.body?.id as string, job: job?.id };
}

async function did(method: string, path: string, body?: object): Promise<Begun> {
  const begun = await begin(method, path, body);
  if (begun.job !== undefined) expect(await drive(begun.job, {})).toBe('finished');
  return begun;
}

type Hook = NonNullable<AdvanceContext['hook']>;

interface Driving {
  readonly hook?: Hook;
  readonly nudge?: () => Promise<void>;
  readonly wrap?: (one: Step) => Step;
}

/** Takes a job to its end as the engine would, without waiting for its clock. What has died is followed by the next controller. */
async function drive(id: string, { hook, nudge, wrap = (one) => one }: Driving): Promise<string> {
  const wrapped = (type: JobType): JobType => ({ ...type, steps: (plan, tools) => type.steps(plan, tools).map(wrap) });
  const types = new Map(allJobs.map((type) => [type.type, wrapped(type)]));
  const context: AdvanceContext = {
    db: world.db,
    epoch: 0,
    signal: new AbortController().signal,
    tools: { agents: world.agents, secrets: world.secrets, now: world.now },
    typeOf: (type) => types.get(type),
    ...(hook && { hook }),
  };
  for (let round = 0; round < 50; round++) {
    await advance(context, id).catch((thrown: unknown) => {
      if (!(thrown instanceof Deposed)) throw thrown;
    });
    const state = (await findJob(world.db, id))?.state ?? 'gone';
    if (state === 'needs_attention') await resumeJob(world.db, id);
    else if (state !== 'running' && state !== 'unwinding') return state;
    await nudge?.();
  }
  throw new Error(`The job never came to an end: ${JSON.stringify(await findJob(world.db, id))}`);
}

// ---- what each job is begun with ------------------------------------------------------------------------------------

interface Scenario<Given = string> {
  readonly called?: string;
  /** What is there before; its slate is what an unwound job has to leave. */
  readonly given: () => Promise<Given>;
  /** Commits the job. */
  readonly begin: (given: Given) => Promise<Begun>;
  /** What it waits for from outside. */
  readonly nudge?: (begun: Begun) => Promise<void>;
  readonly afterwards: (given: Given, begun: Begun) => Promise<void>;
  /** What a guest was asked for cannot be taken back: a failure leaves the run as it is, and nothing held. */
  readonly irrevocable?: boolean;
}

const posixfs = (name: string) => ({
  name,
  type: 'data',
  storage: { type: 'posixfs', path: `/export/${name}`, vfs_type: 'none', mount_options: 'bind' },
  host: { name: 'host1' },
});
const diskWish = (alias: string) => ({
  alias,
  format: 'cow',
  provisioned_size: 2 ** 30,
  storage_domains: { storage_domain: [{ id: domain }] },
});
const status = async (path: string) => (await world.ask('GET', path)).status;
const stateOf = async (path: string) => (await world.ask('GET', path)).body.status as string;

const newDisk = async () => (await did('POST', 'disks', diskWish(fresh('disk')))).id;
const newDomain = async () => (await did('POST', 'storagedomains', posixfs(fresh('domain')))).id;
async function attachedDomain(): Promise<string> {
  const id = await newDomain();
  await did('POST', `${dataCenter}/storagedomains`, { id });
  return id;
}
async function restingDomain(): Promise<string> {
  const id = await attachedDomain();
  await did('POST', `${dataCenter}/storagedomains/${id}/deactivate`, {});
  return id;
}
async function newVm(): Promise<string> {
  const { id } = await did('POST', 'vms', { name: fresh('vm'), cluster: { name: 'Default' }, template: { name: 'Blank' } });
  await did('POST', `vms/${id}/diskattachments`, { bootable: true, interface: 'virtio', disk: diskWish(fresh('disk')) });
  return id;
}
/** Its guest has an agent and is up. */
async function suspendedVm(): Promise<string> {
  const id = await runningVm();
  await did('POST', `vms/${id}/suspend`, {});
  await settled();
  return id;
}
async function runningVm(body: object = {}): Promise<string> {
  const id = await newVm();
  await did('POST', `vms/${id}/start`, body);
  await settled();
  return id;
}
/** Nothing is on its way: guests have booted or are paused, and ended runs are forgotten. */
async function settled(): Promise<void> {
  const moving = () => rows(world.db, sql`select 1 from vms where run_status not in ('down', 'up', 'paused', 'suspended')`);
  await world.until(moving, (all) => all.length === 0);
  const ended = () => world.hosts.flatMap((host) => host.world.vms()).filter((vm) => vm.state.kind === 'ended');
  await world.until(ended, (all) => all.length === 0);
}
const action = (name: string, given: () => Promise<string>, result: string): Scenario => ({
  called: name,
  given,
  begin: (vm) => begin('POST', `vms/${vm}/${name === 'resume' ? 'start' : name}`, {}),
  afterwards: async (vm) =>
    void (await world.until(
      () => stateOf(`vms/${vm}`),
      (seen) => seen === result,
    )),
  irrevocable: true,
});
/** The client is done as soon as it has been let in. */
const finalizes = async ({ id }: Begun) => {
  const phase = (await world.ask('GET', `imagetransfers/${id}`)).body?.phase as string | undefined;
  if (phase === 'transferring') await world.ask('POST', `imagetransfers/${id}/finalize`, {});
};

const scenarios: Readonly<Record<string, readonly Scenario[]>> = {
  'add-disk': [
    {
      given: async () => '',
      begin: () => begin('POST', 'disks', diskWish(fresh('disk'))),
      afterwards: async (_, { id }) => expect(await stateOf(`disks/${id}`)).toBe('ok'),
    },
  ],
  'remove-disk': [
    {
      given: newDisk,
      begin: (disk) => begin('DELETE', `disks/${disk}`),
      afterwards: async (disk) => expect(await status(`disks/${disk}`)).toBe(404),
    },
  ],
  'add-storage-domain': [
    {
      given: async () => '',
      begin: () => begin('POST', 'storagedomains', posixfs(fresh('domain'))),
      afterwards: async (_, { id }) => expect(await stateOf(`storagedomains/${id}`)).toBe('unattached'),
    },
  ],
  'attach-storage-domain': [
    {
      given: newDomain,
      begin: (id) => begin('POST', `${dataCenter}/storagedomains`, { id }),
      afterwards: async (id) => expect(await stateOf(`${dataCenter}/storagedomains/${id}`)).toBe('active'),
    },
  ],
  'activate-storage-domain': [
    {
      given: restingDomain,
      begin: (id) => begin('POST', `${dataCenter}/storagedomains/${id}/activate`, {}),
      afterwards: async (id) => expect(await stateOf(`${dataCenter}/storagedomains/${id}`)).toBe('active'),
    },
  ],
  'maintain-storage-domain': [
    {
      given: attachedDomain,
      begin: (id) => begin('POST', `${dataCenter}/storagedomains/${id}/deactivate`, {}),
      afterwards: async (id) => expect(await stateOf(`${dataCenter}/storagedomains/${id}`)).toBe('maintenance'),
    },
  ],
  'detach-storage-domain': [
    {
      given: restingDomain,
      begin: (id) => begin('DELETE', `${dataCenter}/storagedomains/${id}`),
      afterwards: async (id) => expect(await stateOf(`storagedomains/${id}`)).toBe('unattached'),
    },
  ],
  'remove-storage-domain': [
    {
      called: 'format',
      given: newDomain,
      begin: (id) => begin('DELETE', `storagedomains/${id}?format=true&host=host1`),
      afterwards: async (id) => {
        expect(await status(`storagedomains/${id}`)).toBe(404);
        expect(world.storage.contents().map((one) => one.facts.domain)).not.toContain(id);
      },
    },
    {
      called: 'forget',
      given: newDomain,
      begin: (id) => begin('DELETE', `storagedomains/${id}`),
      afterwards: async (id) => {
        expect(await status(`storagedomains/${id}`)).toBe(404);
        expect(world.storage.contents().map((one) => one.facts.domain)).toContain(id);
      },
    },
  ],
  'transfer-image': [
    {
      called: 'upload',
      given: async () => '',
      begin: async () => begin('POST', 'imagetransfers', { disk: { id: await newDisk() }, direction: 'upload' }),
      nudge: finalizes,
      afterwards: async (_, { id }) => {
        const { body } = await world.ask('GET', `imagetransfers/${id}`);
        expect(body.phase).toBe('finished_success');
        expect(await stateOf(`disks/${body.disk.id}`)).toBe('ok');
      },
    },
    {
      called: 'download',
      given: newDisk,
      begin: (disk) => begin('POST', 'imagetransfers', { disk: { id: disk }, direction: 'download' }),
      nudge: finalizes,
      afterwards: async (disk) => expect(await stateOf(`disks/${disk}`)).toBe('ok'),
    },
  ],
  'start-vm': [
    {
      given: newVm,
      begin: (vm) => begin('POST', `vms/${vm}/start`, {}),
      afterwards: async (vm) =>
        void (await world.until(
          () => stateOf(`vms/${vm}`),
          (seen) => seen === 'up',
        )),
    },
  ],
  'run-action': [
    action('stop', runningVm, 'down'),
    action('shutdown', runningVm, 'down'),
    action('reboot', runningVm, 'up'),
    action('reset', runningVm, 'up'),
    action('resume', () => runningVm({ pause: true }), 'up'),
  ],
  'change-run': [
    {
      given: () => runningVm(),
      begin: (vm) => begin('PUT', `vms/${vm}`, { memory: 2 ** 30 + 2 ** 28, cpu: { topology: { sockets: 2 } } }),
      afterwards: async (vm) =>
        expect((await world.ask('GET', `vms/${vm}`)).body).toMatchObject({ memory: String(2 ** 30 + 2 ** 28), next_run_configuration_exists: 'false' }),
      irrevocable: true,
    },
  ],
  'suspend-vm': [
    {
      given: () => runningVm(),
      begin: (vm) => begin('POST', `vms/${vm}/suspend`, {}),
      afterwards: async (vm) => expect(await stateOf(`vms/${vm}`)).toBe('suspended'),
      irrevocable: true,
    },
  ],
  'resume-vm': [
    {
      given: suspendedVm,
      begin: (vm) => begin('POST', `vms/${vm}/start`, {}),
      afterwards: async (vm) =>
        void (await world.until(
          () => stateOf(`vms/${vm}`),
          (seen) => seen === 'up',
        )),
    },
  ],
  'discard-memory': [
    {
      given: suspendedVm,
      begin: (vm) => begin('POST', `vms/${vm}/stop`, {}),
      afterwards: async (vm) => expect(await stateOf(`vms/${vm}`)).toBe('down'),
    },
  ],
  'remove-vm': [
    {
      given: newVm,
      begin: (vm) => begin('DELETE', `vms/${vm}`),
      afterwards: async (vm) => expect(await status(`vms/${vm}`)).toBe(404),
    },
  ],
};

test('every job type has its scenario here', () => {
  expect(Object.keys(scenarios).toSorted()).toEqual(allJobs.map((type) => type.type).toSorted());
});

// ---- what holds for each ----------------------------------------------------------------------------------------------

interface Run {
  readonly state: string;
  readonly before: Record<string, string>;
  readonly given: string;
  readonly begun: Begun;
}

async function run(scenario: Scenario, driving: Driving): Promise<Run> {
  await settled();
  const given = await scenario.given();
  await settled();
  const before = await world.slate();
  const begun = await scenario.begin(given);
  const state = await drive(begun.job ?? '', { ...driving, nudge: async () => scenario.nudge?.(begun) });
  expect(await row(world.db, sql`select 1 from job_locks where job_id = ${begun.job}`)).toBeUndefined();
  await settled();
  for (const host of world.hosts)
    expect((await world.agents.of(host.hostId).call('observe', {})).tasks.filter((one) => one.state.kind === 'running')).toEqual([]);
  return { state, before, given, begun };
}

/** Either it went on to its end, or all is as it was. */
async function expectEnd(scenario: Scenario, { state, before, given, begun }: Run, wanted: 'finished' | 'failed'): Promise<void> {
  expect(state).toBe(wanted);
  if (wanted === 'finished') await scenario.afterwards(given, begun);
  else if (!scenario.irrevocable) expect(await world.slate()).toEqual(before);
}

interface Point {
  readonly step: string;
  readonly when: 'before' | 'after';
}

/** Acts once, at this point of going forward or back. */
function once({ step, when }: Point, direction: 'do' | 'undo', act: () => never): Hook {
  let left = 1;
  return async (point) => {
    if (left > 0 && point.step === step && point.when === when && point.direction === direction) {
      left -= 1;
      act();
    }
  };
}
const fails = (): never => {
  throw new StepFailed({ code: 'sample', message: 'A failure of the test' });
};
const dies = (): never => {
  throw new Deposed();
};
const both =
  (...hooks: Hook[]): Hook =>
  async (point) => {
    for (const hook of hooks) await hook(point);
  };

const twice = (one: Step): Step => ({
  ...one,
  do: async (context) => {
    const first = await one.do(context);
    expect(await one.do(context)).toEqual(first);
    return first;
  },
  ...(one.undo && {
    undo: async (context) => {
      await one.undo?.(context);
      await one.undo?.(context);
    },
  }),
});

for (const [type, all] of Object.entries(scenarios))
  for (const scenario of all)
    describe(`${type}${scenario.called === undefined ? '' : `, ${scenario.called}`}`, () => {
      const stepsSeen: Step[] = [];
      const points = (): Point[] =>
        stepsSeen.flatMap(
          ({ name }) =>
            [
              { step: name, when: 'before' },
              { step: name, when: 'after' },
            ] as const,
        );
      /** A failure at this step goes forward where there is no way back from it. */
      const endOf = ({ step }: Point): 'finished' | 'failed' => {
        const index = stepsSeen.findIndex((one) => one.name === step);
        return stepsSeen.slice(0, index + 1).some((one) => one.pointOfNoReturn) ? 'finished' : 'failed';
      };

      test('comes to its end with every step done twice, with the same result', async () => {
        const done = await run(scenario, {
          wrap: (one) => {
            if (!stepsSeen.some((seen) => seen.name === one.name)) stepsSeen.push(one);
            return twice(one);
          },
        });
        await expectEnd(scenario, done, 'finished');
      });

      test('a failure before or after the effect of any step leads back to a clean slate, by undoing twice, or on to the end', async () => {
        for (const point of points()) {
          const done = await run(scenario, { hook: once(point, 'do', fails), wrap: twice });
          await expectEnd(scenario, done, endOf(point));
        }
      });

      test('a controller that dies before or after the effect of any step is followed by one that goes on', async () => {
        for (const point of points()) await expectEnd(scenario, await run(scenario, { hook: once(point, 'do', dies) }), 'finished');
      });

      test('a controller that dies while it unwinds is followed by one that unwinds the rest', async () => {
        const last = points().findLast((point) => endOf(point) === 'failed');
        const undone = last === undefined ? [] : points().filter(({ step }) => stepsSeen.find((one) => one.name === step)?.undo);
        for (const point of undone) {
          const hook = both(once(last ?? point, 'do', fails), once(point, 'undo', dies));
          await expectEnd(scenario, await run(scenario, { hook }), 'failed');
        }
      });
    });
