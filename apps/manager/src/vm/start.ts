import { randomUUID } from 'node:crypto';
import type { Input } from '@ostler/contract/handlers';
import { events } from '@ostler/domain/events/catalogue';
import { planResume, planStart, schedulableMemory, type StartFacts, type StartVm, type StartWish } from '@ostler/domain/vm/plan';
import { isEmptyWish, ofOneRun, type RunOnce } from '@ostler/domain/vm/run-once';
import { isRefusal, refuse, type Refusal } from '@ostler/domain/reason';
import { vmReasons } from '@ostler/domain/vm/reasons';
import { idOf, isVisible } from '../access/authorize.ts';
import { emit } from '../audit/store.ts';
import type { Queries } from '../db/database.ts';
import type { Context } from '../http/context.ts';
import { act } from './actions.ts';
import { hardwareWish } from './hardware-document.ts';
import { startVm } from './jobs.ts';
import { beginRun, candidateHosts, clusterForVm, disksToStart, diskToStart, findVm, networksToStart, type VmRow } from './store.ts';
import { resumeVm } from './suspend-jobs.ts';
import { savedMemoryOf } from './suspend-store.ts';
import { inState, present } from './vm.ts';

interface Start extends Context {
  readonly ids: { readonly vm: string };
  readonly input: Input<'vm', 'start'>;
}

/** A start: of a VM that is down, of one whose guest waits on a disk, or of one that only stands still. */
export async function start(context: Start) {
  const { db, reader, ids, input, mutate, correlation } = context;
  const row = await findVm(db, reader, ids.vm);
  if (row?.status === 'paused' && row.run !== null) return act(context, 'resume');
  const asked = await askedOf(context);
  if (isRefusal(asked)) return asked;
  const wish: StartWish = {
    run: randomUUID(),
    host: asked.host,
    paused: input.pause === true,
    ...(asked.runOnce && { runOnce: asked.runOnce }),
  };
  const saved = row?.savedMemory != null;
  return mutate<StartVm, object>({
    objects: [ids.vm, `scheduling ${row?.cluster ?? ''}`],
    plan: async (tx) => {
      const vm = await present(tx, ids.vm);
      const facts = await startFacts(tx, vm, saved ? vm.runCd : asked.cd === undefined ? vm.cd : asked.cd);
      return saved ? planResume(facts, await savedMemoryOf(tx, vm.id), wish) : planStart(facts, wish);
    },
    apply: async (tx, data) => {
      await beginRun(tx, data);
      await emit(
        tx,
        events.vm_run_requested({ vm: data.name, user: reader.user.userName, host: data.hostName }),
        { vm: data.vm, host: data.host, user: reader.user.id },
        correlation,
      );
    },
    job: saved ? resumeVm : startVm,
    answer: async () => ({}),
  });
}

interface Asked {
  readonly host: string | undefined;
  readonly runOnce: RunOnce | undefined;
  /** Null is an empty drive; undefined what the VM has anyway. */
  readonly cd: string | null | undefined;
}

/** What is asked of this run alone, from the action's own parts and from the VM in it. */
async function askedOf({ db, reader, input }: Start): Promise<Asked | Refusal> {
  const vm = input.vm ?? {};
  const host = vm.placement_policy?.hosts?.[0] ?? vm.host;
  const hostId = host?.id ?? (host?.name === undefined ? undefined : await idOf(db, reader, 'host', host.name));
  if (host !== undefined && hostId === undefined)
    return refuse(vmReasons.vm_host_unknown({ host: host.name ?? '' }, 'action.vm.placement_policy.hosts'));
  const hardware = ofOneRun(hardwareWish(vm));
  const file = vm.cdroms?.[0]?.file;
  const cd = file === undefined ? undefined : file.id === undefined || file.id === '' ? null : file.id;
  if (cd != null && !(await isVisible(db, reader, 'disk', cd))) return refuse(vmReasons.cd_missing({ disk: cd }, 'action.vm.cdroms'));
  const initialization = [input.use_cloud_init, input.use_sysprep, input.use_ignition, input.use_initialization].find(
    (one) => one !== undefined,
  );
  const own = !isEmptyWish(hardware) || input.volatile === true || cd !== undefined || initialization !== undefined;
  return {
    host: hostId,
    cd,
    runOnce: own ? { hardware, volatile: input.volatile === true, ...(initialization !== undefined && { initialization }) } : undefined,
  };
}

/** What a start depends on, as it is now. `cd` is the disk in the drive. */
export async function startFacts(tx: Queries, row: VmRow, cd: string | null): Promise<StartFacts> {
  const cluster = await clusterForVm(tx, row.cluster);
  const nics = await networksToStart(tx, row.id);
  const hosts = await candidateHosts(tx, row.cluster);
  return {
    vm: { ...inState(row), id: row.id, hardware: row.hardware },
    cluster: cluster?.name ?? '',
    disks: await disksToStart(tx, row.id),
    cd: cd === null ? undefined : await diskToStart(tx, cd),
    networks: nics.flatMap(({ network }) => (network === null ? [] : [network])),
    nicCount: nics.length,
    hosts: hosts.map(({ memory, committed, ...one }) => ({
      ...one,
      schedulable: schedulableMemory({ memory, committed }, cluster?.settings.overcommitPercent ?? 100),
    })),
  };
}
