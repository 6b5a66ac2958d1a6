/**
 * The accounts that libvirt's QEMU driver and guests need, added to what the machine's files say. Debian's libvirt-daemon-system would
 * make them, but also bring a libvirtd of the machine and its networks.
 */

/** The QEMU driver does not start without libvirt-qemu, though qemu.conf names another; 36:36 is RHV's vdsm:kvm. */
export const passwdFor = (passwd: string): string =>
  withAccounts(passwd, [
    'libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin',
    'vdsm:x:36:36::/var/lib/libvirt:/usr/sbin/nologin',
  ]);

/**
 * vdsm is in the group that owns /dev/kvm, by number: in a container that is the outer machine's, whatever `kvm` means inside. Without
 * it libvirt would find KVM as root and miss it as vdsm, and try again whenever it is asked for anything.
 */
export function groupFor(group: string, kvm: number | undefined): string {
  const known = withAccounts(group, ['libvirt-qemu:x:64055:']);
  if (kvm === undefined || kvm === 0) return known; // guests get nothing of root's
  const owned = new RegExp(`^([^:\n]+:[^:\n]*:${kvm}:)(.*)$`, 'm');
  if (!owned.test(known)) return withAccounts(known, [`kvm-device:x:${kvm}:vdsm`]);
  return known.replace(owned, (_line, head: string, members: string) =>
    members.split(',').includes('vdsm') ? `${head}${members}` : `${head}${members === '' ? '' : `${members},`}vdsm`,
  );
}

function withAccounts(file: string, lines: readonly string[]): string {
  const known = new Set(file.split('\n').map((line) => line.split(':')[0]));
  const missing = lines.filter((line) => !known.has(line.split(':')[0]));
  return [file.trimEnd(), ...missing, ''].join('\n');
}
