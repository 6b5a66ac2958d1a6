import { createHash } from 'node:crypto';
import { access, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireFiles, run } from '@ostler/libvirt/daemon/command';
import { labDirectory } from './guest.ts';

/**
 * How the shared storage behaves for one host. `eio`: every operation fails. `enospc`: what needs room fails. `hang`: nothing
 * returns until this changes. `slow`: every operation takes so many milliseconds longer. `ro`: changes are refused.
 */
export type StorageFault = 'ok' | 'eio' | 'enospc' | 'hang' | 'ro' | { slow: number };

const modes = { ok: 0, eio: 1, enospc: 2, hang: 3, slow: 4, ro: 5 } as const;

const source = join(import.meta.dirname, '../host/faulty-storage.c');
const requirements = {
  '/usr/bin/gcc': 'gcc',
  '/usr/include/stdio.h': 'libc6-dev',
  '/usr/include/fuse3/fuse.h': 'libfuse3-dev',
  '/usr/bin/mountpoint': 'util-linux',
};

/** The program that stands between a host and the storage; built once for each version of its source. */
export async function faultyStorage(cache = join(labDirectory(), 'programs')): Promise<string> {
  const key = createHash('sha256')
    .update(await readFile(source))
    .digest('hex')
    .slice(0, 16);
  const program = join(cache, `faulty-storage-${key}`);
  if (
    await access(program).then(
      () => true,
      () => false,
    )
  )
    return program;
  await requireFiles(requirements);
  await mkdir(cache, { recursive: true });
  const draft = `${program}.${process.pid}.${performance.now()}`;
  try {
    const warnings = ['-std=gnu17', '-O2', '-Wall', '-Wextra', '-Werror'];
    await run('gcc', [...warnings, '-D_FILE_OFFSET_BITS=64', '-I/usr/include/fuse3', source, '-o', draft, '-lfuse3'], {
      timeoutMs: 120_000,
    });
    await rename(draft, program);
  } finally {
    await rm(draft, { force: true });
  }
  return program;
}

/** Turns the switch; operations that begin after this returns behave accordingly, and hanging ones go on within 20 ms. */
export async function setFault(switchFile: string, fault: StorageFault): Promise<void> {
  const state = Buffer.alloc(8);
  state.writeUInt32LE(typeof fault === 'string' ? modes[fault] : modes.slow, 0);
  state.writeUInt32LE(typeof fault === 'string' ? 0 : fault.slow, 4);
  // In place and in one write: the program holds the file open, and must never see half of it.
  const file = await open(switchFile, 'r+').catch(async () => {
    await writeFile(switchFile, Buffer.alloc(8));
    return open(switchFile, 'r+');
  });
  try {
    await file.write(state, 0, state.length, 0);
  } finally {
    await file.close();
  }
}
