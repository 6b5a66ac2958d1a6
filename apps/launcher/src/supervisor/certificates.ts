import { setTimeout as sleep } from 'node:timers/promises';
import { makeIdentity } from '../instance/identity.ts';
import type { Paths } from '../instance/paths.ts';

export interface KeptCertificates {
  readonly paths: Paths;
  /** Under which clients come to the gateway. */
  readonly names: () => readonly string[];
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** There are others in their files now. */
  readonly renewed: (what: string) => void;
  readonly failed: (error: unknown) => void;
  /** Milliseconds between two looks; a certificate is renewed months before its end. */
  readonly lookEvery?: number;
}

const sixHours = 6 * 3_600_000;

/** An instance may run for years: what was made at its start is made anew while it runs. Until the signal. */
export async function keepCertificates({ paths, names, now, signal, renewed, failed, lookEvery = sixHours }: KeptCertificates): Promise<void> {
  while (!signal.aborted) {
    await sleep(lookEvery, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const what = await makeIdentity(paths, names(), new Date(now()));
      if (what !== 'already there') renewed(what);
    } catch (error) {
      failed(error);
    }
  }
}
