import { realpath } from 'node:fs/promises';
import { AgentError } from '@ostler/agent-contract/errors';
import type { VmRun } from '@ostler/agent-contract/values';

/**
 * Where the files of a host lie that a run may name by their path. QEMU shows a guest every byte of them, and libvirt may give them
 * another owner: nothing else of a host is a guest's business, whoever asks.
 */
const boot = ['/boot'];
const firmware = ['/usr/share/OVMF', '/usr/share/edk2', '/usr/share/qemu'];

/** Throws `bad_request` for a path that leads elsewhere, by whatever links. */
export async function requireHostFiles({ kernel, customProperties }: Pick<VmRun, 'kernel' | 'customProperties'>): Promise<void> {
  await requireBelow(boot, kernel?.path, 'kernel');
  await requireBelow(boot, kernel?.initrd, 'initrd');
  await requireBelow(firmware, customProperties['nvram_template'], 'nvram_template');
}

async function requireBelow(directories: readonly string[], path: string | undefined, field: string): Promise<void> {
  if (path === undefined) return;
  const real = await realpath(path).catch(() => undefined);
  const places = directories.join(', ');
  if (real === undefined) throw new AgentError('bad_request', `This host has no file ${path} for ${field}; it looks below ${places}`, { field });
  if (directories.some((directory) => real.startsWith(`${directory}/`))) return;
  throw new AgentError('bad_request', `The file for ${field} must lie below ${places} of the host`, { field });
}
