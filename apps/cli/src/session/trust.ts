import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Cli } from '../cli.ts';
import { exitCodes, Problem, usageProblem } from '../problem.ts';
import { certificateUrl } from './address.ts';
import { ask, Untrusted } from './https.ts';
import { canAsk, confirm } from './secrets.ts';

export interface TrustOptions {
  readonly caFile?: string | undefined;
  /** SHA-256, with or without colons. */
  readonly caFingerprint?: string | undefined;
}

/**
 * Whom to believe that the server is who it says: a file that was given; the authority that the server itself offers, once its
 * fingerprint has been compared with one from elsewhere; or, for a server with a public certificate, the system's authorities.
 */
export async function authorityOf(cli: Cli, url: string, { caFile, caFingerprint }: TrustOptions): Promise<string | undefined> {
  if (caFile !== undefined) return certificateIn(caFile);
  if (caFingerprint === undefined && (await isTrustedAlready(url, cli.signal))) return undefined;
  const offered = await offeredAuthority(url, cli.signal);
  const fingerprint = fingerprintOf(offered);
  const { host } = new URL(url);
  if (caFingerprint !== undefined) {
    if (hexadecimal(caFingerprint).length !== 64) throw usageProblem('A SHA-256 fingerprint has 64 hexadecimal digits.');
    if (hexadecimal(caFingerprint) === hexadecimal(fingerprint)) return offered;
    throw new Problem(
      `The authority of ${host} has another fingerprint: ${fingerprint}. Do not log in before you know why.`,
      exitCodes.unreachable,
    );
  }
  if (!canAsk(cli))
    throw new Problem(
      `The authority of ${host} is not known here; its fingerprint is ${fingerprint}. Compare it on the manager's machine, then log in with --ca-fingerprint, or with --ca-file.`,
      exitCodes.unreachable,
    );
  cli.err.write(`The authority of ${host} is not known here. Its SHA-256 fingerprint is\n  ${fingerprint}\n`);
  if (await confirm(cli, 'Compare it with that of pki/ca.pem on the manager. Is it the same?')) return offered;
  throw new Problem('Not logged in: the authority was not confirmed.', exitCodes.unreachable);
}

export async function certificateIn(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new Problem(`Cannot read the authority's certificate: ${error.message}`);
  });
  return certificate(text, file);
}

async function isTrustedAlready(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    await ask({ url: certificateUrl(url), signal });
    return true;
  } catch (error) {
    if (error instanceof Untrusted) return false;
    throw error;
  }
}

async function offeredAuthority(url: string, signal: AbortSignal): Promise<string> {
  const { status, text } = await ask({ url: certificateUrl(url), unverified: true, signal });
  if (status !== 200)
    throw new Problem(`${new URL(url).host} offers no authority's certificate (HTTP status ${status}).`, exitCodes.unreachable);
  return certificate(text, `What ${new URL(url).host} offers`);
}

function certificate(text: string, what: string): string {
  try {
    return `${new X509Certificate(text).toString().trim()}\n`;
  } catch {
    throw new Problem(`${what} is no certificate in PEM format.`);
  }
}

const fingerprintOf = (pem: string): string => new X509Certificate(pem).fingerprint256;
const hexadecimal = (fingerprint: string): string => fingerprint.toLowerCase().replace(/[^0-9a-f]/g, '');
