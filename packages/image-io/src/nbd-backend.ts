/** Guest-visible bytes of an image behind an NBD server: qemu-nbd, or libvirt's while a backup runs. */
import { type Backend, ZERO_STEP } from './backend.ts';
import { ImageError } from './errors.ts';
import { combineRuns, type Extent, mergeNeighbours } from './extents.ts';
import { connectNbd, type NbdConnection, NbdError } from './nbd.ts';

export type NbdBackendOptions = {
  socket: string;
  exportName?: string;
  /** What is expected, in bytes; a smaller export is refused. */
  size?: number;
  sparse: boolean;
  dirty?: boolean;
};

/** QEMU answers at most 4 GiB at once, and scans the image while it does; short stretches keep the deadline meaningful. */
const STATUS_STEP = 1024 * 1024 * 1024;

export async function openNbdBackend({ socket, exportName = '', size, sparse, dirty = false }: NbdBackendOptions): Promise<Backend> {
  const nbd = await translated(connectNbd({ socketPath: socket, exportName, dirty }));
  if (size !== undefined && nbd.size < size) {
    await nbd.close();
    throw new ImageError('backend', `The NBD export has ${nbd.size} bytes, the ticket says ${size}`);
  }
  return {
    size: nbd.size,
    hasDirty: nbd.hasDirty,
    get broken() {
      return nbd.broken;
    },
    read: (offset, into) => translated(nbd.read(offset, into)),
    write: (offset, data) => translated(nbd.write(offset, data)),
    async zero(offset, length) {
      for (let at = offset; at < offset + length; at += ZERO_STEP) {
        await translated(nbd.writeZeroes(at, Math.min(ZERO_STEP, offset + length - at), sparse));
      }
    },
    flush: () => translated(nbd.flush()),
    extents: () => mergeNeighbours(extentsOf(nbd)),
    close: () => nbd.close(),
  };
}

async function* extentsOf(nbd: NbdConnection): AsyncGenerator<Extent> {
  for (let at = 0; at < nbd.size;) {
    const length = Math.min(STATUS_STEP, nbd.size - at);
    const extents = combineRuns(at, await translated(nbd.blockStatus(at, length)));
    // The last run may reach beyond what was asked, even beyond the export.
    const end = at + length;
    for (const extent of extents) {
      if (extent.start < end) yield { ...extent, length: Math.min(extent.length, end - extent.start) };
    }
    const last = extents.at(-1);
    if (!last) throw new ImageError('backend', `The NBD server gave no block status at ${at}`);
    at = Math.min(last.start + last.length, end);
  }
}

async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof NbdError)) throw error;
    const code = error.code === 'no_space' ? 'no_space' : error.code === 'deadline' ? 'deadline' : 'backend';
    throw new ImageError(code, error.message);
  }
}
