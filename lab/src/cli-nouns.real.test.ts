import { writeFile } from 'node:fs/promises';
import { proves } from '@ostler/contract/coverage';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { calledProgram } from './called-program.test-support.ts';
import { servedWorld, type ServedWorld } from './served-world.test-support.ts';

/** The verbs that the command line client has from the contract, against a manager behind a real gateway; hosts are simulated. */

let served: ServedWorld;
beforeAll(async () => {
  served = await servedWorld();
});
afterAll(() => served.stop());

const called = (args: readonly string[], { input = '', environment = {} }: { input?: string; environment?: Record<string, string> } = {}) =>
  calledProgram(args, { input, home: served.directory, environment: { ...login(), ...environment } });
const login = () => ({ OSTLER_URL: served.address, OSTLER_PASSWORD_FILE: served.file('password'), OSTLER_CA_FILE: served.file('ca.pem') });
const ostler = (...args: string[]) => called(args);
async function document(...args: string[]) {
  const { exitCode, out, err } = await called([...args, '--output', 'json']);
  expect({ exitCode, err }).toMatchObject({ exitCode: 0 });
  return JSON.parse(out);
}

test('a cluster is made, shown, changed and removed by name', async () => {
  expect(
    await ostler('cluster', 'create', 'second', '--data-center', 'Default', '--cpu.type', 'Intel Nehalem Family', '--description', 'spare'),
  ).toMatchObject({
    exitCode: 0,
    out: expect.stringMatching(/^Cluster second has been made; its id is [0-9a-f-]{36}\.\n$/),
  });
  expect((await ostler('cluster', 'show', 'second')).out).toMatch(/^description +spare$/m);
  expect((await ostler('cluster', 'update', 'second', '--description', 'third')).exitCode).toBe(0);
  expect(await document('cluster', 'list', '--search', 'name=second')).toMatchObject([{ description: 'third' }]);
  expect(await ostler('cluster', 'remove', 'second')).toMatchObject({ exitCode: 0, out: 'Cluster second has been removed.\n' });
  expect((await ostler('cluster', 'show', 'second')).exitCode).toBe(4);
  proves('clusters.add', 'cluster.update', 'cluster.remove');
});

test('a network of two data centers is told apart by id, and a dry run shows the plan', async () => {
  for (const center of ['east', 'west']) expect((await ostler('data-center', 'create', center)).exitCode).toBe(0);
  for (const center of ['east', 'west'])
    expect((await ostler('network', 'create', 'blue', '--data-center', center, '--vlan.id', '7', '--mtu', '9000')).exitCode).toBe(0);
  const vague = await ostler('network', 'update', 'blue', '--mtu', '1500');
  expect(vague).toMatchObject({ exitCode: 2, err: expect.stringContaining('2 networks are called blue') });
  const [first]: { id: string }[] = await document('network', 'list', '--search', 'name=blue');
  expect(first?.id).toBeDefined();
  expect(await ostler('network', 'remove', first?.id ?? '', '--dry-run')).toMatchObject({
    exitCode: 0,
    out: expect.stringContaining('Nothing has been changed'),
  });
  expect(await document('network', 'list', '--search', 'name=blue')).toHaveLength(2);
});

test('lists are searched, sorted, cut and given other columns', async () => {
  for (const [name, memory] of [
    ['small', '512MiB'],
    ['large', '4GiB'],
    ['middle', '1GiB'],
  ] as const)
    expect((await ostler('vm', 'create', name, '--memory', memory, '--memory-policy.guaranteed', '256MiB')).exitCode).toBe(0);
  const names = async (...more: string[]) => (await document('vm', 'list', ...more)).map(({ name }: { name: string }) => name);
  expect(await names('--sort', 'memory')).toEqual(['small', 'middle', 'large']);
  expect(await names('--sort', 'memory:desc', '--max', '1')).toEqual(['large']);
  expect(
    (await ostler('vm', 'list', '--search', 'name=s*', '--columns', 'name,memory,memory-policy.guaranteed', '--output', 'table')).out,
  ).toBe('NAME   MEMORY   GUARANTEED\nsmall  0.5 GiB  0.25 GiB\n');
  expect((await ostler('vm', 'list', '--search', 'wings=2')).exitCode).toBe(1);
  expect((await document('vm', 'list', '--follow', 'nics'))[0]).toHaveProperty('nics');
});

