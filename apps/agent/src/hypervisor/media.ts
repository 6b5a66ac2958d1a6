import { chmod, chown, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AgentError } from '@ostler/agent-contract/errors';
import type { RunMedium } from '@ostler/agent-contract/values';
import { run as command } from '@ostler/libvirt/daemon/command';

/** CDs and floppies for the guests of this host. */
export interface Media {
  /** Made anew, whatever an interrupted start has left. */
  make(run: string, media: readonly RunMedium[]): Promise<{ readonly kind: RunMedium['kind']; readonly path: string }[]>;
  remove(run: string): Promise<void>;
}

const deadline = { timeoutMs: 20_000, env: { ...process.env, LC_ALL: 'C.UTF-8' } };
/** A floppy of 1.44 MB. */
const floppySize = '1440';

/**
 * They may hold passwords, so they are made in a directory that only this agent and QEMU can enter, which should lie in memory, and
 * are gone with the run. Nothing of their content is ever in a program's arguments.
 */
export function mediaIn(directory: string, owner: { readonly uid: number; readonly gid: number }): Media {
  const remove = (run: string) => rm(join(directory, run), { recursive: true, force: true });
  return {
    async make(run, media) {
      await remove(run);
      if (media.length === 0) return [];
      const place = join(directory, run);
      await mkdir(place, { mode: 0o700 });
      await chown(place, owner.uid, owner.gid);
      const made = [];
      for (const [index, medium] of media.entries()) {
        const path = join(place, `${index}.img`);
        await image(medium, join(place, `${index}.tree`), path);
        await chown(path, owner.uid, owner.gid);
        await chmod(path, 0o400);
        made.push({ kind: medium.kind, path });
      }
      return made;
    },
    remove,
  };
}

async function image(medium: RunMedium, tree: string, path: string): Promise<void> {
  await mkdir(tree, { mode: 0o700 });
  try {
    for (const { path: name, content } of medium.files) {
      const file = join(tree, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, Buffer.from(content, 'base64'), { flag: 'wx' });
    }
    await (medium.kind === 'cdrom' ? cd(medium.label, tree, path) : floppy(medium.label, tree, path));
  } catch (error) {
    throw new AgentError('hypervisor_failed', `A ${medium.kind} for the guest could not be made: ${reasonOf(error)}`);
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

/** With names for Linux and for Windows, and everything owned by root. */
const cd = (label: string, tree: string, path: string) =>
  command(
    'genisoimage',
    ['-quiet', '-rational-rock', '-joliet', '-input-charset', 'utf-8', '-volid', label, '-output', path, tree],
    deadline,
  );

async function floppy(label: string, tree: string, path: string): Promise<void> {
  await command('mformat', ['-C', '-f', floppySize, '-v', label.slice(0, 11), '-i', path, '::'], deadline);
  const names = (await readdir(tree)).map((name) => join(tree, name));
  if (names.length > 0) await command('mcopy', ['-s', '-i', path, ...names, '::'], deadline);
}

/** Without paths: where things lie is this host's business. */
const reasonOf = (error: unknown): string => {
  const said = error instanceof Error ? error.message : String(error);
  return /ENOENT.*(genisoimage|mformat|mcopy)|spawn/.test(said)
    ? 'genisoimage or mtools is not installed'
    : (said.split('\n').at(-1) ?? '').replaceAll(/'?\/[^\s:']*'?/g, '…');
};
