import { randomUUID } from 'node:crypto';
import { quietRun, diskOn, expectError } from '@ostler/agent-contract/conformance';
import { AgentError } from '@ostler/agent-contract/errors';
import type { Connection } from '@ostler/libvirt/connection';
import { LibvirtError, libvirtErrorCodes, RpcError } from '@ostler/libvirt/errors';
import { expect, test } from 'vitest';
import type { RunNote } from '../journal.ts';
import type { VolumeSource } from '../storage/storage.ts';
import { machines } from './machines.ts';
import { knownRuns } from './runs.ts';
import { turns } from './turns.ts';

/** A libvirt that answers as it is told to, for what a real one cannot be made to do at the right moment. */
function hostWith(answers: Partial<Record<string, (args: unknown) => unknown>>) {
  const called: string[] = [];
  const notes = new Map<string, RunNote>();
  const used = new Set<string>();
  const call = (async (name: string, args: unknown) => {
    called.push(name);
    const answer = answers[name];
    if (!answer) throw new Error(`Nobody expected ${name}`);
    return answer(args);
  }) as unknown as Connection['call'];
  const journal = {
    run: (run: string) => notes.get(run),
    async noteRun(run: string, note: Omit<RunNote, 'at'>) {
      notes.set(run, { ...notes.get(run), ...note, at: 0 });
    },
  };
  const runs = knownRuns({ instance: 'test', journal, publish: () => undefined, now: () => 0 });
  const calls = machines({
    link: { open: async () => ({ call }) as Connection, call },
    runs,
    journal,
    storage: {
      async prepare({ volume }): Promise<VolumeSource> {
        used.add(volume);
        return { kind: 'file', path: `/data/${volume}` };
      },
      async teardown({ volume }) {
        used.delete(volume);
      },
    },
    media: { make: async () => [], remove: async () => undefined },
    host: () => ({
      instance: 'test',
      acceleration: { kind: 'tcg', because: 'test' },
      machines: ['pc-q35-7.2'],
      uefi: { plain: undefined, secureBoot: undefined },
      networks: [],
      vncDirectory: '/run/vnc',
      nvramDirectory: '/var/nvram',
      hardwareUuid: '9b1c2d3e-1111-4222-8333-944455566677',
      hugePages: [],
    }),
    turn: turns(),
    grantConsole: () => undefined,
    now: () => 0,
  });
  async function seen(vm: string) {
    const known = await runs.look({ call }, vm);
    return known === 'foreign' ? undefined : known?.state;
  }
  return { calls, called, used, seen };
}

const refusal = (code: number) => new LibvirtError('test', { code, domain: 10, level: 2, message: 'no' });
const noDomain = () => {
  throw refusal(libvirtErrorCodes.noDomain);
};
const context = () => ({ signal: new AbortController().signal, mandate: { epoch: 1, operation: randomUUID() } });
const spec = () => quietRun({ disks: [diskOn({ domain: randomUUID(), image: randomUUID(), volume: randomUUID() })] });

test('a start that libvirt refuses leaves neither domain nor use', async () => {
  const run = spec();
  const host = hostWith({
    domainLookupByUUID: noDomain,
    domainDefineXMLFlags: () => ({ name: run.name, uuid: run.vm, id: -1 }),
    domainCreateWithFlags: () => {
      throw refusal(libvirtErrorCodes.operationFailed);
    },
    domainUndefineFlags: () => undefined,
  });
  await expectError(host.calls.startVm(run, context()), 'hypervisor_failed');
  expect(host.called).toContain('domainUndefineFlags');
  expect([...host.used]).toEqual([]);
});

test.each([
  ['/etc/shadow', { kernel: { path: '/etc/shadow' }, customProperties: {} }],
  ['/boot/../etc/passwd', { kernel: { path: '/boot/../etc/passwd' }, customProperties: {} }],
  ['a template of firmware variables that is none', { kernel: null, customProperties: { nvram_template: '/etc/passwd' } }],
])('a guest is given no file of the host but kernels and firmware: not %s', async (_what, wish) => {
  const host = hostWith({ domainLookupByUUID: noDomain });
  await expectError(host.calls.startVm({ ...spec(), ...wish }, context()), 'bad_request');
  expect(host.called).not.toContain('domainDefineXMLFlags');
  expect([...host.used]).toEqual([]);
});

test('a QEMU that goes down with libvirtd before its start was answered has not ended: the start is repeated', async () => {
  const run = spec();
  let libvirt: 'there' | 'gone' = 'there';
  let defined: string | undefined;
  let state = { state: 5, reason: 0 };
  const reached = <T>(answer: T): T => {
    if (libvirt === 'gone') throw new AgentError('hypervisor_unreachable', 'libvirt cannot be reached');
    return answer;
  };
  const dom = { name: run.name, uuid: run.vm, id: -1 };
  const host = hostWith({
    domainLookupByUUID: () => (reached(defined) === undefined ? noDomain() : dom),
    domainGetState: () => reached(state),
    domainGetXMLDesc: () => reached(defined),
    domainDefineXMLFlags: (args) => {
      defined = (args as { xml: string }).xml;
      return dom;
    },
    domainCreateWithFlags: () => {
      if (host.called.filter((name) => name === 'domainCreateWithFlags').length > 1) {
        state = { state: 1, reason: 1 };
        return dom;
      }
      libvirt = 'gone';
      throw new RpcError('lost', 'the connection broke', { sent: true });
    },
  });
  await expectError(host.calls.startVm(run, context()), 'hypervisor_unreachable');
  // The next libvirtd has found its QEMU gone.
  libvirt = 'there';
  state = { state: 5, reason: 8 };
  expect((await host.seen(run.vm))?.kind).toBe('starting');
  await host.calls.startVm(run, context());
  expect((await host.seen(run.vm))?.kind).toBe('running');
  // Only now is an end an end.
  state = { state: 5, reason: 8 };
  expect(await host.seen(run.vm)).toEqual({ kind: 'ended', exit: 'lost' });
});

test('a run whose end was acknowledged never starts, be it that nothing of it is here any more', async () => {
  const run = spec();
  const host = hostWith({ domainLookupByUUID: noDomain });
  await host.calls.acknowledgeEnd({ vm: run.vm, run: run.run }, context());
  await expectError(host.calls.startVm(run, context()), 'wrong_state');
});

test('while nobody can say whether QEMU came up, its domain stays defined and its volumes in use; ending the run gives them back', async () => {
  const run = spec();
  let gone = false;
  const host = hostWith({
    domainLookupByUUID: () => {
      if (gone) throw new AgentError('hypervisor_unreachable', 'libvirt cannot be reached');
      return noDomain();
    },
    domainDefineXMLFlags: () => ({ name: run.name, uuid: run.vm, id: -1 }),
    domainCreateWithFlags: () => {
      gone = true;
      throw new RpcError('lost', 'the connection broke', { sent: true });
    },
  });
  await expectError(host.calls.startVm(run, context()), 'hypervisor_unreachable');
  expect(host.called).not.toContain('domainUndefineFlags');
  expect(host.used.size).toBe(1);
  // libvirt is back and knows nothing of it.
  gone = false;
  await host.calls.destroyVm({ vm: run.vm, run: run.run }, context());
  expect([...host.used]).toEqual([]);
  await expectError(host.calls.startVm(run, context()), 'wrong_state');
});