test('what a VM has is reached through the VM, by names', async () => {
  await ostler('vm', 'create', 'parts');
  await ostler('vm', 'nic', 'add', 'parts', '--network', 'ovirtmgmt');
  expect((await ostler('vm', 'nic', 'update', 'parts', 'nic1', '--name', 'uplink', '--no-linked')).out).toBe(
    'NIC uplink has been changed.\n',
  );
  expect(await document('vm', 'nic', 'show', 'parts', 'uplink')).toMatchObject({ name: 'uplink', linked: false });
  expect((await ostler('vm', 'nic', 'list', 'parts')).out).toMatch(/^uplink .* down /m);
  await ostler('disk', 'create', 'part', '--size', '1MiB', '--wipe-after-delete');
  expect(await document('disk', 'show', 'part')).toMatchObject({ wipe_after_delete: true });
  await ostler('vm', 'disk', 'attach', 'parts', 'part');
  expect((await ostler('vm', 'disk', 'update', 'parts', 'part', '--no-bootable')).exitCode).toBe(0);
  expect(await document('vm', 'disk', 'show', 'parts', 'part')).toMatchObject({ bootable: false });
  expect((await ostler('vm', 'permission', 'list', 'parts')).exitCode).toBe(0);
});

test('a VM that is started is waited for until it is as it was asked to be', async () => {
  await ostler('vm', 'create', 'awaited');
  await ostler('disk', 'create', 'awaited', '--size', '1MiB');
  await ostler('vm', 'disk', 'attach', 'awaited', 'awaited');
  expect((await ostler('vm', 'start', 'awaited', '--wait-for', 'up')).out).toBe('VM awaited is up.\n');
  expect(await ostler('vm', 'reboot', 'awaited', '--wait-for', 'paused', '--timeout', '0.2')).toMatchObject({ exitCode: 6 });
  await ostler('vm', 'stop', 'awaited');
});

test('roles are given and taken', async () => {
  expect((await called(['user', 'add', 'jane', '--password-file', '-'], { input: 'a-good-Password-1\n' })).exitCode).toBe(0);
  await ostler('vm', 'create', 'hers');
  expect(await ostler('vm', 'permission', 'create', 'hers', '--user', 'jane@internal-authz', '--role', 'UserRole')).toMatchObject({
    exitCode: 0,
  });
  const given = (await document('vm', 'permission', 'list', 'hers')).find(
    ({ user }: { user?: { user_name?: string } }) => user?.user_name === 'jane@internal-authz',
  );
  expect(given).toMatchObject({ role: { name: 'UserRole' } });

  await writeFile(served.file('janes'), 'a-good-Password-1\n');
  const jane = { OSTLER_USERNAME: 'jane@internal', OSTLER_PASSWORD_FILE: served.file('janes') };
  expect((await called(['vm', 'list', '--columns', 'name'], { environment: jane })).out).toBe('NAME\nhers\n');
  expect(await called(['vm', 'remove', 'hers'], { environment: jane })).toMatchObject({ exitCode: 5, err: expect.stringMatching(/\w+/) });

  expect((await ostler('vm', 'permission', 'remove', 'hers', given.id)).exitCode).toBe(0);
  expect((await called(['vm', 'list'], { environment: jane })).out).toBe('There are none.\n');
  proves('assigned_permissions.add', 'permission.remove');
});

test('what no flag says comes as a document', async () => {
  await writeFile(served.file('east.json'), JSON.stringify({ description: 'from a file' }));
  expect((await ostler('data-center', 'update', 'east', '--from', served.file('east.json'))).exitCode).toBe(0);
  expect(await document('data-center', 'show', 'east')).toMatchObject({ description: 'from a file' });
  expect((await called(['data-center', 'update', 'east', '--from', '-'], { input: 'no json' })).exitCode).toBe(2);
  expect((await ostler('data-center', 'update', 'east')).exitCode).toBe(2);
});

test('the names of what there is are completed', async () => {
  const offered = async (...words: string[]) => (await ostler('__complete', '--', ...words)).out.split('\n').slice(0, -1);
  expect(await offered('vm', 'start', 'awa')).toEqual(['awaited']);
  expect(await offered('vm', 'nic', 'show', 'parts', '')).toEqual(['uplink']);
  expect(await offered('vm', 'create', 'x', '--cluster', '')).toEqual(['Default']);
  expect(await offered('vm', 'nic', 'update', 'parts', 'uplink', '--interface', 'vir')).toEqual(['virtio']);
  expect(await offered('vm', 'show', 'no-such')).toEqual([]);
});

test.each([
  ['operating-system', 'windows_2022'],
  ['role', 'SuperUser'],
  ['mac-pool', 'Default'],
  ['cluster-level', '4.7'],
  ['domain', 'internal-authz'],
  ['tag', 'root'],
])('%ss are listed and shown', async (noun, name) => {
  expect((await ostler(noun, 'list')).out).toContain(name);
  expect((await ostler(noun, 'show', name)).exitCode).toBe(0);
});
