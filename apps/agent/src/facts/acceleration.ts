import { spawn } from 'node:child_process';
import { access, constants, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostFacts } from '@ostler/agent-contract/values';
import { privateMode, writeFileAtomically } from '@ostler/pki/files';

export type Acceleration = HostFacts['acceleration'];

const emulator = '/usr/bin/qemu-system-x86_64';
const deadline = 10_000;

/**
 * Whether KVM works here, found out by running a guest: `/dev/kvm` may be there, and open, and yet QEMU aborts or its
 * virtual CPU never runs (nested machines without the right MSRs). Tried once per boot of the host; the kernel will not change its mind.
 */
export async function findAcceleration(cacheDirectory: string, bootId: string): Promise<Acceleration> {
  const cache = join(cacheDirectory, 'acceleration.json');
  const known = await readCache(cache, bootId);
  if (known) return known;
  const found = await tryKvm();
  await writeFileAtomically(cache, JSON.stringify({ bootId, found }), privateMode);
  return found;
}

export async function tryKvm(): Promise<Acceleration> {
  const because = (reason: string): Acceleration => ({ kind: 'tcg', because: reason });
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return because('/dev/kvm is not there, or may not be opened: virtualization is not enabled for this machine');
  }
  const { spoke, said } = await runFirmware('kvm');
  if (spoke) return { kind: 'kvm' };
  return because(`/dev/kvm is there, but a test guest did not run on it: ${said || `nothing happened within ${deadline} ms`}`);
}

/**
 * Starts a machine without disk and display and listens to its firmware's debug port: the first word of the firmware is
 * proof of a virtual CPU that runs.
 */
export function runFirmware(accelerator: 'kvm' | 'tcg', patience = deadline): Promise<{ spoke: boolean; said: string }> {
  const machine = ['-machine', `q35,accel=${accelerator}`, '-cpu', accelerator === 'kvm' ? 'host' : 'max', '-m', '16'];
  const bare = ['-no-user-config', '-nodefaults', '-display', 'none', '-no-reboot'];
  const listening = ['-chardev', 'stdio,id=debug,signal=off', '-device', 'isa-debugcon,iobase=0x402,chardev=debug'];
  return new Promise((resolve) => {
    const child = spawn(emulator, [...machine, ...bare, ...listening], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let spoke = false;
    const end = () => child.kill('SIGKILL');
    const timer = setTimeout(end, patience);
    child.stdout.once('data', () => {
      spoke = true;
      end();
    });
    child.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(0, 500)));
    child.on('error', (error) => (said = error.message));
    child.on('close', () => {
      clearTimeout(timer);
      resolve({ spoke, said: said.trim().replaceAll(/\s+/g, ' ') });
    });
  });
}

async function readCache(path: string, bootId: string): Promise<Acceleration | undefined> {
  try {
    const cached: { bootId?: unknown; found?: Acceleration } = JSON.parse(await readFile(path, 'utf8'));
    return cached.bootId === bootId ? cached.found : undefined;
  } catch {
    return undefined;
  }
}
