import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  answersTo,
  createAuthority,
  createRequest,
  fingerprint,
  issue,
  issueForRequest,
  lifetimes,
  renewAt,
  type Identity,
} from './authority.ts';
import { enrollmentTokenHash, newEnrollmentToken } from './enrollment.ts';
import { writeFileAtomically } from './files.ts';
import { newTicketKeys, publicHalf } from './tickets.ts';

const run = promisify(execFile);
const now = new Date();
let directory: string;
let authority: Identity;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ostler-pki-'));
  authority = await createAuthority('Ostler test', now);
  await writeFile(join(directory, 'ca.pem'), authority.cert);
});
afterAll(() => rm(directory, { recursive: true }));

async function openssl(...args: string[]): Promise<string> {
  return (await run('openssl', args)).stdout;
}

test('openssl verifies what the authority issues, for its purpose and its names', async () => {
  const server = await issue(authority, { commonName: 'gateway', role: 'gateway', names: ['manager.example', '192.0.2.7'] }, now);
  const file = join(directory, 'gateway.pem');
  await writeFile(file, server.cert);
  expect(
    await openssl(
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-verify_hostname',
      'manager.example',
      '-CAfile',
      join(directory, 'ca.pem'),
      file,
    ),
  ).toContain('OK');
  expect(await openssl('verify', '-verify_ip', '192.0.2.7', '-CAfile', join(directory, 'ca.pem'), file)).toContain('OK');
  await expect(openssl('verify', '-verify_hostname', 'other.example', '-CAfile', join(directory, 'ca.pem'), file)).rejects.toThrow(
    'hostname mismatch',
  );
});

test('a client certificate is no server certificate', async () => {
  const client = await issue(authority, { commonName: 'manager', role: 'manager' }, now);
  const file = join(directory, 'client.pem');
  await writeFile(file, client.cert);
  expect(await openssl('verify', '-purpose', 'sslclient', '-CAfile', join(directory, 'ca.pem'), file)).toContain('OK');
  await expect(openssl('verify', '-purpose', 'sslserver', '-CAfile', join(directory, 'ca.pem'), file)).rejects.toThrow();
});

test('a request gets a certificate for its key under the name that we give it; one signed by another key gets none', async () => {
  const { request, key } = await createRequest('whoever');
  const cert = await issueForRequest(authority, request, { commonName: 'host-1', role: 'host', names: ['host-1'] }, now);
  const subject = await promisify(execFile)('openssl', ['x509', '-noout', '-subject', '-in', await written('host.pem', cert)]);
  expect(subject.stdout).toContain('CN = host-1');
  expect(answersTo(cert, ['host-1'])).toBe(true);
  expect(answersTo(cert, ['host-1', 'host-2'])).toBe(false);
  expect(key).toContain('BEGIN PRIVATE KEY');
  const tampered = Buffer.from(request.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  tampered[tampered.length - 3] = (tampered[tampered.length - 3] ?? 0) ^ 1;
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${tampered.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
  await expect(issueForRequest(authority, forged, { commonName: 'x', role: 'host' }, now)).rejects.toThrow('not signed');
});

test('manager and host recognise each other in a TLS handshake, and a stranger is let in by neither', async () => {
  const host = await issue(authority, { commonName: 'host-1', role: 'host', names: ['host-1'] }, now);
  const manager = await issue(authority, { commonName: 'manager', role: 'manager' }, now);
  const stranger = await issue(await createAuthority('Somebody else', now), { commonName: 'manager', role: 'manager' }, now);
  const server = createServer({ ...host, ca: authority.cert, requestCert: true, rejectUnauthorized: true }, (socket) =>
    socket.end(`hello ${socket.getPeerCertificate().subject.CN}`),
  );
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const dial = (identity: Identity, servername: string) =>
    new Promise<string>((resolve, reject) => {
      const socket: TLSSocket = connect({ port, host: '127.0.0.1', ...identity, ca: authority.cert, servername });
      let text = '';
      socket.on('data', (data) => (text += data.toString()));
      socket.on('error', reject);
      socket.on('close', () => (text === '' ? reject(new Error('closed')) : resolve(text)));
    });
  expect(await dial(manager, 'host-1')).toBe('hello manager');
  await expect(dial(manager, 'host-2')).rejects.toThrow();
  await expect(dial(stranger, 'host-1')).rejects.toThrow();
  server.close();
});

test('a certificate is renewed at two thirds of its life', async () => {
  const { cert } = await issue(authority, { commonName: 'x', role: 'client' }, now);
  const due = renewAt(cert).getTime() - now.getTime();
  expect(due / lifetimes.certificate).toBeCloseTo(2 / 3, 3);
});

test("a fingerprint is openssl's own", async () => {
  const shown = await openssl('x509', '-noout', '-fingerprint', '-sha256', '-in', join(directory, 'ca.pem'));
  expect(shown.split('=')[1]?.trim().replaceAll(':', '').toLowerCase()).toBe(fingerprint(authority.cert));
});

test('files are written whole and private', async () => {
  const path = join(directory, 'secret');
  await writeFileAtomically(path, 'one', 0o600);
  await writeFileAtomically(path, 'two', 0o600);
  expect(await readFile(path, 'utf8')).toBe('two');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('enrollment tokens are long, different, and known by their hash only', () => {
  const token = newEnrollmentToken();
  expect(token.length).toBeGreaterThanOrEqual(43);
  expect(newEnrollmentToken()).not.toBe(token);
  expect(enrollmentTokenHash(token)).toEqual(enrollmentTokenHash(token));
});

test('the public half of the ticket key is found from the private one', () => {
  const { privateKey, publicKey } = newTicketKeys();
  expect(publicHalf(privateKey)).toBe(publicKey);
});

async function written(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}
