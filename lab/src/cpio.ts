/** One thing in an initramfs. `path` is absolute; parents need entries of their own, before their children. */
export type CpioEntry =
  | { type: 'directory'; path: string }
  | { type: 'file'; path: string; content: Uint8Array; executable?: boolean }
  | { type: 'symlink'; path: string; target: string };

/** The newc archive that the Linux kernel unpacks as initramfs (Documentation/driver-api/early-userspace/buffer-format). Same entries, same bytes. */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const members = entries.map((entry, index) => member(entry.path.slice(1), modeOf(entry), contentOf(entry), index + 1));
  return Buffer.concat([...members, member('TRAILER!!!', 0, Buffer.alloc(0), 0)]);
}

function modeOf(entry: CpioEntry): number {
  switch (entry.type) {
    case 'directory':
      return 0o040755;
    case 'symlink':
      return 0o120777;
    case 'file':
      return entry.executable ? 0o100755 : 0o100644;
  }
}

function contentOf(entry: CpioEntry): Uint8Array {
  switch (entry.type) {
    case 'directory':
      return Buffer.alloc(0);
    case 'symlink':
      return Buffer.from(entry.target);
    case 'file':
      return entry.content;
  }
}

/** Owner root, time zero, one link; name and content each padded to four bytes. */
function member(name: string, mode: number, content: Uint8Array, inode: number): Buffer {
  const nameBytes = Buffer.from(`${name}\0`);
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, nameBytes.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
  return Buffer.concat([padded(Buffer.concat([header, nameBytes])), padded(content)]);
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
