import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { issue } from '@ostler/pki/authority';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { output } from './command.ts';
import { gatewayNames } from './instance/settings.ts';
import { inRoot } from './root.ts';
import { bash, testInstance, tourIn, type TestInstance } from './test/instance.test-support.ts';

const patience = { timeout: 60_000, interval: 200 };
let ostler: TestInstance;
let directory: string;
beforeAll(async () => {
  ostler = await testInstance();
  directory = await mkdtemp(join(tmpdir(), 'ostler-tour-'));
  const { status, stdout, stderr } = await ostler.up();
  if (status !== 0) throw new Error(`${stdout}\n${stderr}`);
}, 300_000);
afterAll(async () => {
  await ostler.remove();
  await rm(directory, { recursive: true });
});

test('a first start ends with a host that is up and a data domain that is active', async () => {
  const api = await ostler.api();
  expect((await api.hosts.list({})).map(({ status }) => status)).toEqual(['up']);
  const [center] = await api.datacenters.list({});
  const [domain] = await api.datacenters(center?.id ?? '').storagedomains.list({});
  expect(domain).toMatchObject({ name: 'data', status: 'active' });
  expect(await stat(ostler.paths.dataDomain)).toMatchObject({ uid: 36, gid: 36 });
});

test('a second start finds everything as it should be', async () => {
  const { status, stdout } = await ostler.up();
  expect(status).toBe(0);
  expect(stdout).toMatch(/already running.*already enrolled.*Data domain: already there/s);
});

test('status tells programs where everything is, and nobody else may read it', async () => {
  const document = await ostler.status();
  expect(document).toMatchObject({ running: true, api_url: `${document.url}/ovirt-engine/api`, username: 'admin@internal', state_dir: ostler.paths.state });
  expect(document.processes.map(({ name, health }) => `${name} ${health}`).toSorted()).toEqual([
    'agent ok',
    'api ok',
    'controller ok',
    'gateway ok',
    'libvirtd ok',
    'postgresql ok',
  ]);
  expect((await stat(ostler.paths.instance)).mode & 0o777).toBe(0o600);
});

test('an instance that runs is not changed silently, and its port is not shared', async () => {
  expect(await ostler.up('--host-name', 'other.example')).toMatchObject({ status: 1, stderr: expect.stringMatching(/other\.example.*ostler down|stopped first for host name other\.example/) });
  const rival = await testInstance();
  try {
    expect(await rival.up('--port', String(ostler.port))).toMatchObject({ status: 1, stderr: expect.stringContaining('--port') });
  } finally {
    await rival.remove();
  }
});

test('a gateway that is told of another certificate shows it, and is the same process', async () => {
  const { pki } = ostler.paths;
  const shown = async () => {
    const socket = connect({ port: ostler.port, host: '127.0.0.1', servername: 'localhost', ca: await readFile(pki.caCert) });
    await once(socket, 'secureConnect');
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  };
  const before = await shown();
  const authority = { cert: await readFile(pki.caCert, 'utf8'), key: await readFile(pki.caKey, 'utf8') };
  const next = await issue(authority, { commonName: 'localhost', role: 'gateway', names: gatewayNames('localhost') }, new Date());
  await writeFile(pki.gatewayKey, next.key);
  await writeFile(pki.gatewayCert, next.cert);
  const { processes } = await ostler.status();
  for (const { name, pid } of processes) if (['gateway', 'api', 'controller'].includes(name) && pid !== null) process.kill(pid, 'SIGHUP');
  await vi.waitFor(async () => expect(await shown()).not.toBe(before), patience);
  expect((await (await ostler.api()).hosts.list({}))[0]?.status).toBe('up');
  expect((await ostler.status()).processes.map(({ pid }) => pid)).toEqual(processes.map(({ pid }) => pid));
});

test('whatever is killed comes back, and the API answers again', async () => {
  const before = await ostler.status();
  for (const { pid } of before.processes) if (pid !== null) process.kill(pid, 'SIGKILL');
  await vi.waitFor(async () => {
    const after = await ostler.status();
    expect(after.processes.map(({ health }) => health)).toEqual(before.processes.map(() => 'ok'));
    for (const { name, pid } of before.processes) expect(after.processes.find((one) => one.name === name)?.pid).not.toBe(pid);
    const [host] = await (await ostler.api()).hosts.list({});
    expect(host?.status).toBe('up');
  }, patience);
}, 90_000);

test('the script works through a symbolic link and from any directory', async () => {
  const link = join(directory, 'link');
  await symlink(inRoot('ostler'), link);
  expect(await output(link, ['status', '--state-dir', ostler.paths.state], { cwd: '/' })).toContain('Ostler serves at');
});

test.each(['json', 'xml', 'cli'])('the tour works as the README has it, by %s, and leaves nothing behind', async (name) => {
  const image = join(directory, 'guest.qcow2');
  await rm(image, { force: true });
  await output(inRoot('ostler'), ['lab', 'guest', image], { deadline: 120_000 });
  await bash(tourIn(await readFile(inRoot('README.md'), 'utf8'), name), directory, ostler.paths.state);
  const api = await ostler.api();
  await vi.waitFor(async () => {
    expect(await api.vms.list({})).toEqual([]);
    expect(await api.disks.list({})).toEqual([]);
  }, patience);
  expect((await ostler.virsh('list', '--all')).trim()).toBe('');
  const [domain] = (await readdir(ostler.paths.dataDomain)).filter((one) => one.length === 36);
  expect(await readdir(join(ostler.paths.dataDomain, domain ?? '', 'images'))).toEqual([]);
}, 300_000);

test('an upload whose client is killed is taken up by the same command, verified, and is what was sent', async () => {
  const image = join(directory, 'broken-off.raw');
  await writeFile(image, randomBytes(192 * 1024 ** 2));
  const args = ['disk', 'upload', image, '--resume', '--connections', '1', '--verify'];
  const env = { ...process.env, OSTLER_STATE_DIR: ostler.paths.state, HOME: directory };
  const client = spawn(inRoot('ostler'), args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  client.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (/Uploading: [1-9]/.test(said)) client.kill('SIGKILL');
  });
  await once(client, 'close');
  const api = await ostler.api();
  const [begun, ...others] = (await api.imagetransfers.list({})).filter(({ phase }) => phase === 'transferring');
  expect({ begun, said }).toMatchObject({ begun: { direction: 'upload' } });
  expect(others).toEqual([]);
  await output(inRoot('ostler'), args, { env, deadline: 120_000 });
  const [disk] = await api.disks.list({ search: 'alias=broken-off' });
  expect(disk).toMatchObject({ id: begun?.disk?.id, status: 'ok' });
  const copy = join(directory, 'copy.raw');
  await output(inRoot('ostler'), ['disk', 'download', 'broken-off', copy, '--verify'], { env, deadline: 120_000 });
  await output('cmp', [image, copy]);
  await output(inRoot('ostler'), ['disk', 'remove', 'broken-off'], { env });
  await Promise.all([rm(image), rm(copy)]);
}, 180_000);

test('a second instance beside the first disturbs it in nothing', async () => {
  const before = await ostler.status();
  const other = await testInstance();
  try {
    expect(await other.up()).toMatchObject({ status: 0 });
    expect((await (await other.api()).hosts.list({}))[0]?.status).toBe('up');
  } finally {
    await other.remove();
  }
  expect((await ostler.status()).processes.map(({ pid }) => pid)).toEqual(before.processes.map(({ pid }) => pid));
}, 180_000);
