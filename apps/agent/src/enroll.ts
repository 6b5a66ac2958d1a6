import { mkdir, readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { dirname } from 'node:path';
import { createRequest } from '@ostler/pki/authority';
import { privateMode, publicMode, writeFileAtomically } from '@ostler/pki/files';
import type { AgentConfig } from './config.ts';
import { hardwareUuid } from './facts/facts.ts';

export interface EnrollOptions {
  readonly config: AgentConfig;
  /** `https://host:port` of the manager. */
  readonly manager: string;
  /** PEM: the authority that the manager is known by. */
  readonly ca: string;
  readonly token: string;
}

const deadline = 60_000;

/** Makes this machine a host of a manager: a key that never leaves it, and a certificate for it by a one-time token. */
export async function enroll({ config, manager, ca, token }: EnrollOptions): Promise<{ readonly host: string }> {
  await mkdir(config.stateDir, { recursive: true });
  const { request: certificateRequest, key } = await createRequest(config.hostName);
  const answer = await post(new URL('/ovirt-engine/services/host-enrollment', manager), ca, {
    token,
    name: config.hostName,
    address: config.advertise,
    port: config.listen.port,
    hardware_uuid: await hardwareUuid(config.stateDir, config.hardwareUuid),
    request: certificateRequest,
  });
  const { host_id: host, certificate, ca: authority } = answer;
  if (typeof host !== 'string' || typeof certificate !== 'string' || typeof authority !== 'string')
    throw new Error('The manager answered something else than a certificate');
  for (const path of Object.values(config.pki)) await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileAtomically(config.pki.key, key, privateMode);
  await writeFileAtomically(config.pki.caCert, authority, publicMode);
  // Last: a host with a certificate is enrolled.
  await writeFileAtomically(config.pki.cert, certificate, publicMode);
  return { host };
}

export const readToken = async (path: string): Promise<string> => (await readFile(path, 'utf8')).trim();

function post(url: URL, ca: string, body: object): Promise<{ readonly [name: string]: unknown }> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const headers = { 'content-type': 'application/json', accept: 'application/json', 'content-length': Buffer.byteLength(text) };
    const sent = request(url, { method: 'POST', ca, headers, timeout: deadline }, (response) => {
      let said = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (said.length < 256 * 1024) said += chunk;
      });
      response.on('end', () => {
        const answer = objectOf(said);
        if (response.statusCode === 200) return resolve(answer);
        const detail = answer['detail'] ?? answer['reason'] ?? answer['error'];
        reject(new Error(`The manager refused to enroll this host (${response.statusCode}): ${typeof detail === 'string' ? detail : 'no reason given'}`));
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`The manager did not answer within ${deadline} ms`)));
    sent.on('error', reject);
    sent.end(text);
  });
}

function objectOf(text: string): { readonly [name: string]: unknown } {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? Object.fromEntries(Object.entries(parsed)) : {};
  } catch {
    return {};
  }
}
