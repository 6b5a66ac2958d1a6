import { readFile } from 'node:fs/promises';
import { privateMode, writeFileAtomically } from '@ostler/pki/files';
import type { ProcessIdentity } from './process.ts';

export type Health = 'ok' | 'starting' | 'restarting' | 'waiting' | 'stopped';

export interface ProcessStatus {
  readonly name: string;
  readonly process?: ProcessIdentity;
  readonly health: Health;
  /** When this process was started, in milliseconds since 1970. */
  readonly since?: number;
  /** How often it had to be started again. */
  readonly restarts: number;
}

/** What the supervisor tells everybody else on this machine, in a file. */
export interface SupervisorStatus {
  readonly supervisor: ProcessIdentity;
  readonly phase: 'starting' | 'serving' | 'failed' | 'stopping';
  /** Why it failed. */
  readonly error?: string;
  /** What has been done so far, for whoever watches the start. */
  readonly steps: readonly { readonly title: string; readonly seconds: number }[];
  readonly processes: readonly ProcessStatus[];
}

export const writeStatus = (path: string, status: SupervisorStatus): Promise<void> =>
  writeFileAtomically(path, `${JSON.stringify(status)}\n`, privateMode);

export async function readStatus(path: string): Promise<SupervisorStatus | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as SupervisorStatus);
}
