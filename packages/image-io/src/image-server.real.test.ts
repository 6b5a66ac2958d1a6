import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect as tlsConnect } from 'node:tls';
import { expect, test } from 'vitest';
import { startImageServer } from './image-server-process.ts';
import { ask, eventually, imageServer, MiB, qemuImg, randomBuffer, scratch, selfSigned } from './testing.ts';

function childrenOf(pid: number): string[] {
  return execFileSync('ps', ['--ppid', String(pid), '-o', 'args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('ps '));
}

test('all workers know a ticket, and what they move is summed', async () => {
  using directory = scratch();
  await using server = await imageServer(directory, 'none');
  const path = directory.path('target.raw');
  writeFileSync(path, '');
  await server.control.add({ uuid: 't', size: 16 * MiB, ops: ['write'], timeout: 60, url: `file://${path}` });
  const put = (index: number) =>
    ask({
      port: server.port ?? 0,
      method: 'PUT',
      path: '/images/t',
      body: randomBuffer(MiB),
      headers: { 'Content-Range': `bytes ${index * MiB}-${(index + 1) * MiB - 1}/*` },
    });
  const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => put(index)));
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
  await eventually('all is counted and no connection is left', async () => {
    const { transferred, connections, active } = await server.control.info('t');
    return transferred === 8 * MiB && connections === 0 && !active;
  });
});

test('the limit of eight operations holds over all workers', async () => {
  using directory = scratch();
  await using server = await imageServer(directory, 'none');
  const path = directory.path('target.raw');
  writeFileSync(path, '');
  await server.control.add({ uuid: 't', size: MiB, ops: ['write'], timeout: 60, url: `file://${path}` });
  const open = Array.from({ length: 8 }, () => {
    const outgoing = request({
      port: server.port,
      method: 'PUT',
      path: '/images/t',
      headers: { 'Content-Length': 10 },
      agent: new Agent(),
    });
    outgoing.on('error', () => undefined);
    outgoing.write('abc');
    return outgoing;
  });
  await eventually('eight operations run', async () => (await server.control.info('t')).connections === 8);
  expect((await ask({ port: server.port ?? 0, method: 'PUT', path: '/images/t', body: 'abc' })).status).toBe(403);
  for (const outgoing of open) outgoing.destroy();
  await eventually('they are over', async () => !(await server.control.info('t')).active);
  expect((await ask({ port: server.port ?? 0, method: 'PUT', path: '/images/t', body: 'abc' })).status).toBe(200);
});

test('the control socket answers as ovirt-imageio does', async () => {
  using directory = scratch();
  await using server = await imageServer(directory, 'none');
  const { control } = server;
  const ticket = { uuid: 't', size: 1, ops: ['read'] as const, timeout: 10, url: `file://${directory.path('x')}` };
  await expect(control.info('t')).rejects.toMatchObject({ code: 'not_found' });
  await expect(control.extend('t', 10)).rejects.toMatchObject({ code: 'not_found' });
  await expect(control.add({ ...ticket, size: -1 })).rejects.toMatchObject({ code: 'bad_request' });
  await control.remove('t');
  await control.add(ticket);
  await control.add({ ...ticket, uuid: 'a/b c' });
  const { expires } = await control.info('t');
  await control.extend('t', 1000);
  expect((await control.info('t')).expires).toBeGreaterThan(expires + 900);
  expect((await control.info('a/b c')).uuid).toBe('a/b c');
  await control.removeAll();
  await expect(control.info('t')).rejects.toMatchObject({ code: 'not_found' });
});

