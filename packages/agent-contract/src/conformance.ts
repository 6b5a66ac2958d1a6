// The lint rules know neither `expectError` nor tests that are registered by a function.
// oxlint-disable vitest/expect-expect, vitest/valid-title, vitest/no-conditional-expect, vitest/valid-expect
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { calls, type CallName, type Input, type Output } from './calls.ts';
import type { AgentClient } from './client.ts';
import { AgentError, type AgentErrorCode } from './errors.ts';
import type { AgentEvent } from './events.ts';
import type { Connection, DomainReference, ExitReason, Task, VmObservation, VmRun, VolumeReference } from './values.ts';

/** An agent to be tested, with the few levers that the contract itself does not have. */
export interface TestedAgent {
  client(): AgentClient;
  /** Empty storage that the agent reaches. */
  readonly connection: Connection;
  /** A network that VMs can be plugged into; undefined where there is none. */
  readonly network: string | undefined;
  /** Ends the agent without warning and starts it again; VMs go on. */
  restart(): Promise<void>;
  /** Signs a host's request with the authority that it knows. */
  issue(request: string): Promise<string>;
  /** The certificates, in PEM, that each of the agent's doors shows to a new connection. */
  shown(): Promise<readonly (string | undefined)[]>;
  /** Makes a volume of 64 MiB the boot disk of a guest that has an agent and lets go of devices. */
  installGuest(volume: VolumeReference): Promise<void>;
  /** Kills the VM's QEMU. */
  crash(vm: string): Promise<void>;
  stop(): Promise<void>;
}

type Change = { [C in CallName]: (typeof calls)[C]['kind'] extends 'look' ? never : C }[CallName];
type Look = Exclude<CallName, Change>;

const patience = { timeout: 30_000, interval: 50 };
const mebibyte = 2 ** 20;

