import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { events } from '@ostler/domain/events/catalogue';
import { certificateNames } from '@ostler/domain/host/enrollment';
import { fingerprint, issueForRequest, renewAt, type Identity } from '@ostler/pki/authority';
import { emit } from '../audit/store.ts';
import type { Database } from '../db/database.ts';
import type { Agents } from '../monitoring/agents.ts';
import { dueHosts, noteCertificate, type DueHost } from './renewal-store.ts';

export interface RenewalContext {
  readonly db: Database;
  readonly epoch: number;
  readonly authority: Identity;
  readonly agents: Agents;
  readonly now: () => number;
  readonly log: { warn(details: object, message: string): void };
}

const minute = 60_000;

/**
 * Gives hosts another certificate when theirs is two thirds through its life, while they run. It is no job: nothing is locked by
 * it, and what breaks off anywhere is begun again by the next look.
 */
export async function renewCertificates(context: RenewalContext, signal: AbortSignal, lookEvery = minute): Promise<void> {
  while (!signal.aborted) {
    await renewDue(context, signal).catch((thrown: unknown) =>
      context.log.warn({ problem: String(thrown) }, 'certificates of hosts could not be looked at'),
    );
    await sleep(lookEvery, undefined, { signal }).catch(() => undefined);
  }
}

async function renewDue(context: RenewalContext, signal: AbortSignal): Promise<void> {
  for (const host of await dueHosts(context.db, context.now())) {
    if (signal.aborted) return;
    await renew(context, host).catch((thrown: unknown) =>
      context.log.warn({ host: host.id, problem: String(thrown) }, 'the certificate of a host could not be renewed yet'),
    );
  }
}

/** The connection is the proof: its other end has shown the certificate that bears the host's id. */
async function renew({ db, epoch, authority, agents, now }: RenewalContext, host: DueHost): Promise<void> {
  const agent = agents.of(host.id);
  const mandate = () => ({ epoch, operation: randomUUID() });
  const { request } = await agent.call('requestCertificate', {}, { mandate: mandate() });
  const subject = { commonName: host.id, role: 'host', names: certificateNames(host) } as const;
  const certificate = await issueForRequest(authority, request, subject, new Date(now()));
  await agent.call('installCertificate', { certificate }, { mandate: mandate() });
  await db.transaction().execute(async (tx) => {
    await noteCertificate(tx, host.id, { fingerprint: fingerprint(certificate), renewAt: renewAt(certificate) });
    await emit(tx, events.host_certificate_renewed({ host: host.name }), { host: host.id });
  });
}