test('an image that a ticket names is served by one qemu-nbd for as long as the ticket lives', async () => {
  using directory = scratch();
  await using server = await imageServer(directory, 'none');
  const path = directory.path('a.qcow2');
  qemuImg('create', '-f', 'qcow2', path, '8M');
  const ticket = { uuid: 't', size: 8 * MiB, ops: ['write'] as const, timeout: 60, image: { path, format: 'qcow2' as const } };
  await Promise.all([server.control.add(ticket), server.control.add(ticket)]);
  await server.control.add(ticket);
  const servers = () => childrenOf(server.pid).filter((line) => line.includes('qemu-nbd'));
  expect(servers()).toHaveLength(1);
  for (let index = 0; index < 4; index += 1)
    expect((await ask({ port: server.port ?? 0, method: 'PUT', path: '/images/t', body: 'abc' })).status).toBe(200);
  await server.control.remove('t');
  expect(servers()).toEqual([]);
  expect(readdirSync(directory.path('run'))).toEqual([]);
  await expect(server.control.add({ ...ticket, image: { path: directory.path('none'), format: 'raw' } })).rejects.toThrow('ENOENT');
  await expect(server.control.info('t')).rejects.toMatchObject({ code: 'not_found' });
});

test('when the image server is killed, its workers and qemu-nbd processes go with it', async () => {
  using directory = scratch();
  await using server = await imageServer(directory, 'none');
  const path = directory.path('a.qcow2');
  qemuImg('create', '-f', 'qcow2', path, '8M');
  await server.control.add({ uuid: 't', size: 8 * MiB, ops: ['write'], timeout: 60, image: { path, format: 'qcow2' } });
  const pids = execFileSync('ps', ['--ppid', String(server.pid), '-o', 'pid='], { encoding: 'utf8' })
    .trim()
    .split(/\s+/)
    .map(Number);
  expect(pids.filter(isAlive).length).toBeGreaterThanOrEqual(3);
  process.kill(server.pid, 'SIGKILL');
  await eventually('all are gone', () => !pids.some(isAlive));
});

test('one that was not told yet what to serve ends with whoever started it', async () => {
  using directory = scratch();
  const module = new URL('image-server-process.ts', import.meta.url).href;
  const config = JSON.stringify({ control: directory.path('control.sock'), runDirectory: directory.path('run') });
  const program = `
    import { writeSync } from 'node:fs';
    import { startImageServer } from ${JSON.stringify(module)};
    const launched = async (pid) => { writeSync(1, String(pid)); process.kill(process.pid, 'SIGKILL'); };
    await startImageServer(${config}, { launched });
  `;
  const starter = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
  expect(starter.signal).toBe('SIGKILL');
  await eventually('it is gone', () => !isAlive(Number(starter.stdout)));
  expect(existsSync(directory.path('control.sock'))).toBe(false);
});

test('it works as user and group 36, as storage is owned', async () => {
  using directory = scratch();
  const path = directory.path('target.raw');
  writeFileSync(path, '');
  execFileSync('chown', ['36:36', path]);
  mkdirSync(directory.path('own'));
  execFileSync('chown', ['36:36', directory.path('own'), directory.path('.')]);
  const config = {
    control: directory.path('own/control'),
    runDirectory: directory.path('own/run'),
    listen: { host: '127.0.0.1', port: 0, tls: 'none' as const },
    workers: 1,
  };
  const server = await startImageServer(config, { uid: 36, gid: 36 });
  try {
    await server.control.add({ uuid: 't', size: MiB, ops: ['write'], timeout: 60, url: `file://${path}` });
    expect((await ask({ port: server.port ?? 0, method: 'PUT', path: '/images/t', body: 'abc' })).status).toBe(200);
  } finally {
    await server.stop();
  }
});

test('a renewed certificate is used for new connections', async () => {
  using directory = scratch();
  const first = selfSigned(directory);
  await using server = await imageServer(directory, first);
  const seen = () =>
    new Promise<string>((resolve, reject) => {
      const socket = tlsConnect({ host: '127.0.0.1', port: server.port ?? 0, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      });
      socket.on('error', reject);
    });
  const before = await seen();
  expect(await seen()).toBe(before);
  await server.control.setTls(selfSigned(directory));
  await eventually('all workers show the new one', async () => {
    const now = await Promise.all([seen(), seen(), seen(), seen()]);
    return now.every((fingerprint) => fingerprint !== before);
  });
});

test('it does not start with a configuration that says too little', async () => {
  using directory = scratch();
  await expect(imageServer(directory, 'none', { control: '' })).rejects.toThrow('control');
  expect(existsSync(directory.path('control.sock'))).toBe(false);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
