import 'reflect-metadata';
import { createHash, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  type JsonGeneralName,
  type PublicKeyType,
} from '@peculiar/x509';

cryptoProvider.set(webcrypto);

/** A certificate with its private key, both PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/**
 * What a certificate is for. `manager`: the client that agents obey. `host`: an agent's server, and its client.
 * `gateway`: the one server that browsers and SDKs see. `client`: somebody who may only be recognised.
 */
export type Role = 'manager' | 'host' | 'gateway' | 'client';

export interface Subject {
  readonly commonName: string;
  readonly role: Role;
  /** Names and addresses that a server answers to. A host always has its id among them: whoever calls it checks that. */
  readonly names?: readonly string[];
}

/**
 * P-256 for everything: Python's, Java's and Go's TLS stacks have known it for ten years, and a handshake with it
 * costs a tenth of one with RSA-2048 on the server's side.
 */
const curve = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signing = { name: 'ECDSA', hash: 'SHA-256' } as const;

const day = 86_400_000;
/** RHV's figures: ten years for the authority, 398 days for what it issues. */
export const lifetimes = { authority: 3650 * day, certificate: 398 * day } as const;

const newKeys = (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(curve, true, ['sign', 'verify']);

/** Twenty random bytes, positive: no two certificates of an authority have the same serial number. */
function newSerial(): string {
  const bytes = randomBytes(20);
  bytes[0] = (bytes[0] ?? 0) & 0x7f || 1;
  return bytes.toString('hex');
}

export async function createAuthority(commonName: string, now: Date): Promise<Identity> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: [{ O: ['Ostler'] }, { CN: [commonName] }],
    ...validity(now, lifetimes.authority),
    keys,
    signingAlgorithm: signing,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: `${certificate.toString('pem')}\n`, key: await privateKeyPem(keys.privateKey) };
}

/** A certificate with a new key. */
export async function issue(authority: Identity, subject: Subject, now: Date): Promise<Identity> {
  const keys = await newKeys();
  return { cert: await sign(authority, subject, keys.publicKey, now), key: await privateKeyPem(keys.privateKey) };
}

/** A certificate for the key of somebody else's request. Only the key is taken from it: who they are is for us to say. */
export async function issueForRequest(authority: Identity, requestPem: string, subject: Subject, now: Date): Promise<string> {
  const request = new Pkcs10CertificateRequest(requestPem);
  if (!(await request.verify())) throw new Error('The certificate request is not signed with its own key');
  return sign(authority, subject, request.publicKey, now);
}

/** A key and a request for it: what a host sends when it enrolls. */
export async function createRequest(commonName: string): Promise<{ request: string; key: string }> {
  const keys = await newKeys();
  const request = await Pkcs10CertificateRequestGenerator.create({ name: [{ CN: [commonName] }], keys, signingAlgorithm: signing });
  return { request: `${request.toString('pem')}\n`, key: await privateKeyPem(keys.privateKey) };
}

async function sign(authority: Identity, subject: Subject, publicKey: PublicKeyType, now: Date): Promise<string> {
  const issuer = new X509Certificate(authority.cert);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: [{ O: ['Ostler'] }, { CN: [subject.commonName] }],
    issuer: issuer.subject,
    ...validity(now, Math.min(lifetimes.certificate, issuer.notAfter.getTime() - now.getTime())),
    publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: signing,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([...usages[subject.role]]),
      ...(subject.names && subject.names.length > 0 ? [new SubjectAlternativeNameExtension(subject.names.map(generalName))] : []),
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

const usages: Readonly<Record<Role, readonly ExtendedKeyUsage[]>> = {
  manager: [ExtendedKeyUsage.clientAuth],
  client: [ExtendedKeyUsage.clientAuth],
  host: [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth],
  gateway: [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth],
};

const generalName = (name: string): JsonGeneralName => ({ type: isIP(name) === 0 ? 'dns' : 'ip', value: name });

/** Five minutes back: the clocks of hosts and manager need not agree to the second. */
const validity = (now: Date, life: number) => ({ notBefore: new Date(now.getTime() - 300_000), notAfter: new Date(now.getTime() + life) });

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}(?=.)/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, curve, false, ['sign']);
}

// ---- looking at certificates ---------------------------------------------------------------------------------------

/** SHA-256 of the certificate, lower-case hexadecimal without colons: how an authority is recognised before it is trusted. */
export const fingerprint = (certPem: string): string =>
  createHash('sha256')
    .update(Buffer.from(new X509Certificate(certPem).rawData))
    .digest('hex');

/** Two thirds of the way through its life: time enough to try again for months before it ends. */
export function renewAt(certPem: string): Date {
  const { notBefore, notAfter } = new X509Certificate(certPem);
  return new Date(notBefore.getTime() + ((notAfter.getTime() - notBefore.getTime()) * 2) / 3);
}

/** Whether a server's certificate still answers to all these names. */
export function answersTo(certPem: string, names: readonly string[]): boolean {
  const held = new X509Certificate(certPem).getExtension(SubjectAlternativeNameExtension)?.names.items.map((name) => name.value) ?? [];
  return names.every((name) => held.includes(name));
}
