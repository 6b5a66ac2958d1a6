import { spawn, type ChildProcess } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { World } from '@ostler/manager/testing/world.test-support';
import { createAuthority } from '@ostler/pki/authority';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { calledProgram, type Ended } from './called-program.test-support.ts';
import { servedWorld, type ServedWorld } from './served-world.test-support.ts';

/** The command line client as a program, against a manager behind a real gateway; hosts are simulated. */

const program = resolve(import.meta.dirname, '../../apps/cli/src/main.ts');
let served: ServedWorld;
let world: World;
let address: string;
let directory: string;
let file: (name: string) => string;

beforeAll(async () => {
  served = await servedWorld();
  ({ world, address, directory, file } = served);
});
afterAll(() => served.stop());

/** As a process: for what only processes have. */
function begin(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  input = '',
): { child: ChildProcess; ended: Promise<Ended> } {
  const env = { PATH: process.env['PATH'], HOME: directory, OSTLER_STATE_DIR: file('none'), ...environment };
  const child = spawn(process.execPath, [program, ...args], { env, stdio: 'pipe', cwd: directory });
  const text = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text.err += chunk.toString()));
  child.stdin.end(input);
  return { child, ended: once(child, 'close').then(([exitCode]) => ({ exitCode, ...text })) };
}
const called = (args: readonly string[], environment: Readonly<Record<string, string>> = {}, input = ''): Promise<Ended> =>
  calledProgram(args, { home: directory, environment: { OSTLER_STATE_DIR: file('none'), ...environment }, input });
const ostler = (...args: string[]): Promise<Ended> => called(args);
const document = async (...args: string[]) => JSON.parse((await ostler(...args, '--output', 'json')).out);

const login = (...more: string[]) => ostler('login', address, '--password-file', file('password'), ...more);
const fingerprint = () => new X509Certificate(world.authority.cert).fingerprint256;

test('an authority that nobody vouches for is told with its fingerprint, and no password is sent', async () => {
  const refused = await login();
  expect(refused).toMatchObject({ exitCode: 3, out: '' });
  expect(refused.err).toContain(fingerprint());
  expect((await ostler('vm', 'list')).exitCode).toBe(3);
});

test('an authority with another fingerprint, or another file, is not logged in to', async () => {
  expect(await login('--ca-fingerprint', '00'.repeat(32))).toMatchObject({
    exitCode: 3,
    err: expect.stringContaining('another fingerprint'),
  });
  expect((await login('--ca-fingerprint', 'abc')).exitCode).toBe(2);
  await writeFile(file('other.pem'), (await createAuthority('Somebody else', new Date())).cert);
  expect(await login('--ca-file', file('other.pem'))).toMatchObject({ exitCode: 3, err: expect.stringContaining('cannot be verified') });
  expect((await login('--ca-file', file('password'))).err).toContain('no certificate in PEM format');
});

test('a wrong password is refused in the words of the API', async () => {
  await writeFile(file('wrong'), 'wrong');
  const refused = await ostler(
    'login',
    address,
    '--ca-file',
    file('ca.pem'),
    '--username',
    'nobody@internal',
    '--password-file',
    file('wrong'),
  );
  expect(refused).toMatchObject({ exitCode: 3, err: expect.stringContaining('the user name or the password is wrong') });
});

test('a login lasts until logout, and its token ends with it', async () => {
  expect(await login('--ca-fingerprint', fingerprint().toLowerCase().replaceAll(':', ''))).toMatchObject({
    exitCode: 0,
    out: expect.stringContaining('admin@internal'),
  });
  const session = file('.config/ostler/session.json');
  expect((await stat(session)).mode & 0o777).toBe(0o600);
  expect(await document('whoami')).toMatchObject({ username: 'admin@internal' });

  const kept = await readFile(session, 'utf8');
  expect((await ostler('logout')).exitCode).toBe(0);
  expect((await ostler('whoami')).exitCode).toBe(3);
  await writeFile(session, kept, { mode: 0o600 });
  expect(await ostler('vm', 'list')).toMatchObject({ exitCode: 3, err: expect.stringContaining('ostler login') });
  expect((await login('--ca-file', file('ca.pem'))).exitCode).toBe(0);
});

const sessions = async () => (await world.database.pool.query('select count(*) from sessions')).rows[0].count;

test('programs log in by their environment, and leave no session behind', async () => {
  const before = await sessions();
  const environment = {
    OSTLER_URL: address,
    OSTLER_PASSWORD_FILE: file('password'),
    OSTLER_CA_FILE: file('ca.pem'),
    XDG_CONFIG_HOME: file('empty'),
  };
  const listed = await called(['host', 'list', '-o', 'json'], environment);
  expect(JSON.parse(listed.out)).toMatchObject([{ name: 'host1', status: 'up' }]);
  expect(await sessions()).toBe(before);
});

