import { readFile, readdir } from 'node:fs/promises';

/** The pid of a VM's QEMU, by the VM's id in its arguments. */
export async function processOfVm(vm: string): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.startsWith('/usr/bin/qemu-system') && command.includes(vm)) return Number(pid);
  }
  throw new Error(`No QEMU runs VM ${vm}`);
}
