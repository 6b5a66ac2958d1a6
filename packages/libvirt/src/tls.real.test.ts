/** TLS to a real libvirtd that asks for certificates and checks them. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from './connection.ts';
import { isRpcError } from './errors.ts';
import type { PrivateLibvirtd } from './private-libvirtd.test-support.ts';
import { startPrivateLibvirtd } from './private-libvirtd.test-support.ts';

const run = promisify(execFile);
let directory: string;
let libvirtd: PrivateLibvirtd;

const file = (name: string) => join(directory, name);
const pem = (name: string) => readFile(file(name), 'utf8');

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

async function makeAuthority(name: string): Promise<void> {
  await run('openssl', [
    'req',
    '-x509',
    ...newKey,
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    file(`${name}.key`),
    '-out',
    file(`${name}.pem`),
  ]);
}

async function makeCertificate(name: string, authority: string, usage: string, addresses: string): Promise<void> {
  await writeFile(
    file(`${name}.ext`),
    `subjectAltName=${addresses}\nextendedKeyUsage=${usage}\nkeyUsage=digitalSignature\nbasicConstraints=CA:FALSE\n`,
  );
  await run('openssl', ['req', ...newKey, '-subj', `/CN=${name}`, '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`)]);
  const signer = ['-CA', file(`${authority}.pem`), '-CAkey', file(`${authority}.key`), '-CAcreateserial'];
  await run('openssl', [
    'x509',
    '-req',
    '-in',
    file(`${name}.csr`),
    ...signer,
    '-days',
    '2',
    '-extfile',
    file(`${name}.ext`),
    '-out',
    file(`${name}.pem`),
  ]);
}

const startWith = (certificate: string) =>
  startPrivateLibvirtd({ tls: { ca: file('ca.pem'), cert: file(`${certificate}.pem`), key: file(`${certificate}.key`) } });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ostler-tls-'));
  await makeAuthority('ca');
  await makeAuthority('stranger-ca');
  await makeCertificate('server', 'ca', 'serverAuth', 'DNS:localhost,IP:127.0.0.1');
  await makeCertificate('client', 'ca', 'clientAuth', 'DNS:client');
  await makeCertificate('stranger', 'stranger-ca', 'clientAuth', 'DNS:client');
  await makeCertificate('elsewhere', 'ca', 'serverAuth', 'DNS:elsewhere.example,IP:127.0.0.9');
  libvirtd = await startWith('server');
});
afterAll(async () => {
  await libvirtd.stop();
  await rm(directory, { recursive: true, force: true });
});

async function open(host: string, { ca = 'ca', client = 'client', port = libvirtd.tlsPort } = {}) {
  const tls = { ca: await pem(`${ca}.pem`), cert: await pem(`${client}.pem`), key: await pem(`${client}.key`) };
  return connect({ host, port, tls }, { uri: 'test:///default', connectDeadline: 5_000 });
}

const refusal = (opening: Promise<unknown>) =>
  opening.then(
    () => 'it opened',
    (error: unknown) => error,
  );

test.each(['127.0.0.1', 'localhost'])('certificates of one authority on both sides let %s in', async (host) => {
  const libvirt = await open(host);
  expect(await libvirt.call('connectGetType')).toBe('TEST');
  expect(await libvirt.call('connectIsSecure')).toBe(true);
  const names = await Promise.all(Array.from({ length: 50 }, () => libvirt.call('domainLookupByName', { name: 'test' })));
  expect(new Set(names.map(({ id }) => id))).toEqual(new Set([1]));
  await libvirt.close();
});

test('a client certificate of a stranger is refused while connecting, not at some later call', async () => {
  expect(isRpcError(await refusal(open('127.0.0.1', { client: 'stranger' })), 'unreachable')).toBe(true);
});

test('a server whose authority we do not know is refused', async () => {
  const error = await refusal(open('127.0.0.1', { ca: 'stranger-ca' }));
  expect(isRpcError(error, 'unreachable')).toBe(true);
  expect(String(error)).toContain('certificate');
});

test('a server certificate for another host is refused', async () => {
  const other = await startWith('elsewhere');
  const error = await refusal(open('127.0.0.1', { port: other.tlsPort }));
  await other.stop();
  expect(isRpcError(error, 'unreachable')).toBe(true);
  expect(String(error)).toContain("does not match certificate's altnames");
});
