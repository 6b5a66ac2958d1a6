import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answersTo } from '@ostler/pki/authority';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeIdentity } from './identity.ts';
import { pathsIn, type Paths } from './paths.ts';

let paths: Paths;
beforeEach(async () => {
  paths = pathsIn(await mkdtemp(join(tmpdir(), 'ostler-identity-')));
  await mkdir(join(paths.state, 'pki'));
});
afterEach(() => rm(paths.state, { recursive: true }));

const today = new Date('2030-01-01T00:00:00Z');
const days = (count: number) => new Date(today.getTime() + count * 86_400_000);
const contents = async () => Object.fromEntries(await Promise.all(Object.entries(paths.pki).map(async ([name, path]) => [name, await readFile(path, 'hex')] as const)));

test('what was made once stays as it is, and nobody else may read it', async () => {
  await makeIdentity(paths, ['a.example'], today);
  const [before, password] = [await contents(), await readFile(paths.adminPassword, 'utf8')];
  expect(await makeIdentity(paths, ['a.example'], days(30))).toBe('already there');
  expect(await contents()).toEqual(before);
  expect(await readFile(paths.adminPassword, 'utf8')).toBe(password);
  for (const path of [paths.pki.caKey, paths.pki.gatewayKey, paths.pki.managerKey, paths.pki.ticketKey, paths.pki.secretsKey, paths.adminPassword])
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(paths.pki.secretsKey)).toHaveLength(32);
});

test('certificates are made anew at two thirds of their life, the authority is not', async () => {
  await makeIdentity(paths, ['a.example'], today);
  const before = await contents();
  expect(await makeIdentity(paths, ['a.example'], days(270))).toBe('made certificate of the gateway, certificate of the manager');
  const after = await contents();
  expect(after['caCert']).toBe(before['caCert']);
  expect(after['secretsKey']).toBe(before['secretsKey']);
  expect(after['gatewayCert']).not.toBe(before['gatewayCert']);
});

test('a new name of the machine gets a new certificate of the gateway alone', async () => {
  await makeIdentity(paths, ['a.example'], today);
  expect(await makeIdentity(paths, ['b.example', '192.0.2.7'], days(1))).toBe('made certificate of the gateway');
  expect(answersTo(await readFile(paths.pki.gatewayCert, 'utf8'), ['b.example', '192.0.2.7'])).toBe(true);
});
