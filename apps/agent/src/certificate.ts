import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, rename, rm } from 'node:fs/promises';
import type { certificateCalls } from '@ostler/agent-contract/calls';
import { AgentError } from '@ostler/agent-contract/errors';
import type { AgentImplementation } from '@ostler/agent-contract/implementation';
import { createRequest } from '@ostler/pki/authority';
import { privateMode, publicMode, writeFileAtomically } from '@ostler/pki/files';
import type { AgentConfig } from './config.ts';
import { turns } from './hypervisor/turns.ts';

/** PEM. */
export interface HostTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** What this host shows to whoever connects, and how the manager gives it another one while it runs. */
export interface HostCertificate {
  current(): HostTls;
  readonly calls: Pick<AgentImplementation, keyof typeof certificateCalls>;
  /** Everybody who shows it. Told also when the certificate is installed that is there already: an earlier telling may have failed. */
  onInstall(use: (tls: HostTls) => void | Promise<void>): void;
}

export async function openCertificate(pki: AgentConfig['pki'], now: () => number): Promise<HostCertificate> {
  const next = { key: `${pki.key}.next`, cert: `${pki.cert}.next`, request: `${pki.key}.request` };
  const users: ((tls: HostTls) => void | Promise<void>)[] = [];
  const turn = turns();
  await finishInstallation();
  const [ca, cert, key] = await Promise.all([pki.caCert, pki.cert, pki.key].map(textOf));
  if (ca === undefined || cert === undefined || key === undefined) throw new Error('The host has no certificate');
  let current: HostTls = { ca, cert, key };

  /** The certificate is renamed last. Until then it lies beside, and whoever finds it there goes on. */
  async function finishInstallation(): Promise<void> {
    const waiting = await textOf(next.cert);
    if (waiting === undefined) return;
    const asked = await textOf(next.key);
    if (asked !== undefined && fits(waiting, asked)) await rename(next.key, pki.key);
    const installed = await textOf(pki.key);
    if (installed !== undefined && fits(waiting, installed)) await rename(next.cert, pki.cert);
    else await rm(next.cert);
    await rm(next.request, { force: true });
  }

  async function request(): Promise<string> {
    const [text, asked] = await Promise.all([textOf(next.request), textOf(next.key)]);
    if (text !== undefined && asked !== undefined) return text;
    const made = await createRequest('host');
    await writeFileAtomically(next.key, made.key, privateMode);
    await writeFileAtomically(next.request, made.request, publicMode);
    return made.request;
  }

  async function install(text: string): Promise<void> {
    const given = certificateOf(text);
    if (given.fingerprint256 !== certificateOf(current.cert).fingerprint256) {
      demandOurs(given);
      const asked = await textOf(next.key);
      if (asked === undefined || !fits(text, asked)) throw unfit('it is for another key than the one that was requested');
      await writeFileAtomically(next.cert, text, publicMode);
      await finishInstallation();
      current = { ca: current.ca, cert: text, key: asked };
    }
    for (const use of users) await use(current);
  }

  /** Who can make us take it has the manager's certificate already; this is against mistakes, which would shut the manager out. */
  function demandOurs(given: X509Certificate): void {
    const authority = new X509Certificate(current.ca);
    if (!given.checkIssued(authority) || !given.verify(authority.publicKey)) throw unfit('another authority has issued it');
    if (given.subject !== certificateOf(current.cert).subject) throw unfit('it names another host');
    if (now() < given.validFromDate.getTime() || now() >= given.validToDate.getTime()) throw unfit('it is not valid now');
  }

  return {
    current: () => current,
    onInstall: (use) => void users.push(use),
    calls: {
      requestCertificate: async () => ({ request: await turn('certificate', request) }),
      async installCertificate({ certificate }) {
        await turn('certificate', () => install(certificate));
        return {};
      },
    },
  };
}

const unfit = (why: string) => new AgentError('bad_request', `This host cannot use the certificate: ${why}`, { field: 'certificate' });

function certificateOf(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw unfit('it is none');
  }
}

const fits = (cert: string, key: string): boolean => new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));

const textOf = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
