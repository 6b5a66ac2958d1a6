import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

const largest = 20 * 1024 * 1024;

/** A log that is begun anew when it has grown large; the one before is kept beside it as `.1`. */
export function logFile(path: string): { write(bytes: Uint8Array | string): void; close(): void } {
  const open = () => openSync(path, 'a', 0o600);
  let file = open();
  let size = fstatSync(file).size;
  return {
    write(bytes) {
      if (size > largest) {
        renameSync(path, `${path}.1`);
        closeSync(file);
        file = open();
        size = 0;
      }
      const buffer = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
      size += writeSync(file, buffer);
    },
    close: () => closeSync(file),
  };
}