/** What every agent must do, the real one and the simulated one. Registers vitest tests; `make` is called once. */
export function conformance(name: string, make: () => Promise<TestedAgent>): void {
  describe(name, () => {
    let agent: TestedAgent;
    let client: AgentClient;
    let epoch = 1000;
    const changedTwice = new Set<Change>();

    beforeAll(async () => {
      agent = await make();
      client = agent.client();
    });
    afterAll(() => agent?.stop());

    const mandate = (operation: string = randomUUID()) => ({ epoch, operation, correlation: 'conformance' });
    const look = <C extends Look>(call: C, input: Input<C>) => (client.call as LooseCall)(call, input) as Promise<Output<C>>;
    const change = <C extends Change>(call: C, input: Input<C>, operation?: string) =>
      (client.call as LooseCall)(call, input, { mandate: mandate(operation) }) as Promise<Output<C>>;
    /** "Already so" is success: the same change under two operation ids. */
    const twice = async <C extends Change>(call: C, input: Input<C>): Promise<Output<C>> => {
      await change(call, input);
      changedTwice.add(call);
      return change(call, input);
    };
    const finished = async ({ task }: { task: string }): Promise<Task> => {
      await expect.poll(async () => (await look('taskState', { task })).state.kind, patience).not.toBe('running');
      return look('taskState', { task });
    };
    const observed = async (vm: string): Promise<VmObservation | undefined> =>
      (await look('observe', {})).vms.find((observation) => observation.vm === vm);
    const stateOf = async (vm: string) => (await observed(vm))?.state;
    const endOf = async (vm: string): Promise<ExitReason | undefined> => {
      const state = await stateOf(vm);
      return state?.kind === 'ended' ? state.exit : undefined;
    };
    const end = async ({ vm, run }: { vm: string; run: string }) => {
      await change('destroyVm', { vm, run });
      await change('acknowledgeEnd', { vm, run });
    };

    let domain: DomainReference;
    /** One active domain for all tests that need storage. */
    const activeDomain = async (): Promise<DomainReference> => {
      if (domain) return domain;
      domain = { domain: randomUUID(), connection: agent.connection };
      await change('connectStorage', { connection: agent.connection });
      await change('createDomain', { ...domain, name: 'conformance', kind: 'data' });
      await change('attachDomain', { ...domain, pool: randomUUID(), poolName: 'Default', master: true, masterVersion: 1 });
      await change('activateDomain', domain);
      return domain;
    };
    const newVolume = async (different: Partial<Input<'createVolume'>> = {}) => {
      const reference = { domain: (await activeDomain()).domain, image: randomUUID(), volume: randomUUID() };
      const wish = { format: 'cow', sparse: true, capacity: 8 * mebibyte, content: 'data', description: '', legal: true } as const;
      return { reference, wish: { ...reference, ...wish, ...different } };
    };
    const createdVolume = async (different: Partial<Input<'createVolume'>> = {}): Promise<VolumeReference> => {
      const { reference, wish } = await newVolume(different);
      await change('createVolume', wish);
      return reference;
    };

    describe('calls', () => {
      test.each(Object.keys(calls).filter(isCall))('%s refuses what does not fit the contract, before anything else', async (call) => {
        const asked = client.call as LooseCall;
        for (const input of [{ nonsense: true }, null, [], 'text'])
          await expectError(asked(call, input, { mandate: mandate() }), 'bad_request');
      });

      test('a call that there is not is bad_request', async () => {
        await expectError((client.call as LooseCall)('conquerWorld', {}, { mandate: mandate(), deadline: 5_000 }), 'bad_request');
      });

      test.each(Object.keys(calls).filter(isCall))('%s needs a mandate exactly if it changes something', async (call) => {
        const refused = calls[call].kind === 'look' ? 'answered' : 'refused';
        const input =
          call === 'hostFacts' || call === 'hostStatistics' || call === 'observe' || call === 'vmStatistics' ? {} : sample(call);
        const outcome = await (client.call as LooseCall)(call, input).then(
          () => 'answered',
          (error: unknown) =>
            error instanceof AgentError && error.code === 'bad_request' && error.message.includes('operation id') ? 'refused' : 'answered',
        );
        expect(outcome).toBe(refused);
      });
    });

    describe('epochs and operations', () => {
      test('a manager whose time is over is refused, and may still look', async () => {
        const old = mandate();
        epoch += 1;
        await change('forgetTask', { task: randomUUID() });
        const error = await expectError(client.call('forgetTask', { task: randomUUID() }, { mandate: old }), 'stale_epoch');
        expect(error.facts).toMatchObject({ epoch: old.epoch, highest: epoch });
        expect((await look('observe', {})).bootId).toMatch(/^[0-9a-f-]{36}$/);
      });

      test('an operation is done once: asked again, it answers what it answered and does nothing', async () => {
        const spec = quietRun();
        const operation = randomUUID();
        const first = await change('startVm', spec, operation);
        await end(spec);
        expect(await change('startVm', spec, operation)).toEqual(first);
        expect(await observed(spec.vm)).toBeUndefined();
      });

      test('an operation that is asked twice at the same time is done once', async () => {
        const reference = await createdVolume();
        const operation = randomUUID();
        const wish = { domain: reference.domain, image: reference.image, wipe: false };
        const [one, other] = await Promise.all([change('removeImage', wish, operation), change('removeImage', wish, operation)]);
        expect(one).toEqual(other);
        expect((await finished(one)).state.kind).toBe('done');
      });

      test('an operation id cannot be used for another call', async () => {
        const operation = randomUUID();
        await change('forgetTask', { task: randomUUID() }, operation);
        await expectError(change('forgetTask', { task: randomUUID() }, operation), 'operation_reused');
        await expectError(change('closeTransfer', { transfer: randomUUID() }, operation), 'operation_reused');
      });

      test('what may go otherwise next time is not an outcome for ever', async () => {
        const { wish } = await newVolume();
        const operation = randomUUID();
        await change('deactivateDomain', { domain: wish.domain });
        await expectError(change('createVolume', wish, operation), 'unknown_domain');
        await change('activateDomain', await activeDomain());
        expect(await change('createVolume', wish, operation)).toMatchObject({ volume: wish.volume });
      });
    });

    describe('the certificate of a host', () => {
      test('another one is requested, installed and shown from then on, each step twice; who is connected stays so', async () => {
        const { request } = await twice('requestCertificate', {});
        await expectError(change('installCertificate', { certificate: 'none' }), 'bad_request');
        const certificate = await agent.issue(request);
        await twice('installCertificate', { certificate });
        expect(new Set(await agent.shown())).toEqual(new Set([certificate]));
        expect((await look('observe', {})).bootId).toMatch(/^[0-9a-f-]{36}$/);
        expect((await change('requestCertificate', {})).request).not.toBe(request);
        await expectError(change('installCertificate', { certificate: await agent.issue(request) }), 'bad_request');
        expect(new Set(await agent.shown())).toEqual(new Set([certificate]));
      });
    });

    describe('the life of a storage domain', () => {
      test('it is made, found, attached, used, renamed, detached and erased, each step twice', async () => {
        const own = connectionBeside(agent.connection);
        const reference = { domain: randomUUID(), connection: own };
        await expectError(change('createDomain', { ...reference, name: 'data2', kind: 'data' }), 'unknown_domain');
        await twice('connectStorage', { connection: own });
        expect(await look('findDomains', { connection: own })).toEqual({ domains: [] });
        await expectError(change('activateDomain', reference), 'unknown_domain');

        const made = await twice('createDomain', { ...reference, name: 'data2', kind: 'data' });
        expect(made).toMatchObject({ domain: reference.domain, name: 'data2', kind: 'data', pool: null, master: false });
        expect(made.available).toBeLessThanOrEqual(made.total);
        await expectError(change('createDomain', { ...reference, domain: randomUUID(), name: 'data3', kind: 'data' }), 'domain_exists');
        const found = await look('findDomains', { connection: own });
        expect(found.domains.map((facts) => facts.domain)).toEqual([reference.domain]);

        const pool = randomUUID();
        const attached = await twice('attachDomain', { ...reference, pool, poolName: 'Default', master: true, masterVersion: 1 });
        expect(attached).toMatchObject({ pool, master: true });
        await expectError(look('domainFacts', { domain: reference.domain }), 'unknown_domain');
        await twice('activateDomain', reference);
        await twice('renameDomain', { domain: reference.domain, name: 'renamed' });
        expect(await look('domainFacts', { domain: reference.domain })).toMatchObject({ name: 'renamed', pool });
        await expect
          .poll(async () => (await look('observe', {})).domains.find((health) => health.domain === reference.domain)?.state, patience)
          .toBe('ok');

        await twice('deactivateDomain', { domain: reference.domain });
        await expectError(look('domainFacts', { domain: reference.domain }), 'unknown_domain');
        expect(await twice('attachDomain', { ...reference, pool: null, master: false, masterVersion: 0 })).toMatchObject({ pool: null });
        await twice('formatDomain', reference);
        expect(await look('findDomains', { connection: own })).toEqual({ domains: [] });
        await twice('disconnectStorage', { connection: own });
      });
    });

    describe('the life of a volume', () => {
      test('it is made, described, grown, verified and removed, each step twice', async () => {
        const { reference, wish } = await newVolume({ legal: false });
        await expectError(look('volumeFacts', reference), 'unknown_volume');
        const made = await twice('createVolume', wish);
        expect(made).toMatchObject({ ...reference, format: 'cow', capacity: wish.capacity, legal: false, parent: null });
        await expectError(change('createVolume', { ...wish, capacity: wish.capacity * 2 }), 'volume_exists');

        expect(await twice('describeVolume', { ...reference, description: 'one' })).toMatchObject({ description: 'one' });
        expect(await twice('extendVolume', { ...reference, capacity: 16 * mebibyte })).toMatchObject({ capacity: 16 * mebibyte });
        await expectError(change('extendVolume', { ...reference, capacity: mebibyte }), 'bad_request');

        const lie = await finished(await change('verifyVolume', { ...reference, declared: { format: 'cow', capacity: mebibyte } }));
        expect(lie.state).toMatchObject({ kind: 'failed', code: 'image_lies' });
        expect(await look('volumeFacts', reference)).toMatchObject({ legal: false });
        const declared = { format: 'cow', capacity: 16 * mebibyte } as const;
        const verified = await finished(await twice('verifyVolume', { ...reference, declared }));
        expect(verified).toMatchObject({ call: 'verifyVolume', state: { kind: 'done', result: { ...reference, legal: true } } });
        expect(await look('volumeFacts', reference)).toMatchObject({ legal: true, description: 'one' });

        const image = { domain: reference.domain, image: reference.image };
        expect((await look('listImages', { domain: reference.domain })).images).toContain(reference.image);
        expect((await finished(await change('removeImage', { ...image, wipe: true }))).state.kind).toBe('done');
        expect((await finished(await twice('removeImage', { ...image, wipe: false }))).state.kind).toBe('done');
        await expectError(look('volumeFacts', reference), 'unknown_volume');
        expect((await look('listImages', { domain: reference.domain })).images).not.toContain(reference.image);
      });

      test('a preallocated raw volume takes its size, a sparse one next to nothing', async () => {
        const raw = await createdVolume({ format: 'raw', sparse: false });
        const thin = await createdVolume({ format: 'raw', sparse: true });
        expect((await look('volumeFacts', raw)).actualSize).toBeGreaterThanOrEqual(8 * mebibyte);
        expect((await look('volumeFacts', thin)).actualSize).toBeLessThan(mebibyte);
      });

      test('on a domain that is not active here there are no volumes', async () => {
        const reference = { domain: randomUUID(), image: randomUUID(), volume: randomUUID() };
        await expectError(look('volumeFacts', reference), 'unknown_domain');
        await expectError(look('listImages', { domain: reference.domain }), 'unknown_domain');
        await expectError(change('removeImage', { domain: reference.domain, image: reference.image, wipe: false }), 'unknown_domain');
      });

      test('what a run uses is neither removed nor resized under it, and its domain stays active', async () => {
        const source = await createdVolume();
        const spec = quietRun({ disks: [diskOn(source)] });
        await change('startVm', spec);
        await expectError(change('removeImage', { domain: source.domain, image: source.image, wipe: false }), 'volume_in_use');
        await expectError(change('extendVolume', { ...source, capacity: 32 * mebibyte }), 'volume_in_use');
        await expectError(change('deactivateDomain', { domain: source.domain }), 'volume_in_use');
        await end(spec);
        expect(await change('extendVolume', { ...source, capacity: 32 * mebibyte })).toMatchObject({ capacity: 32 * mebibyte });
      });
    });

    describe('the life of a VM', () => {
      test('it starts, pauses, goes on, is reset, ends and is forgotten, each step twice', async () => {
        const spec = quietRun();
        expect(await twice('startVm', spec)).toMatchObject({ vm: spec.vm, run: spec.run, name: spec.name, state: { kind: 'running' } });
        expect(await observed(spec.vm)).toMatchObject({ run: spec.run, state: { kind: 'running' } });

        await twice('pauseVm', runOf(spec));
        await expect.poll(() => stateOf(spec.vm), patience).toEqual({ kind: 'paused', reason: 'user' });
        await twice('resumeVm', runOf(spec));
        await expect.poll(() => stateOf(spec.vm), patience).toEqual({ kind: 'running' });
        await twice('resetVm', runOf(spec));
        await expect.poll(() => stateOf(spec.vm), patience).toEqual({ kind: 'running' });
        await twice('setConsolePassword', { ...runOf(spec), protocol: 'vnc', password: 'once', validFor: 120_000 });
        await twice('openConsole', { ...runOf(spec), ticket: randomUUID(), console: 'vnc', validFor: 120_000 });
        const { vms } = await look('vmStatistics', {});
        expect(vms.find((statistics) => statistics.vm === spec.vm)).toMatchObject({ run: spec.run, vcpus: 1 });
        await twice('rebootVm', runOf(spec));
        await twice('shutdownVm', { ...runOf(spec), reason: 'maintenance' });

        await twice('destroyVm', runOf(spec));
        expect(await endOf(spec.vm)).toMatch(/^(destroyed|admin_shutdown)$/);
        await twice('acknowledgeEnd', runOf(spec));
        expect(await observed(spec.vm)).toBeUndefined();
      });

      test('it can start paused', async () => {
        const spec = quietRun({ startPaused: true });
        expect((await change('startVm', spec)).state).toMatchObject({ kind: 'paused' });
        await change('resumeVm', runOf(spec));
        await expect.poll(() => stateOf(spec.vm), patience).toEqual({ kind: 'running' });
        await end(spec);
      });

      test('another run of the same VM is refused until the end of the first is acknowledged', async () => {
        const first = quietRun();
        const second = { ...first, run: randomUUID() };
        await change('startVm', first);
        const error = await expectError(change('startVm', second), 'other_run');
        expect(error.facts['run']).toBe(first.run);
        for (const call of ['shutdownVm', 'rebootVm', 'resetVm', 'pauseVm', 'resumeVm'] as const)
          await expectError(change(call, runOf(second)), 'other_run');
        await change('destroyVm', runOf(first));
        await expectError(change('startVm', second), 'other_run');
        await change('acknowledgeEnd', runOf(first));
        await change('startVm', second);

        await change('destroyVm', runOf(first));
        await change('acknowledgeEnd', runOf(first));
        expect(await observed(second.vm)).toMatchObject({ run: second.run, state: { kind: 'running' } });
        await end(second);
      });

      test('only an end can be acknowledged', async () => {
        const spec = quietRun();
        await change('startVm', spec);
        await expectError(change('acknowledgeEnd', runOf(spec)), 'wrong_state');
        await end(spec);
      });

      test('a run that is over never starts again, be it that its end came before it', async () => {
        const spec = quietRun();
        await change('startVm', spec);
        await end(spec);
        await expectError(change('startVm', spec), 'wrong_state');
        const late = quietRun();
        await change('destroyVm', runOf(late));
        await expectError(change('startVm', late), 'wrong_state');
        expect(await observed(late.vm)).toBeUndefined();
      });

      test('of a run that is not there nothing can be asked but its end', async () => {
        const nobody = { vm: randomUUID(), run: randomUUID() };
        for (const call of ['shutdownVm', 'rebootVm', 'resetVm', 'pauseVm', 'resumeVm'] as const)
          await expectError(change(call, nobody), 'unknown_vm');
        await expectError(change('openConsole', { ...nobody, ticket: randomUUID(), console: 'vnc', validFor: 1 }), 'unknown_vm');
        await change('acknowledgeEnd', nobody);
        await change('destroyVm', nobody);
      });

      test('what has ended can be neither paused nor woken, and its shutdown is done', async () => {
        const spec = quietRun();
        await change('startVm', spec);
        await change('destroyVm', runOf(spec));
        await change('shutdownVm', runOf(spec));
        for (const call of ['rebootVm', 'resetVm', 'pauseVm', 'resumeVm'] as const)
          await expectError(change(call, runOf(spec)), 'wrong_state');
        expect(await endOf(spec.vm)).toBe('destroyed');
        await change('acknowledgeEnd', runOf(spec));
      });

      test('a QEMU that is killed has crashed, and says so until that is acknowledged', async () => {
        const spec = quietRun();
        await change('startVm', spec);
        await agent.crash(spec.vm);
        await expect.poll(() => endOf(spec.vm), patience).toBe('crashed');
        await change('destroyVm', runOf(spec));
        expect(await endOf(spec.vm)).toBe('crashed');
        await change('acknowledgeEnd', runOf(spec));
      });

      test('a start that cannot be leaves nothing, and may be tried again', async () => {
        const missing = diskOn({ domain: (await activeDomain()).domain, image: randomUUID(), volume: randomUUID() });
        const kept = await createdVolume();
        const spec = quietRun({ disks: [diskOn(kept), missing] });
        await expectError(change('startVm', spec), 'unknown_volume');
        await expectError(change('startVm', quietRun({ nics: [nicOn('no-such-network')] })), 'unknown_network');
        expect(await observed(spec.vm)).toBeUndefined();
        await change('extendVolume', { ...kept, capacity: 64 * mebibyte });
        await change('startVm', { ...spec, disks: [diskOn(kept)] });
        await end(spec);
      });

      test('a NIC is plugged into a network, or into none', async () => {
        const spec = quietRun({ nics: [nicOn(null), ...(agent.network === undefined ? [] : [nicOn(agent.network)])] });
        await change('startVm', spec);
        const { vms } = await look('vmStatistics', {});
        const figures = vms.find(({ vm }) => vm === spec.vm);
        if (agent.network !== undefined) expect(figures?.nics.map(({ nic }) => nic)).toContain(spec.nics.at(-1)?.nic);
        await end(spec);
      });
    });

    describe('a guest that runs', () => {
      const guestRun = async (): Promise<VmRun> => {
        const volume = await createdVolume({ capacity: 64 * mebibyte });
        await agent.installGuest(volume);
        const memory = { size: 128 * mebibyte, maximum: 128 * mebibyte, guaranteed: 128 * mebibyte, ballooning: true };
        return quietRun({ memory, disks: [{ ...diskOn(volume), bootable: true }] });
      };
      const connected = async (run: VmRun) => {
        await expect.poll(async () => (await observed(run.vm))?.guest.agent, patience).toBe('connected');
      };

      test('disks, NICs, a CD, memory and processors come and go, each step twice; nothing of them is left', async () => {
        const plain = await guestRun();
        const gib = 1024 * mebibyte;
        const spec = { ...plain, cpu: { ...plain.cpu, maximum: 2 }, memory: { ...plain.memory, maximum: gib } };
        const run = runOf(spec);
        await change('startVm', spec);
        await connected(spec);
        const [virtio, scsi] = [await createdVolume(), await createdVolume()];
        const disks = [diskOn(virtio), { ...diskOn(scsi), interface: 'virtio_scsi' } as const];
        for (const disk of disks) {
          await twice('plugDisk', { ...run, disk });
          await expectError(change('extendVolume', { ...disk.source, capacity: 16 * mebibyte }), 'volume_in_use');
          expect(await twice('resizeDisk', { ...run, disk: disk.disk, capacity: 16 * mebibyte })).toMatchObject({ capacity: 16 * mebibyte });
          await expectError(change('resizeDisk', { ...run, disk: disk.disk, capacity: mebibyte }), 'bad_request');
        }
        await expectError(change('plugDisk', { ...run, disk: { ...diskOn(await createdVolume()), interface: 'sata' } }), 'not_supported');
        const nic = nicOn(agent.network ?? null);
        await twice('plugNic', { ...run, nic });
        await twice('changeNic', { ...run, nic: { ...nic, linked: false } });
        await expectError(change('plugNic', { ...run, nic: nicOn('no-such-network') }), 'unknown_network');
        await expectError(change('changeNic', { ...run, nic: nicOn(null) }), 'wrong_state');
        const iso = await createdVolume({ format: 'raw', content: 'iso' });
        await twice('changeCd', { ...run, cd: iso });
        await expectError(change('extendVolume', { ...iso, capacity: 16 * mebibyte }), 'volume_in_use');
        await twice('changeCd', { ...run, cd: null });
        await twice('setMemory', { ...run, size: spec.memory.size + 256 * mebibyte });
        await expectError(change('setMemory', { ...run, size: spec.memory.size }), 'not_supported');
        await twice('setVcpus', { ...run, count: 2 });
        await expectError(change('setVcpus', { ...run, count: 400 }), 'not_supported');
        const { vms } = await look('vmStatistics', {});
        const figures = vms.find(({ vm }) => vm === spec.vm);
        expect(figures).toMatchObject({ vcpus: 2 });
        expect(figures?.disks.map(({ disk }) => disk)).toEqual(expect.arrayContaining(disks.map(({ disk }) => disk)));
        for (const { disk, source } of disks) {
          await twice('unplugDisk', { ...run, disk });
          expect(await change('extendVolume', { ...source, capacity: 32 * mebibyte })).toMatchObject({ capacity: 32 * mebibyte });
        }
        await twice('unplugNic', { ...run, nic: nic.nic });
        await expectError(change('resizeDisk', { ...run, disk: virtio.image, capacity: mebibyte }), 'unknown_volume');
        await end(spec);
      }, 120_000);

      test('its file systems are frozen and thawed by its agent, each step twice; without one that is refused', async () => {
        const spec = await guestRun();
        await change('startVm', spec);
        await connected(spec);
        await twice('freezeVm', runOf(spec));
        await twice('thawVm', runOf(spec));
        await end(spec);
        const deaf = quietRun();
        await change('startVm', deaf);
        for (const call of ['freezeVm', 'thawVm'] as const) await expectError(change(call, runOf(deaf)), 'no_guest_agent');
        await end(deaf);
      }, 120_000);

      test('it is saved and goes on in another run, each step twice; what was saved is good until the guest runs again', async () => {
        const spec = await guestRun();
        const memory = await createdVolume({ format: 'raw', content: 'memory_dump', capacity: 256 * mebibyte });
        await change('startVm', spec);
        await connected(spec);
        expect((await finished(await twice('saveVm', { ...runOf(spec), memory }))).state).toEqual({ kind: 'done' });
        expect(await endOf(spec.vm)).toBe('saved');
        await change('acknowledgeEnd', runOf(spec));
        expect((await look('volumeFacts', memory)).actualSize).toBeGreaterThan(0);

        const given = { ...spec, run: randomUUID(), saved: memory };
        expect(await change('restoreVm', given)).toMatchObject({ run: given.run, state: { kind: 'paused' } });
        await end(given);
        const again = { ...given, run: randomUUID() };
        expect(await twice('restoreVm', again)).toMatchObject({ run: again.run, state: { kind: 'paused' } });
        await change('resumeVm', runOf(again));
        await expect.poll(() => stateOf(spec.vm), patience).toEqual({ kind: 'running' });
        await connected(spec);
        await end(again);
        const { task } = await change('removeImage', { domain: memory.domain, image: memory.image, wipe: false });
        expect((await finished({ task })).state.kind).toBe('done');
      }, 120_000);

      test('a run cannot be restored from what holds no memory, and leaves nothing', async () => {
        const spec = quietRun();
        const empty = await createdVolume({ format: 'raw', content: 'memory_dump' });
        await expectError(change('restoreVm', { ...spec, saved: empty }), 'hypervisor_failed');
        await expectError(change('restoreVm', { ...spec, saved: { ...empty, volume: randomUUID() } }), 'unknown_volume');
        expect(await observed(spec.vm)).toBeUndefined();
        await change('extendVolume', { ...empty, capacity: 16 * mebibyte });
      });
    });

    describe('tasks', () => {
      test('what is not there is unknown, and forgotten', async () => {
        const task = randomUUID();
        await expectError(look('taskState', { task }), 'unknown_task');
        await expectError(change('cancelTask', { task }), 'unknown_task');
        await change('forgetTask', { task });
      });

      test('a finished task is seen until it is forgotten; cancelling it changes nothing', async () => {
        const reference = await createdVolume();
        const { task } = await change('removeImage', { domain: reference.domain, image: reference.image, wipe: false });
        await finished({ task });
        await twice('cancelTask', { task });
        expect((await look('taskState', { task })).state.kind).toBe('done');
        expect((await look('observe', {})).tasks.map((seen) => seen.task)).toContain(task);
        await twice('forgetTask', { task });
        await expectError(look('taskState', { task }), 'unknown_task');
      });
    });

    describe('the life of a transfer', () => {
      test('it opens, is prolonged and closes, each step twice, and holds its volume meanwhile', async () => {
        const reference = await createdVolume({ legal: false });
        const transfer = randomUUID();
        const wish = { transfer, ticket: randomUUID(), ...reference, direction: 'upload', format: 'cow', view: 'file' } as const;
        const opened = await twice('openTransfer', { ...wish, size: mebibyte, validFor: 60_000, inactivityTimeout: 60_000 });
        expect(opened).toMatchObject({ transfer, transferred: 0, canceled: false });
        await expectError(change('removeImage', { domain: reference.domain, image: reference.image, wipe: false }), 'volume_in_use');
        expect((await look('observe', {})).transfers.map((seen) => seen.transfer)).toContain(transfer);
        expect((await twice('extendTransfer', { transfer, validFor: 600_000 })).expiresIn).toBeGreaterThan(60_000);
        expect(await look('transferState', { transfer })).toMatchObject({ transfer });

        await twice('closeTransfer', { transfer });
        await expectError(look('transferState', { transfer }), 'unknown_transfer');
        await expectError(change('extendTransfer', { transfer, validFor: 1 }), 'unknown_transfer');
        const removed = await finished(await change('removeImage', { domain: reference.domain, image: reference.image, wipe: false }));
        expect(removed.state.kind).toBe('done');
      });
    });

    describe('events', () => {
      test('a reader is greeted, told to resync, and then hears in order', async () => {
        const stream = listen(client, -1);
        expect(await stream.next('hello')).toMatchObject({ kind: 'hello' });
        const resync = await stream.next('resync');
        const spec = quietRun();
        await change('startVm', spec);
        const started = await stream.nextVm(spec.vm, (vm) => vm.state.kind === 'running');
        await change('destroyVm', runOf(spec));
        const ended = await stream.nextVm(spec.vm, (vm) => vm.state.kind === 'ended');
        expect(started.sequence).toBeGreaterThan(resync.sequence);
        expect(ended.sequence).toBeGreaterThan(started.sequence);
        expect((await look('observe', {})).sequence).toBeGreaterThanOrEqual(ended.sequence);
        const told = stream.heard.filter(({ kind }) => kind === 'vm').map(({ sequence }) => sequence);
        expect(told).toEqual(told.toSorted((a, b) => a - b));
        stream.stop();

        const again = listen(client, started.sequence);
        await again.nextVm(spec.vm, (vm) => vm.state.kind === 'ended');
        expect(again.heard.some(({ kind }) => kind === 'resync')).toBe(false);
        again.stop();
        await change('acknowledgeEnd', runOf(spec));
      });

      test('a reader of what is no longer held, or not yet, is told to resync', async () => {
        const { sequence } = await look('observe', {});
        for (const after of [0, sequence + 1_000_000]) {
          const stream = listen(client, after);
          await stream.next('resync');
          stream.stop();
        }
      });
    });

    describe('a restart of the agent', () => {
      test('it remembers epochs, operations, runs and tasks, and numbers its events above all before', async () => {
        const spec = quietRun();
        const operation = randomUUID();
        const started = await change('startVm', spec, operation);
        const over = quietRun();
        await change('destroyVm', runOf(over));
        const before = await look('observe', {});
        await agent.restart();
        client = agent.client();
        await expect.poll(() => observed(spec.vm), patience).toMatchObject({ run: spec.run, state: { kind: 'running' } });
        const after = await look('observe', {});
        expect(after.bootId).toBe(before.bootId);
        expect(after.sequence).toBeGreaterThan(before.sequence);
        const stale = { epoch: epoch - 1, operation: randomUUID() };
        await expectError(client.call('forgetTask', { task: randomUUID() }, { mandate: stale }), 'stale_epoch');
        expect(await change('startVm', spec, operation)).toEqual(started);
        await expectError(change('startVm', over), 'wrong_state');
        await end(spec);
      });
    });

    test('every change has been made twice by these tests', () => {
      const all = Object.keys(calls)
        .filter(isCall)
        .filter((call) => calls[call].kind !== 'look');
      expect([...changedTwice].toSorted()).toEqual(all.toSorted());
    });
  });
}

