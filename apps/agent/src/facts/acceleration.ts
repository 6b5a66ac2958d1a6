import { spawn } from 'node:child_process';
import { access, constants, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostFacts } from '@ostler/agent-contract/values';
import { privateMode, writeFileAtomically } from '@ostler/pki/files';
import { bootDisk, bootSectorPort } from './boot-sector.ts';

export type Acceleration = HostFacts['acceleration'];

const emulator = '/usr/bin/qemu-system-x86_64';
const deadline = 10_000;

/**
 * Whether KVM works here, found out by running a guest: `/dev/kvm` may be there, and open, and yet QEMU aborts or its
 * virtual CPU never runs, or stops at what every boot loader does (nested machines). Tried once per boot of the host and for each QEMU:
 * the kernel will not change its mind.
 */
export async function findAcceleration(cacheDirectory: string, bootId: string): Promise<Acceleration> {
  // Another trial, another name: what an older one believed is not asked.
  const cache = join(cacheDirectory, 'acceleration-2.json');
  const qemu = await identityOfQemu();
  const known = await readCache(cache, bootId, qemu);
  if (known) return known;
  const found = await tryKvm();
  await writeFileAtomically(cache, JSON.stringify({ bootId, qemu, found }), privateMode);
  return found;
}

export async function tryKvm(): Promise<Acceleration> {
  const because = (reason: string): Acceleration => ({ kind: 'tcg', because: reason });
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return because('/dev/kvm is not there, or may not be opened: virtualization is not enabled for this machine');
  }
  const { spoke, said } = await runBootSector('kvm');
  if (spoke) return { kind: 'kvm' };
  return because(`/dev/kvm is there, but a test guest did not run on it: ${said || `nothing happened within ${deadline} ms`}`);
}

/** Starts a machine without a display that boots our sector, and listens: its word is proof of a virtual CPU that can run guests. */
export async function runBootSector(accelerator: 'kvm' | 'tcg', patience = deadline): Promise<{ spoke: boolean; said: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'ostler-trial-'));
  try {
    const disk = join(directory, 'disk');
    await writeFile(disk, bootDisk());
    return await listenTo(accelerator, disk, patience);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function listenTo(accelerator: 'kvm' | 'tcg', disk: string, patience: number): Promise<{ spoke: boolean; said: string }> {
  const machine = ['-machine', `q35,accel=${accelerator}`, '-cpu', accelerator === 'kvm' ? 'host' : 'max', '-m', '16'];
  const bare = ['-no-user-config', '-nodefaults', '-display', 'none', '-no-reboot'];
  const booting = ['-drive', `file=${disk},format=raw,if=none,id=disk,readonly=on`, '-device', 'virtio-blk-pci,drive=disk,bootindex=1'];
  const listening = ['-chardev', 'stdio,id=word,signal=off', '-device', `isa-debugcon,iobase=${bootSectorPort},chardev=word`];
  return new Promise((resolve) => {
    const child = spawn(emulator, [...machine, ...bare, ...booting, ...listening], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let spoke = false;
    const end = () => child.kill('SIGKILL');
    const timer = setTimeout(end, patience);
    child.stdout.once('data', () => {
      spoke = true;
      end();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(0, 500);
      // KVM stops the machine there, and QEMU would wait for somebody to look at it.
      if (/internal error|emulation failure/i.test(said)) end();
    });
    child.on('error', (error) => (said = error.message));
    child.on('close', () => {
      clearTimeout(timer);
      resolve({ spoke, said: said.trim().split('\n')[0] ?? '' });
    });
  });
}

async function readCache(path: string, bootId: string, qemu: string): Promise<Acceleration | undefined> {
  try {
    const cached: { bootId?: unknown; qemu?: unknown; found?: Acceleration } = JSON.parse(await readFile(path, 'utf8'));
    return cached.bootId === bootId && cached.qemu === qemu ? cached.found : undefined;
  } catch {
    return undefined;
  }
}

/** Changes with every upgrade, and costs no process. */
async function identityOfQemu(): Promise<string> {
  const found = await stat(emulator).catch(() => undefined);
  return found ? `${found.size} ${found.mtimeMs}` : 'none';
}