test('the instance of this machine needs nothing to be said', async () => {
  await writeFile(
    file('instance.json'),
    JSON.stringify({
      api_url: `${address}/ovirt-engine/api`,
      ca_file: file('ca.pem'),
      username: 'admin@internal',
      password_file: file('password'),
    }),
  );
  const environment = { OSTLER_STATE_DIR: directory, XDG_CONFIG_HOME: file('local') };
  expect((await called(['host', 'list'], environment)).out).toContain('host1');
  await expect(stat(file('local'))).rejects.toThrow('ENOENT');
  expect((await called(['login'], environment)).exitCode).toBe(0);
  expect((await stat(file('local/ostler/session.json'))).isFile()).toBe(true);
});

test('a VM is made, started, stopped and removed, each time to the end', async () => {
  expect((await ostler('disk', 'create', 'root', '--size', '1GiB')).exitCode).toBe(0);
  expect((await document('disk', 'show', 'root')).status).toBe('ok');
  expect(
    (await ostler('vm', 'create', 'web', '--memory', '512MiB', '--cpus', '2', '--disk', 'root', '--network', 'ovirtmgmt')).exitCode,
  ).toBe(0);
  expect(await document('vm', 'show', 'web')).toMatchObject({
    memory: 512 * 1024 ** 2,
    cpu: { topology: { sockets: 2 } },
    disk_attachments: [{ bootable: true, disk: { alias: 'root' } }],
    nics: [{ name: 'nic1' }],
  });
  expect(await ostler('vm', 'start', 'web')).toMatchObject({ exitCode: 0, err: expect.stringContaining('Starting VM web') });
  expect(['up', 'powering_up']).toContain((await document('vm', 'show', 'web')).status);
  expect((await ostler('vm', 'list')).out).toMatch(/^NAME +STATUS +HOST +CLUSTER[^\n]*\nweb +(up|powering up) +host1 +Default/);

  const again = await ostler('vm', 'start', 'web');
  expect(again).toMatchObject({ exitCode: 1, out: '' });
  expect(again.err).toMatch(/Cannot start VM web: it is (up|powering up)/);

  expect((await ostler('vm', 'stop', 'web')).out).toBe('VM web is down.\n');
  expect((await ostler('vm', 'remove', 'web')).exitCode).toBe(0);
  expect(await ostler('vm', 'show', 'web')).toMatchObject({ exitCode: 4, err: expect.stringContaining('no VM web') });
  expect((await ostler('disk', 'show', 'root')).exitCode).toBe(4);
});

test('a dry run shows the plan or what speaks against it, and changes nothing', async () => {
  const made = await ostler('disk', 'create', 'planned', '--size', '1GiB', '--dry-run');
  expect(made).toMatchObject({ exitCode: 0, out: expect.stringMatching(/Adding disk planned\n.*Steps:\n.*Nothing has been changed/s) });
  expect((await ostler('disk', 'show', 'planned')).exitCode).toBe(4);

  await ostler('vm', 'create', 'idle');
  const refused = await ostler('vm', 'shutdown', 'idle', '--dry-run', '-o', 'json');
  expect(refused.exitCode).toBe(1);
  expect(JSON.parse(refused.out)).toMatchObject({ allowed: false, reasons: [{ code: 'vm_wrong_status' }] });
  expect((await ostler('vm', 'remove', 'idle', '--dry-run')).exitCode).toBe(0);
  expect((await document('vm', 'show', 'idle')).status).toBe('down');
});

test('disks and NICs come and go', async () => {
  await ostler('vm', 'create', 'parts');
  await ostler('disk', 'create', 'extra', '--size', '64MiB', '--format', 'qcow2');
  expect((await ostler('vm', 'disk', 'attach', 'parts', 'extra')).exitCode).toBe(0);
  expect(await document('vm', 'disk', 'list', 'parts')).toMatchObject([{ bootable: true, disk: { alias: 'extra', format: 'cow' } }]);
  expect((await ostler('vm', 'disk', 'detach', 'parts', 'extra')).exitCode).toBe(0);
  expect((await document('disk', 'show', 'extra')).status).toBe('ok');
  expect((await ostler('vm', 'nic', 'add', 'parts', '--network', 'ovirtmgmt')).out).toContain('nic1');
  expect((await ostler('vm', 'nic', 'list', 'parts')).out).toMatch(/nic1 +([0-9a-f]{2}:){5}[0-9a-f]{2} +ovirtmgmt/);
  expect((await ostler('vm', 'nic', 'remove', 'parts', 'nic1')).exitCode).toBe(0);
  expect(await document('vm', 'nic', 'list', 'parts')).toEqual([]);
  expect((await ostler('vm', 'update', 'parts', '--memory', '2GiB')).exitCode).toBe(0);
  expect((await document('vm', 'show', 'parts')).memory).toBe(2 * 1024 ** 3);
});

