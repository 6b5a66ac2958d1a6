import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { proves } from '@ostler/contract/coverage';
import { adminLogin } from '@ostler/manager/testing/manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { servedWorld, type ServedWorld } from './served-world.test-support.ts';

/** Programs of Debian's that were written for RHV, as they come, against a manager behind its gateway; hosts are simulated. */

let served: ServedWorld;
beforeAll(async () => {
  served = await servedWorld();
});
afterAll(() => served.stop());

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program with what it is told on standard input, where passwords belong. */
async function run(program: string, args: readonly string[], input: string): Promise<Ended> {
  const child = spawn(program, args, { stdio: 'pipe', timeout: 60_000, env: { PATH: process.env['PATH'], HOME: served.directory } });
  const text = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text.err += chunk.toString()));
  child.stdin.end(input);
  const [status] = await once(child, 'close');
  return { status, ...text };
}

/** A VM that can start: it has a disk. */
async function madeVm(name: string): Promise<string> {
  const { world } = served;
  const wish = { name, cluster: { name: 'Default' }, template: { name: 'Blank' } };
  const id: string = (await world.did('POST', 'vms', wish)).body.id;
  const disk = { name, format: 'raw', provisioned_size: 1024 ** 2, storage_domains: { storage_domain: [{ name: 'data' }] } };
  await world.did('POST', `vms/${id}/diskattachments`, { interface: 'virtio', bootable: true, active: true, disk });
  return id;
}

/** As pacemaker runs it: everything on standard input, a line each. */
const fence = (action: string, plug: string | undefined, more: readonly string[] = []) =>
  run(
    '/usr/sbin/fence_rhevm',
    [],
    [
      `action=${action}`,
      'ip=127.0.0.1',
      `ipport=${served.port}`,
      `username=${adminLogin.name}`,
      `password=${adminLogin.password}`,
      'ssl_insecure=1',
      ...(plug === undefined ? [] : [`plug=${plug}`]),
      ...more,
      '',
    ].join('\n'),
  );

test('fence_rhevm turns a VM on, off, and on again', async () => {
  const id = await madeVm('fenced');
  expect(await fence('status', 'fenced')).toMatchObject({ status: 2, out: expect.stringContaining('Status: OFF') });
  expect(await fence('on', 'fenced')).toMatchObject({ status: 0 });
  expect(await served.world.vmStatus(id)).not.toBe('down');
  expect(await fence('status', 'fenced')).toMatchObject({ status: 0, out: expect.stringContaining('Status: ON') });
  expect(await fence('reboot', 'fenced')).toMatchObject({ status: 0 });
  expect(await fence('off', 'fenced')).toMatchObject({ status: 0 });
  expect(await served.world.vmStatus(id)).toBe('down');
  proves('vms.list', 'vm.start', 'vm.stop');
});

test.each([
  ['in a session that it keeps', 'use_cookies=1'],
  ['seeing all that an administrator sees', 'disable_http_filter=1'],
])('fence_rhevm turns a VM on and off %s', async (_how, option) => {
  const id = await madeVm(option.replace('=', '-'));
  expect(await fence('on', option.replace('=', '-'), [option])).toMatchObject({ status: 0 });
  expect(await fence('off', option.replace('=', '-'), [option])).toMatchObject({ status: 0 });
  expect(await served.world.vmStatus(id)).toBe('down');
});

test('fence_rhevm lists VMs by name, and tells of one that is not there', async () => {
  const id = await madeVm('a-plug');
  const { out } = await fence('list', undefined);
  expect(out).toMatch(/^a-plug,/m);
  expect((await fence('status', 'no-such-vm')).status).not.toBe(0);
  await served.world.did('DELETE', `vms/${id}`);
});

test('libgovirt lists, starts, gets the display and the ticket of a VM, and stops it', async () => {
  const id = await madeVm('viewed');
  const ended = await run(
    '/usr/bin/python3',
    [resolve(import.meta.dirname, '../foreign/govirt.py'), new URL(served.address).host, served.file('ca.pem'), 'viewed'],
    JSON.stringify(adminLogin),
  );
  expect(ended).toMatchObject({ status: 0 });
  const told = JSON.parse(ended.out);
  expect(told).toMatchObject({
    hosts: ['host1'],
    clusters: ['Default'],
    'data centers': ['Default'],
    'storage domains': ['data'],
    found: ['viewed'],
    vm: { name: 'viewed', guid: id, state: 'down' },
    started: { 'host-id': served.world.hosts[0].hostId },
    display: { type: 'vnc', ticket: expect.stringMatching(/^[\w-]{8}$/), expiry: 7200 },
    cdroms: ['cdrom0'],
  });
  expect(told.vms).toContain('viewed');
  expect(told.started.state).not.toBe('down');
  proves('vm.get', 'vm.ticket', 'hosts.list', 'clusters.list', 'data_centers.list', 'storage_domains.list', 'vm_cdroms.list');
  await served.world.until(
    () => served.world.vmStatus(id),
    (status) => status === 'down',
  );
});
