import { mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, issue, issueForRequest, type Identity } from '@ostler/pki/authority';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openCertificate } from './certificate.ts';

const today = new Date('2030-01-01T00:00:00Z');
const days = (count: number) => new Date(today.getTime() + count * 86_400_000);
const host = { commonName: 'host-1', role: 'host', names: ['host-1'] } as const;
let authority: Identity;
let directory: string;
let first: Identity;
beforeAll(async () => {
  authority = await createAuthority('Test authority', today);
  first = await issue(authority, host, today);
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ostler-certificate-'));
  await writeFile(pki().caCert, authority.cert);
  await writeFile(pki().cert, first.cert);
  await writeFile(pki().key, first.key);
});
afterEach(() => rm(directory, { recursive: true }));

const pki = () => ({ caCert: join(directory, 'ca.pem'), cert: join(directory, 'host.pem'), key: join(directory, 'host.key') });
const opened = async (now = days(270)) => {
  const certificate = await openCertificate(pki(), () => now.getTime());
  const context = { mandate: { epoch: 1, operation: 'x' }, signal: new AbortController().signal };
  return {
    ...certificate,
    request: async () => (await certificate.calls.requestCertificate({}, context)).request,
    install: (text: string) => certificate.calls.installCertificate({ certificate: text }, context),
  };
};

test('a certificate for another key, host, authority or time is refused, and the one before stays in use', async () => {
  const agent = await opened();
  const request = await agent.request();
  const stranger = await createAuthority('Somebody else', today);
  for (const wrong of [
    (await issue(authority, host, days(270))).cert,
    await issueForRequest(authority, request, { ...host, commonName: 'host-2' }, days(270)),
    await issueForRequest(stranger, request, host, days(270)),
    await issueForRequest(authority, request, host, days(-500)),
    await issueForRequest(authority, request, host, days(300)),
    'none',
  ])
    await expect(agent.install(wrong)).rejects.toMatchObject({ code: 'bad_request' });
  expect(agent.current()).toMatchObject(first);
});

test('what is installed is told to everybody who shows it, again when an earlier telling failed, and is there for the next agent', async () => {
  const agent = await opened();
  const told: string[] = [];
  let broken = true;
  agent.onInstall(({ cert }) => {
    if (broken) throw new Error('not now');
    told.push(cert);
  });
  const next = await issueForRequest(authority, await agent.request(), host, days(270));
  await expect(agent.install(next)).rejects.toThrow('not now');
  broken = false;
  await agent.install(next);
  expect(told).toEqual([next]);
  expect((await opened()).current()).toEqual(agent.current());
  expect((await readdir(directory)).toSorted()).toEqual(['ca.pem', 'host.key', 'host.pem']);
});

test('a request outlives the agent that made it', async () => {
  const request = await (await opened()).request();
  const later = await opened();
  expect(await later.request()).toBe(request);
  await later.install(await issueForRequest(authority, request, host, days(270)));
});

test('an installation that broke off is finished by the next agent, wherever it broke off', async () => {
  const agent = await opened();
  const next = await issueForRequest(authority, await agent.request(), host, days(270));
  await writeFile(`${pki().cert}.next`, next);
  expect((await opened()).current().cert).toBe(next);

  const again = await opened();
  const third = await issueForRequest(authority, await again.request(), host, days(271));
  await writeFile(`${pki().cert}.next`, third);
  await rename(`${pki().key}.next`, pki().key);
  const finished = (await opened()).current();
  expect(finished).toMatchObject({ cert: third, key: await readFile(pki().key, 'utf8') });
  expect((await readdir(directory)).toSorted()).toEqual(['ca.pem', 'host.key', 'host.pem']);
});
