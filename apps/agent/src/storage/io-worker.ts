/**
 * The program of an I/O process (see io-process.ts): `io-worker.ts <directory of the domains>`, with an IPC channel to the
 * agent. When the channel breaks the agent is gone, and so is whoever would have heard the answers.
 */
import { AgentError, type AgentErrorCode } from '@ostler/agent-contract/errors';
import { MetadataError } from '@ostler/storage-format/key-value';
import { codeOf, disk } from './file/disk.ts';
import { fileOperations } from './file/operations.ts';
import type { FromWorker, IoError, ToWorker } from './io-protocol.ts';

const [root] = process.argv.slice(2);
if (root === undefined || process.send === undefined) throw new Error('This program is started by the agent');

// Modes are given with each file, whoever starts this.
process.umask(0);
process.on('disconnect', endGroup);

const operations = fileOperations(root, disk(process.env['OSTLER_IO_EXIT']));
const running = new Map<number, AbortController>();

process.on('message', (message: ToWorker) => {
  if (message.kind === 'cancel') return running.get(message.id)?.abort(new AgentError('deadline', 'It was cancelled'));
  void answer(message);
});

async function answer({ id, call, input }: Extract<ToWorker, { kind: 'call' }>): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  const progress = (done: number, total = 0) => tell({ kind: 'progress', id, done, total });
  // The agent has checked the input against its contract, and types the call; here the two meet again.
  const operation: (input: never, context: { signal: AbortSignal; progress: typeof progress }) => Promise<unknown> = operations[call];
  try {
    tell({ kind: 'result', id, result: await operation(input as never, { signal: controller.signal, progress }) });
  } catch (error) {
    tell({ kind: 'error', id, error: describe(error) });
  } finally {
    running.delete(id);
  }
}

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}

/** The children, too: a qemu-img that nobody waits for must not go on writing. */
function endGroup(): void {
  try {
    process.kill(-process.pid, 'SIGKILL');
  } finally {
    process.exit(1);
  }
}

/** What the operating system says, without the path that Node puts into its messages. */
const systemErrors: Readonly<Record<string, readonly [AgentErrorCode, string]>> = {
  ENOSPC: ['no_space', 'The storage is full'],
  EDQUOT: ['no_space', 'The quota on the storage is used up'],
  EFBIG: ['no_space', 'The storage cannot hold a file of this size'],
  EACCES: ['storage_failed', 'User 36 may not do this on the storage: its directories must belong to user and group 36 (vdsm:kvm), and those above must let it through'],
  EPERM: ['storage_failed', 'The storage does not permit this to user 36 (vdsm:kvm)'],
  EROFS: ['storage_failed', 'The storage is read-only'],
  EIO: ['storage_failed', 'The storage answered with an input/output error'],
  ESTALE: ['storage_failed', 'What was on the storage has been replaced there (stale file handle)'],
  ENOTCONN: ['storage_failed', 'The connection to the storage is broken'],
};

function describe(error: unknown): IoError {
  if (error instanceof AgentError) return { code: error.code, message: error.message, facts: error.facts };
  if (error instanceof MetadataError) return { code: 'storage_failed', message: error.message, facts: {} };
  const system = codeOf(error);
  if (system === undefined || !/^E[A-Z0-9]+$/.test(system))
    return { code: 'internal', message: error instanceof Error ? error.message : 'Unknown defect', facts: {} };
  const [code, message] = systemErrors[system] ?? ['storage_failed', `The storage answered ${system}`];
  return { code, message, facts: { errno: system } };
}
