/**
 * A boot sector that does what the loaders of operating systems do: it enters protected mode, loads a task register, returns from an
 * interrupt frame, and then says one byte on port 0x5e9. Where the processor offers nested virtualization only in part, KVM runs
 * the firmware and fails at the return ("emulation failure"); so a firmware that speaks is no proof yet.
 *
 *     cli; ds = ss = 0; sp = 0x7000; lgdt; cr0.PE = 1; jmp 0x20:0x7c20
 *     ds = es = ss = 0x28; fs = gs = 0; esp = 0x7000; lidt; ltr 0x08
 *     pushf; push 0x20; push after; iret
 *     after: out 0x5e9, 0x21; hlt
 *     descriptors: 0x08 a TSS, 0x20 flat code, 0x28 flat data
 */
const program =
  'fa31c08ed88ed0bc0070660f0116887c0f20c00c010f22c066ea207c00002000' +
  '66b828008ed88ec08ed031c08ee08ee8bc007000000f011d8e7c000066b80800' +
  '0f00d89c6a20684c7c0000cf66bae905b021eef4ebfd66900000000000000000' +
  '670080050089000000000000000000000000000000000000ffff0000009bcf00' +
  'ffff00000093cf002f00587c000000000000000000000000';

/** The port that the boot sector speaks on, and nothing else does. */
export const bootSectorPort = 0x5e9;

const sector = 512;
/** SeaBIOS takes nothing for a disk that is smaller than a cylinder. */
const diskSize = 1024 * 1024;

/** The sector at the beginning of an otherwise empty disk. */
export function bootDisk(): Buffer {
  const disk = Buffer.alloc(diskSize);
  disk.write(program, 'hex');
  disk.writeUInt16BE(0x55aa, sector - 2);
  return disk;
}