test('two disks of one name are told apart by their ids', async () => {
  for (const _ of [1, 2]) await ostler('disk', 'create', 'twin', '--size', '1MiB');
  const twins: { id: string }[] = (await document('disk', 'list', '--search', 'alias=twin')) as never;
  const vague = await ostler('disk', 'show', 'twin');
  expect(vague.exitCode).toBe(2);
  for (const { id } of twins) {
    expect(vague.err).toContain(id);
    expect((await ostler('disk', 'remove', id)).exitCode).toBe(0);
  }
});

test('a job that fails is told with its reason', async () => {
  world.hosts[0].faults.add('createVolume', { kind: 'refused', code: 'no_space', message: 'The storage is full to the brim' }, 1);
  const failed = await ostler('disk', 'create', 'unlucky', '--size', '1MiB');
  expect(failed).toMatchObject({ exitCode: 1, out: '', err: expect.stringMatching(/Adding disk unlucky failed: .*full to the brim/) });
  expect((await ostler('disk', 'show', 'unlucky')).exitCode).toBe(4);
});

test('what happened can be read, and is told as it happens', async () => {
  expect((await ostler('event', 'list')).out).toContain('was created by admin');
  const { child, ended } = begin(['event', 'list', '--follow', '--max', '1']);
  const first = new Promise((done) => child.stdout?.once('data', done));
  await first;
  const heard = new Promise<string>((done) =>
    child.stdout?.on('data', (chunk: Buffer) => chunk.includes('followed') && done(chunk.toString())),
  );
  await ostler('vm', 'create', 'followed');
  expect(await heard).toContain('VM followed was created');
  child.kill('SIGINT');
  expect((await ended).exitCode).toBe(130);
});

test('jobs are listed, and shown with their steps by the first digits of their id', async () => {
  const [job]: { id: string }[] = (await document('job', 'list', '--search', 'status=finished')) as never;
  expect(await document('job', 'show', job?.id.slice(0, 8) ?? '')).toMatchObject({ id: job?.id, status: 'finished' });
  expect((await ostler('job', 'show', '00000000')).exitCode).toBe(4);
  expect((await ostler('job', 'show', 'x')).exitCode).toBe(2);
  expect(await ostler('job', 'cancel', job?.id ?? '')).toMatchObject({ exitCode: 1, err: expect.stringContaining('has ended') });
});

test('users are added, with a password that never was an argument', async () => {
  const added = await called(['user', 'add', 'jane', '--password-file', '-', '--last-name', 'Doe'], {}, 'a-good-Password-1\n');
  expect(added).toMatchObject({ exitCode: 0, err: '' });
  expect((await ostler('user', 'list')).out).toMatch(/jane@internal-authz +\S+ +Doe/);
  expect((await ostler('permission', 'list')).out).toContain('SuperUser');
});

test('a token enrolls a host, and is all that standard output holds', async () => {
  const { out, err } = await ostler('host', 'token', 'host2');
  expect(out).toMatch(/^[\w-]{43}\n$/);
  expect(err).toContain('Good for one host');
});

test('a host goes into maintenance and comes back', async () => {
  expect((await ostler('host', 'maintenance', 'host1')).out).toBe('Host host1 is in maintenance.\n');
  expect((await ostler('host', 'activate', 'host1')).out).toBe('Host host1 is up.\n');
});

test.each([
  ['storage-domain', 'data'],
  ['network', 'ovirtmgmt'],
  ['vnic-profile', 'ovirtmgmt'],
  ['cluster', 'Default'],
  ['data-center', 'Default'],
  ['template', 'Blank'],
])('%ss are listed', async (noun, name) => {
  expect((await ostler(noun, 'list')).out).toContain(name);
  expect((await ostler(noun, 'list', '-o', 'yaml')).out).toContain(`name: ${name}`);
});

test('a reader that has read enough is no failure', async () => {
  const { child, ended } = begin(['vm', 'list', '-o', 'json']);
  child.stdout?.destroy();
  expect(await ended).toMatchObject({ exitCode: 0, err: '' });
});

test('a manager that is away is told as such', async () => {
  const environment = { OSTLER_URL: 'https://127.0.0.1:1', OSTLER_PASSWORD_FILE: file('password'), OSTLER_CA_FILE: file('ca.pem') };
  expect(await begin(['vm', 'list'], environment).ended).toMatchObject({
    exitCode: 3,
    err: expect.stringContaining('127.0.0.1:1 cannot be reached'),
  });
});
