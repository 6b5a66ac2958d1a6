import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { answersTo, createAuthority, issue, renewAt, type Identity, type Subject } from '@ostler/pki/authority';
import { privateMode, publicMode, writeFileAtomically } from '@ostler/pki/files';
import { newTicketKeys } from '@ostler/pki/tickets';
import type { Paths } from './paths.ts';

/**
 * The authority, certificates, keys and the first password of an instance. What is there stays; certificates are made anew at two
 * thirds of their life, or when they do not answer to a name any more. Says what was made.
 */
export async function makeIdentity(paths: Paths, gatewayNames: readonly string[], now: Date): Promise<string> {
  const { pki } = paths;
  const made: string[] = [];
  const known = await held(pki.caCert, pki.caKey);
  const authority = known ?? (await createAuthority('Ostler CA', now));
  if (!known) {
    await writeFileAtomically(pki.caKey, authority.key, privateMode);
    await writeFileAtomically(pki.caCert, authority.cert, publicMode);
    made.push('authority');
  }
  const certificates: readonly [Subject, string, string][] = [
    [{ commonName: gatewayNames[0] ?? 'gateway', role: 'gateway', names: gatewayNames }, pki.gatewayCert, pki.gatewayKey],
    [{ commonName: 'manager', role: 'manager' }, pki.managerCert, pki.managerKey],
  ];
  for (const [subject, certFile, keyFile] of certificates) {
    const before = await held(certFile, keyFile);
    if (before && renewAt(before.cert) > now && answersTo(before.cert, subject.names ?? [])) continue;
    const identity = await issue(authority, subject, now);
    await writeFileAtomically(keyFile, identity.key, privateMode);
    await writeFileAtomically(certFile, identity.cert, publicMode);
    made.push(`certificate of the ${subject.role}`);
  }
  if (!(await held(pki.ticketPublicKey, pki.ticketKey))) {
    const tickets = newTicketKeys();
    await writeFileAtomically(pki.ticketKey, tickets.privateKey, privateMode);
    await writeFileAtomically(pki.ticketPublicKey, tickets.publicKey, publicMode);
    made.push('ticket keys');
  }
  if (await written(pki.secretsKey, randomBytes(32), privateMode)) made.push('key of the secrets');
  if (await written(paths.adminPassword, `${randomBytes(15).toString('base64url')}\n`, privateMode)) made.push('password of admin@internal');
  return made.length === 0 ? 'already there' : `made ${made.join(', ')}`;
}

/** A pair whose halves fit together, as far as both are there: a key is always written before its certificate. */
async function held(certFile: string, keyFile: string): Promise<Identity | undefined> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8').catch(() => undefined), readFile(keyFile, 'utf8').catch(() => undefined)]);
  return cert !== undefined && key !== undefined ? { cert, key } : undefined;
}

/** Whether it had to be written: what is there is never replaced. */
async function written(path: string, content: string | Buffer, mode: number): Promise<boolean> {
  const there = await readFile(path).then(
    (bytes) => bytes.length > 0,
    () => false,
  );
  if (!there) await writeFileAtomically(path, content, mode);
  return !there;
}
