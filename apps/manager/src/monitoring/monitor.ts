import { setTimeout as sleep } from 'node:timers/promises';
import { pruneChanges } from '../db/change-log.ts';
import { pruneSessions } from '../access/store.ts';
import type { AgentBook } from './agents.ts';
import { watchedHosts } from './store.ts';
import { watchHost, type WatchContext } from './watch-host.ts';

/** Keeps a watcher on every enrolled host: hosts come, go and change their addresses while the controller runs. */
export async function monitorHosts(context: WatchContext, agents: AgentBook, signal: AbortSignal, lookEvery = 1_000): Promise<void> {
  const watched = new Map<string, { address: string; stop: AbortController }>();
  let swept = context.now();
  while (!signal.aborted) {
    try {
      const hosts = await watchedHosts(context.db);
      agents.set(hosts);
      // What is wanted of a host, and whether it is empty, is part of what is watched for: a change is looked at anew.
      const there = new Map(hosts.map((host) => [host.id, `${host.address}:${host.port} ${host.wanted} ${host.wanted === 'maintenance' && host.runningVms > 0}`]));
      for (const [id, { address, stop }] of watched)
        if (there.get(id) !== address) {
          stop.abort();
          watched.delete(id);
        }
      for (const [id, address] of there) {
        if (watched.has(id)) continue;
        const stop = new AbortController();
        watched.set(id, { address, stop });
        void watchHost(context, id, agents.of(id), AbortSignal.any([signal, stop.signal]));
      }
      if (context.now() - swept > 60_000) {
        swept = context.now();
        await pruneChanges(context.db);
        await pruneSessions(context.db);
      }
    } catch (thrown) {
      context.log.warn({ problem: String(thrown) }, 'hosts could not be looked at');
    }
    await sleep(lookEvery, undefined, { signal }).catch(() => undefined);
  }
}
