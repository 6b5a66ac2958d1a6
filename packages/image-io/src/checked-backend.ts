/**
 * A file that must become a certain image: the first block tells whether it can, and a lie is refused there, before
 * hundreds of gigabytes follow. The whole image is inspected at the end all the same (inspect.ts).
 */
import type { Backend } from './backend.ts';
import { ImageError } from './errors.ts';
import { type Declared, describeLie, HEADER_BYTES, liesInFirstBytes } from './qcow2-header.ts';

export function checkedBackend(backend: Backend, declared: Declared): Backend {
  return {
    size: backend.size,
    hasDirty: backend.hasDirty,
    get broken() {
      return backend.broken;
    },
    read: backend.read,
    async write(offset, data) {
      if (offset === 0 && data.length >= HEADER_BYTES) {
        const [lie] = liesInFirstBytes(data.subarray(0, HEADER_BYTES), declared);
        if (lie) throw new ImageError('bad_request', describeLie(lie));
      }
      await backend.write(offset, data);
    },
    zero: backend.zero,
    flush: backend.flush,
    extents: backend.extents,
    close: backend.close,
  };
}
