import { constants, copyFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { tinyGuest } from './guest.ts';

/** `ostler lab guest FILE.qcow2`: an image to try Ostler with. */
const [what, file, ...more] = process.argv.slice(2);
if (what !== 'guest' || file === undefined || more.length > 0) {
  process.stderr.write(`Usage: ostler lab guest FILE.qcow2

Writes a bootable disk image (64 MiB) of a Linux that starts in seconds, wants 128 MiB of memory, and says every second on its
serial console how often it has counted, in memory and on its disk. Needs root the first time.
`);
  process.exit(2);
}
try {
  const { bootQcow2 } = await tinyGuest();
  const target = resolve(file);
  await copyFile(bootQcow2, target, constants.COPYFILE_EXCL);
  process.stdout.write(`${target}\n`);
} catch (error) {
  const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
  process.stderr.write(`ostler: ${exists ? `${resolve(file)} is there already and is left alone.` : error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