/** For calls that the types rightly forbid. */
type LooseCall = (call: string, input: unknown, options?: object) => Promise<unknown>;

const isCall = (name: string): name is CallName => Object.hasOwn(calls, name);
const runOf = ({ vm, run }: { vm: string; run: string }) => ({ vm, run });

export async function expectError(promise: Promise<unknown>, code: AgentErrorCode): Promise<AgentError> {
  const error = await promise.then(
    (result) => expect.fail(`Expected ${code}, got ${JSON.stringify(result)}`),
    (thrown: unknown) => thrown,
  );
  expect(error, String(error)).toMatchObject({ name: 'AgentError', code });
  return error as AgentError;
}

/** A VM that does nothing for as long as it is let: firmware without anything to boot. */
export function quietRun(different: Partial<VmRun> = {}): VmRun {
  const vm = randomUUID();
  return {
    vm,
    run: randomUUID(),
    name: `quiet-${vm.slice(0, 8)}`,
    firmware: 'q35_sea_bios',
    cpu: { sockets: 1, cores: 1, threads: 1, maximum: 1, mode: 'host_model', flags: [], pins: [], shares: 0 },
    numa: [],
    threadPlace: null,
    hugePages: null,
    kernel: null,
    media: [],
    memory: { size: 64 * mebibyte, maximum: 64 * mebibyte, guaranteed: 64 * mebibyte, ballooning: true },
    boot: ['hd'],
    bootMenu: false,
    disks: [],
    nics: [],
    cd: null,
    graphics: ['vnc'],
    screen: { video: 'vga', monitors: 1, keyboard: 'en-us', copyPaste: true, fileTransfer: true },
    smartcard: false,
    serialConsole: true,
    sound: null,
    usb: 'none',
    tpm: false,
    watchdog: null,
    rng: null,
    ioThreads: 0,
    scsi: null,
    legacyVirtio: false,
    serialNumber: null,
    customProperties: {},
    multiQueues: false,
    hyperv: false,
    clockOffset: 0,
    startPaused: false,
    ...different,
  };
}

