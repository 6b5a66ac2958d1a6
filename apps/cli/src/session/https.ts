import { request as send, type RequestOptions } from 'node:https';
import { Problem, exitCodes } from '../problem.ts';

/** The few requests that are not of the API: its login, and its authority's certificate. */
export interface Asked {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly form?: Readonly<Record<string, string>>;
  readonly ca?: string | undefined;
  /** Only to fetch the certificate that is to be trusted, which its fingerprint proves. */
  readonly unverified?: boolean;
  readonly signal?: AbortSignal;
}

const deadline = 30_000;
const longest = 256 * 1024;

/** The server's certificate is signed by nobody who is trusted. */
export class Untrusted extends Problem {
  constructor(host: string, detail: string) {
    super(
      `The certificate of ${host} cannot be verified (${detail}). Log in with --ca-file, or with --ca-fingerprint and the SHA-256 fingerprint of its authority.`,
      exitCodes.unreachable,
    );
  }
}

export async function ask({ url, method = 'GET', form, ca, unverified = false, signal }: Asked): Promise<{ status: number; text: string }> {
  const target = new URL(url);
  const body = form && new URLSearchParams(form).toString();
  const options: RequestOptions = {
    method,
    agent: false,
    rejectUnauthorized: !unverified,
    ...(ca !== undefined && { ca }),
    headers: {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }),
    },
    signal: signal ? AbortSignal.any([signal, AbortSignal.timeout(deadline)]) : AbortSignal.timeout(deadline),
  };
  return new Promise((resolve, reject) => {
    const request = send(target, options, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > longest) request.destroy(new Error('its answer is too long'));
        else chunks.push(chunk);
      });
      response.on('error', (error) => reject(unreachable(target, error)));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
    });
    request.on('error', (error) => reject(unreachable(target, error)));
    request.end(body);
  });
}

const untrusted: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
]);

function unreachable({ host }: URL, error: Error): Problem {
  if ('code' in error && typeof error.code === 'string' && untrusted.has(error.code)) return new Untrusted(host, error.code);
  const why = error.name === 'TimeoutError' || error.name === 'AbortError' ? 'no answer in time' : error.message;
  return new Problem(`${host} cannot be reached: ${why}.`, exitCodes.unreachable);
}
