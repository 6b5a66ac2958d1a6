import { spawn } from 'node:child_process';
import { AgentError } from '@ostler/agent-contract/errors';

export interface QemuImgOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds. */
  readonly deadline: number;
}

/** Memory that qemu-img may take: far above what an honest image needs, and far below what hurts a host. */
const memory = 2 * 1024 ** 3;
const outputLimit = 64 * 1024 * 1024;

/**
 * Runs qemu-img and returns what it printed. It belongs to the group of this process, and is killed with it. Of what it
 * says about an error only the reason is kept: a path is the host's business.
 */
export async function qemuImg(args: readonly string[], { signal, deadline }: QemuImgOptions): Promise<string> {
  const limits = [`--as=${memory}`, `--cpu=${Math.ceil(deadline / 1000)}`, '--core=0'];
  const timeout = AbortSignal.timeout(deadline);
  const child = spawn('prlimit', [...limits, '--', 'qemu-img', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    killSignal: 'SIGKILL',
  });
  const output: Buffer[] = [];
  let length = 0;
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > outputLimit) child.kill('SIGKILL');
    else output.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    if (said.length < 4096) said += chunk.toString();
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    // An abort is an error first, and the end follows: only then it touches nothing any more.
    let failure: Error | undefined;
    child.on('error', (error) => (child.pid === undefined ? reject(error) : (failure = error)));
    child.on('close', (code) => (failure ? reject(failure) : resolve(code)));
  }).catch((error: unknown) => {
    if (signal?.aborted) throw signal.reason;
    if (timeout.aborted) throw new AgentError('deadline', `qemu-img ${args[0]} did not finish within ${deadline} ms`);
    throw error;
  });
  if (status !== 0) throw refusal(said, args[0] ?? '');
  return Buffer.concat(output).toString();
}

function refusal(said: string, command: string): AgentError {
  const line = said.trim().split('\n').at(-1) ?? '';
  const reason = line.replace(/^qemu-img: /, '').replaceAll(/'?\/[^':]*'?:? ?/g, '') || 'no reason given';
  if (/No space left|Disk quota exceeded|File too large/i.test(said)) return new AgentError('no_space', 'The storage is full');
  if (/Failed to get .*lock/.test(said)) return new AgentError('volume_in_use', 'Another process has the volume open');
  return new AgentError('storage_failed', `qemu-img ${command} failed: ${reason}`);
}
