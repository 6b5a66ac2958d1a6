import { chmod, mkdtemp, rm, stat, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cli } from '../cli.ts';
import { apiUrlOf } from './address.ts';
import { connect } from './connection.ts';
import { readSession, removeSession, sessionPath, writeSession } from './file.ts';
import { localInstance } from './instance.ts';
import { askPassword, passwordFrom } from './secrets.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'ostler-cli-session-'));
});
afterAll(() => rm(home, { recursive: true }));

test.each([
  ['manager.example', 'https://manager.example/ovirt-engine/api'],
  ['manager.example:8443', 'https://manager.example:8443/ovirt-engine/api'],
  ['https://manager.example/', 'https://manager.example/ovirt-engine/api'],
  ['https://manager.example/ovirt-engine', 'https://manager.example/ovirt-engine/api'],
  ['https://manager.example/ovirt-engine/api/v4', 'https://manager.example/ovirt-engine/api'],
  ['[::1]:8443', 'https://[::1]:8443/ovirt-engine/api'],
])('%s is meant as %s', (typed, url) => {
  expect(apiUrlOf(typed)).toBe(url);
});

test.each(['', 'http://manager.example', 'ftp://x', 'https://a:b@x', 'https://'])('%j is no address to log in to', (typed) => {
  expect(() => apiUrlOf(typed)).toThrow(expect.objectContaining({ exitCode: 2 }));
});

test('a session is kept for its owner alone, even where the folder was open before', async () => {
  const place = { home, environment: {} };
  await mkdir(join(home, '.config/ostler'), { recursive: true });
  await chmod(join(home, '.config/ostler'), 0o755);
  await writeSession(place, { url: 'https://m/ovirt-engine/api', username: 'jane@internal', token: 't', ca: 'PEM' });
  expect((await stat(sessionPath(place))).mode & 0o777).toBe(0o600);
  expect((await stat(join(home, '.config/ostler'))).mode & 0o777).toBe(0o700);
  expect(await readSession(place)).toEqual({ url: 'https://m/ovirt-engine/api', username: 'jane@internal', token: 't', ca: 'PEM' });
  await removeSession(place);
  await removeSession(place);
  expect(await readSession(place)).toBeUndefined();
});

test('a session file that makes no sense is none', async () => {
  const place = { home, environment: { XDG_CONFIG_HOME: join(home, 'xdg') } };
  await mkdir(join(home, 'xdg/ostler'), { recursive: true });
  for (const text of ['', 'null', '{"url":1}', '[]']) {
    await writeFile(sessionPath(place), text);
    expect(await readSession(place)).toBeUndefined();
  }
});

test('the instance of this machine is found by its state directory', async () => {
  await writeFile(
    join(home, 'instance.json'),
    JSON.stringify({ api_url: 'https://m:1/ovirt-engine/api', ca_file: '/ca', username: 'admin@internal', password_file: '/p' }),
  );
  expect(await localInstance({ environment: { OSTLER_STATE_DIR: home } })).toEqual({
    apiUrl: 'https://m:1/ovirt-engine/api',
    caFile: '/ca',
    username: 'admin@internal',
    passwordFile: '/p',
  });
  await expect(localInstance({ environment: { OSTLER_STATE_DIR: join(home, 'none') } })).rejects.toThrow('No Ostler was found');
});

function cliWith(input: Readable, terminal = false): { cli: Cli; shown: () => string } {
  let shown = '';
  const err = new PassThrough().on('data', (chunk: Buffer) => (shown += chunk.toString()));
  const cli: Cli = {
    in: Object.assign(input, { isTTY: terminal, setRawMode: () => undefined }),
    out: new PassThrough(),
    err: Object.assign(err, { isTTY: terminal }),
    environment: {},
    home,
    now: () => 0,
    signal: new AbortController().signal,
  };
  return { cli, shown: () => shown };
}

test('a password is the first line of its file, or of standard input', async () => {
  const path = join(home, 'password');
  await writeFile(path, 'pass word \nmore\n');
  const { cli } = cliWith(Readable.from([Buffer.from('from '), Buffer.from('input\r\n')]));
  expect(await passwordFrom(cli, path)).toBe('pass word ');
  expect(await passwordFrom(cli, '-')).toBe('from input');
  await writeFile(path, '\n');
  await expect(passwordFrom(cli, path)).rejects.toThrow('holds no password');
  await expect(passwordFrom(cli, join(home, 'none'))).rejects.toThrow('ENOENT');
});

test('a typed password is not shown, and can be corrected', async () => {
  const typing = new PassThrough();
  const { cli, shown } = cliWith(typing, true);
  const password = askPassword(cli, 'Password: ');
  typing.write('wrong\u0015s\u00e9x\u007f\u007f\u007fse');
  typing.write('cret\r');
  expect(await password).toBe('secret');
  expect(shown()).toBe('Password: \n');
});

test('Ctrl-C at the question ends it', async () => {
  const typing = new PassThrough();
  const { cli } = cliWith(typing, true);
  const password = askPassword(cli, 'Password: ');
  typing.write('sec\u0003');
  await expect(password).rejects.toThrow(expect.objectContaining({ exitCode: 130 }));
});

test('where nobody can be asked, it says what to give instead', async () => {
  await expect(askPassword(cliWith(new PassThrough()).cli, 'Password: ')).rejects.toThrow('--password-file');
});

test('without a session, and without an instance on this machine, a login is what is missing', async () => {
  const place = {
    ...cliWith(new PassThrough()).cli,
    home: join(home, 'nobody'),
    environment: { OSTLER_STATE_DIR: join(home, 'no-instance') },
  };
  await expect(connect(place)).rejects.toMatchObject({ exitCode: 3, message: expect.stringContaining('ostler login') });
});
