/**
 * Runs inside the new mount namespace: puts the private directories in the places that libvirtd insists on, and becomes libvirtd.
 * /dev is built anew without /dev/kvm, so that libvirt offers plain emulation also where KVM is present but does not work.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [directory = '', ...libvirtdArguments] = process.argv.slice(2);
const mount = (...parameters: string[]) => execFileSync('mount', parameters, { stdio: 'inherit' });

const dev = join(directory, 'dev');
mount('-t', 'tmpfs', '-o', 'mode=755', 'dev', dev);
for (const node of ['null', 'zero', 'full', 'random', 'urandom', 'tty']) execFileSync('cp', ['-a', `/dev/${node}`, join(dev, node)]);
for (const name of ['pts', 'shm']) mkdirSync(join(dev, name));
mount('-t', 'devpts', '-o', 'newinstance,ptmxmode=666,mode=620', 'devpts', join(dev, 'pts'));
mount('-t', 'tmpfs', 'shm', join(dev, 'shm'));
symlinkSync('pts/ptmx', join(dev, 'ptmx'));
symlinkSync('/proc/self/fd', join(dev, 'fd'));
mount('--rbind', dev, '/dev');

mount('-t', 'tmpfs', '-o', 'mode=755', 'run', '/run');
mkdirSync('/run/lock');
for (const [from, to] of [
  ['run', '/run/libvirt'],
  ['etc', '/etc/libvirt'],
  ['lib', '/var/lib/libvirt'],
  ['cache', '/var/cache/libvirt'],
  ['log', '/var/log/libvirt'],
] as const) {
  mkdirSync(to, { recursive: true });
  mount('--bind', join(directory, from), to);
}

// libvirtd does not start without the user that Debian creates with libvirt-daemon-system, a package that nothing else here needs.
for (const [file, line] of [
  ['passwd', 'libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin'],
  ['group', 'libvirt-qemu:x:64055:'],
] as const) {
  const present = readFileSync(`/etc/${file}`, 'utf8');
  if (present.includes('libvirt-qemu:')) continue;
  writeFileSync(join(directory, file), `${present.trimEnd()}\n${line}\n`);
  mount('--bind', join(directory, file), `/etc/${file}`);
}

const libvirtd = '/usr/sbin/libvirtd';
process.execve?.(libvirtd, [libvirtd, ...libvirtdArguments], {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
});
