import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

// Any constant: the one controller that holds this advisory lock acts, the others stand by.
const leaderLock = 7_358_002;

export interface Leadership {
  readonly epoch: number;
  /** Fires when the session that holds the lock is gone: whoever acts on must stop at once. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * Waits until this process is the active controller. The lock lives in one database session with TCP keepalives on the
 * server's side, so that a controller that vanished without a word is forgotten in about ten seconds. The epoch rises
 * with every take-over, and every write and every call to an agent carries it.
 */
export async function takeLead(url: string, signal: AbortSignal): Promise<Leadership | undefined> {
  while (!signal.aborted) {
    const client = new pg.Client({ connectionString: url, application_name: 'ostler controller', keepAlive: true });
    const lost = new AbortController();
    client.on('error', () => lost.abort());
    client.on('end', () => lost.abort());
    try {
      await client.connect();
      await client.query('set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 2; set tcp_keepalives_count = 3');
      if (await waitForLock(client, signal)) {
        const raised = await client.query<{ epoch: number }>('update manager_epoch set epoch = epoch + 1 returning epoch');
        const epoch = raised.rows[0]?.epoch;
        if (epoch === undefined) throw new Error('The manager epoch is missing from the database');
        return { epoch, lost: lost.signal, release: () => client.end() };
      }
    } catch {
      await sleep(1_000);
    }
    await client.end().catch(() => undefined);
  }
  return undefined;
}

/** Asks again and again instead of waiting inside PostgreSQL, so that the signal is heeded. */
async function waitForLock(client: pg.Client, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    const asked = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [leaderLock]);
    if (asked.rows[0]?.mine) return true;
    await sleep(200, undefined, { signal }).catch(() => undefined);
  }
  return false;
}
