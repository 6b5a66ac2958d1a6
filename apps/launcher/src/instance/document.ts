import { privateMode, writeFileAtomically } from '@ostler/pki/files';
import { isAlive } from '../supervisor/process.ts';
import type { Health, SupervisorStatus } from '../supervisor/status.ts';
import { libvirtOf, originOf } from './configs.ts';
import type { Paths } from './paths.ts';
import type { Settings } from './settings.ts';

/** What programs on this machine are told about an instance. */
export interface InstanceDocument {
  readonly url: string;
  readonly api_url: string;
  readonly ca_file: string;
  readonly username: string;
  readonly password_file: string;
  readonly state_dir: string;
  readonly libvirt_uri: string;
  readonly running: boolean;
  /** Uptime in seconds. */
  readonly processes: readonly { readonly name: string; readonly pid: number | null; readonly health: Health; readonly uptime: number | null }[];
}

export function instanceDocument(paths: Paths, settings: Settings, status: SupervisorStatus | undefined, now: number): InstanceDocument {
  return {
    url: originOf(settings),
    api_url: `${originOf(settings)}/ovirt-engine/api`,
    ca_file: paths.pki.caCert,
    username: 'admin@internal',
    password_file: paths.adminPassword,
    state_dir: paths.state,
    libvirt_uri: libvirtOf(paths, settings).uri,
    running: status?.phase === 'serving',
    processes: (status?.processes ?? []).map(({ name, process, health, since }) => ({
      name,
      pid: process?.pid ?? null,
      health,
      uptime: since === undefined ? null : Math.round((now - since) / 1000),
    })),
  };
}

export const writeInstance = (paths: Paths, document: InstanceDocument): Promise<void> =>
  writeFileAtomically(paths.instance, `${JSON.stringify(document, undefined, 2)}\n`, privateMode);

/** What the file says, as far as it is still so: whoever is gone is not running, whatever was written last. */
export async function checked(status: SupervisorStatus | undefined): Promise<SupervisorStatus | undefined> {
  if (!status || !(await isAlive(status.supervisor))) return undefined;
  const processes = await Promise.all(
    status.processes.map(async (one) => (one.process && !(await isAlive(one.process)) ? { ...one, health: 'restarting' as const } : one)),
  );
  return { ...status, processes };
}
