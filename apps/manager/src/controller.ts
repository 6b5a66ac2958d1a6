import type pg from 'pg';
import type { FastifyBaseLogger } from 'fastify';
import type { Identity } from '@ostler/pki/authority';
import { takeLead } from './db/leadership.ts';
import type { Database } from './db/database.ts';
import type { Secrets } from './db/secrets.ts';
import { renewCertificates } from './host/service.ts';
import { allJobs } from './jobs.ts';
import { runEngine } from './jobs/engine.ts';
import { wakeJob } from './jobs/store.ts';
import type { AgentBook } from './monitoring/agents.ts';
import { monitorHosts } from './monitoring/monitor.ts';
import { pruneTransfers, transferById } from './transfer/service.ts';

export interface ControllerOptions {
  readonly databaseUrl: string;
  readonly pool: pg.Pool;
  readonly db: Database;
  readonly secrets: Secrets;
  readonly agents: AgentBook;
  /** Signs the certificates of hosts when they are renewed. */
  readonly authority: Identity;
  readonly now: () => number;
  readonly log: FastifyBaseLogger;
  /** Called whenever this process becomes, and stops being, the one that acts. */
  readonly onLead?: (epoch: number | undefined) => void;
  /** Kill points of the tests. */
  readonly hook?: Parameters<typeof runEngine>[0]['hook'];
}

/** Waits for the lead, acts while it has it, and waits again. Ends with the signal. */
export async function controller(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const lead = await takeLead(options.databaseUrl, signal);
    if (!lead) return;
    const deposed = new AbortController();
    const acting = AbortSignal.any([signal, lead.lost, deposed.signal]);
    options.log.info({ epoch: lead.epoch }, 'this controller acts');
    options.onLead?.(lead.epoch);
    await act(options, lead.epoch, acting, () => deposed.abort());
    options.onLead?.(undefined);
    options.log.info({ epoch: lead.epoch }, 'this controller no longer acts');
    await lead.release().catch(() => undefined);
  }
}

async function act(options: ControllerOptions, epoch: number, signal: AbortSignal, deposed: () => void): Promise<void> {
  const { db, pool, agents, authority, secrets, now, log, hook } = options;
  const onTransfer = (transfer: string) =>
    void transferById(db, transfer)
      .then((row) => (row?.job == null ? false : wakeJob(db, row.job)))
      .catch(() => false);
  const sweep = setInterval(() => void pruneTransfers(db).catch(() => undefined), 60_000);
  try {
    await Promise.all([
      runEngine({ db, pool, epoch, signal, deposed, log, types: allJobs, tools: { agents, secrets, now }, ...(hook && { hook }) }),
      renewCertificates({ db, epoch, authority, agents, now, log }, signal),
      monitorHosts({ db, epoch, now, watchingSince: now(), log, onTransfer }, agents, signal),
    ]);
  } finally {
    clearInterval(sweep);
  }
}