export const diskOn = (source: VolumeReference): VmRun['disks'][number] => ({
  disk: source.image,
  source,
  format: 'cow',
  interface: 'virtio',
  bootable: false,
  readOnly: false,
  shareable: false,
  passDiscard: false,
  propagateErrors: false,
});

export const nicOn = (network: string | null): VmRun['nics'][number] => ({
  nic: randomUUID(),
  mac: `56:6f:1a:${randomUUID().slice(0, 2)}:${randomUUID().slice(0, 2)}:${randomUUID().slice(0, 2)}`,
  interface: 'virtio',
  network,
  linked: true,
});

/** A place of its own next to the given one. */
function connectionBeside(connection: Connection): Connection {
  return { ...connection, path: `${connection.path}-beside` };
}

/** Something that fits the contract, about things that are not there. */
function sample(call: CallName): unknown {
  const id = randomUUID();
  const connection = { type: 'localfs', path: '/nowhere/at/all' };
  const volume = { domain: id, image: id, volume: id };
  const samples: Partial<Record<CallName, unknown>> = {
    startVm: quietRun(),
    restoreVm: { ...quietRun(), saved: volume },
    saveVm: { vm: id, run: id, memory: volume },
    plugDisk: { vm: id, run: id, disk: diskOn(volume) },
    unplugDisk: { vm: id, run: id, disk: id },
    resizeDisk: { vm: id, run: id, disk: id, capacity: 1 },
    plugNic: { vm: id, run: id, nic: nicOn(null) },
    changeNic: { vm: id, run: id, nic: nicOn(null) },
    unplugNic: { vm: id, run: id, nic: id },
    changeCd: { vm: id, run: id, cd: null },
    setMemory: { vm: id, run: id, size: 1 },
    setVcpus: { vm: id, run: id, count: 1 },
    setConsolePassword: { vm: id, run: id, protocol: 'vnc', password: 'x', validFor: 1 },
    openConsole: { vm: id, run: id, ticket: id, console: 'vnc', validFor: 1 },
    installCertificate: { certificate: 'none' },
    createDomain: { domain: id, connection, name: 'x', kind: 'data' },
    attachDomain: { domain: id, connection, pool: null, master: false, masterVersion: 0 },
    renameDomain: { domain: id, name: 'x' },
    createVolume: { ...volume, format: 'raw', sparse: true, capacity: 1, content: 'data', description: '', legal: true },
    removeImage: { domain: id, image: id, wipe: false },
    extendVolume: { ...volume, capacity: 1 },
    describeVolume: { ...volume, description: '' },
    verifyVolume: { ...volume, declared: { format: 'raw', capacity: 1 } },
    openTransfer: {
      transfer: id,
      ticket: id,
      ...volume,
      direction: 'upload',
      format: 'raw',
      view: 'raw',
      size: 1,
      validFor: 1,
      inactivityTimeout: 1,
    },
    extendTransfer: { transfer: id, validFor: 1 },
  };
  if (samples[call] !== undefined) return samples[call];
  const every: Record<string, unknown> = { vm: id, run: id, connection, ...volume, task: id, transfer: id };
  const wanted = Object.keys((calls[call].input as { properties?: object }).properties ?? {});
  return Object.fromEntries(wanted.filter((field) => field in every).map((field) => [field, every[field]]));
}

/** Reads an event stream in the background; waiting for what does not come fails in time. */
function listen(client: AgentClient, after: number) {
  const gone = new AbortController();
  const heard: AgentEvent[] = [];
  const reading = (async () => {
    for await (const event of client.events(after, gone.signal)) heard.push(event);
  })();
  reading.catch(() => undefined);
  const seen = async <E extends AgentEvent>(what: string, find: (event: AgentEvent) => event is E): Promise<E> => {
    await expect.poll(() => heard.some(find), { ...patience, message: `no ${what} was heard` }).toBe(true);
    const found = heard.find(find);
    if (!found) throw new Error(`no ${what} was heard`);
    return found;
  };
  return {
    heard,
    next: <K extends AgentEvent['kind']>(kind: K) => seen(kind, (event): event is Extract<AgentEvent, { kind: K }> => event.kind === kind),
    nextVm: (vm: string, wanted: (observation: VmObservation) => boolean) =>
      seen(
        `event of VM ${vm}`,
        (event): event is Extract<AgentEvent, { kind: 'vm' }> => event.kind === 'vm' && event.vm.vm === vm && wanted(event.vm),
      ),
    stop: () => gone.abort(),
  };
}
