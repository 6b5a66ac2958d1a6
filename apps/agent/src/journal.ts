import { constants } from 'node:fs';
import { open, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CallName } from '@ostler/agent-contract/calls';
import type { OperationJournal, Outcome } from '@ostler/agent-contract/implementation';
import type { ExitReason, VolumeReference } from '@ostler/agent-contract/values';

/**
 * All that an agent must remember over its own death: the highest epoch, outcomes by operation id, what it did to runs,
 * and tasks that it has begun. Everything else is read from libvirt and the storage.
 */
export interface AgentJournal extends OperationJournal {
  /** Rises with every start of the agent. */
  readonly incarnation: number;
  run(run: string): RunNote | undefined;
  runs(): readonly (readonly [run: string, note: RunNote])[];
  /** Durable when it returns. Adds to what is noted already. */
  noteRun(run: string, note: Omit<RunNote, 'at'>): Promise<void>;
  tasks(): readonly TaskNote[];
  noteTask(note: TaskNote): Promise<void>;
  forgetTask(task: string): Promise<void>;
  close(): Promise<void>;
}

export interface RunNote {
  /** When its QEMU was seen up for the first time. A defined domain without this is a start that never finished. */
  readonly ran?: number;
  /** A start of it is under way, or broke off before anybody heard how it went: until it has been repeated or ended, nothing of it has ended. */
  readonly starting?: boolean;
  /** Somebody asked its guest to shut down, and when: then its end is no whim of the guest. */
  readonly asked?: { readonly what: 'shutdown' | 'reboot'; readonly at: number };
  /** The end as it was seen: libvirt forgets reasons with its own restart. */
  readonly ended?: { readonly exit: ExitReason; readonly message?: string };
  /** It may never start again here: its end has been acknowledged, or came before it. */
  readonly over?: true;
  /** The volume in its CD drive, which its domain's metadata do not name. */
  readonly cd?: VolumeReference | null;
  /** When this was noted, in milliseconds. */
  readonly at: number;
}

export interface TaskNote {
  readonly task: string;
  readonly operation: string;
  readonly call: CallName;
  readonly startedAt: number;
  readonly epoch: number;
  /** What it was begun with, so that it can be begun again. Tasks have no secrets in their inputs. */
  readonly input: unknown;
  /** How it ended; absent while it runs. */
  readonly end?:
    { readonly result?: unknown } | { readonly error: { readonly code: string; readonly message: string } } | { readonly cancelled: true };
}

type Entry =
  | { readonly epoch: number }
  | { readonly incarnation: number }
  | { readonly operation: string; readonly fingerprint: string; readonly outcome: Outcome; readonly at: number }
  | { readonly run: string; readonly note: RunNote }
  | { readonly task: TaskNote }
  | { readonly forgotten: string };

interface State {
  epoch: number;
  incarnation: number;
  readonly operations: Map<string, { readonly fingerprint: string; readonly outcome: Outcome; readonly at: number }>;
  readonly runs: Map<string, RunNote>;
  readonly tasks: Map<string, TaskNote>;
}

/** Nobody repeats an operation, or sends a late start, after a day. */
const keptFor = 24 * 60 * 60 * 1000;
const smallest = 1024 * 1024;

/** The journal's file cannot be what this agent wrote. Going on would mean to forget whom it has refused. */
export class JournalDamaged extends Error {
  override readonly name = 'JournalDamaged';
}

/**
 * Opens the journal, or begins one. The file has a line for each batch of entries, and a batch counts once it is on the
 * disk with its line end; a last line without one was never answered to anybody, and is dropped.
 */
export async function openJournal(path: string, now: () => number): Promise<AgentJournal> {
  const state = await readState(path);
  state.incarnation += 1;
  const writer = await writerOf(path, state, now);

  return {
    incarnation: state.incarnation,
    highestEpoch: () => state.epoch,
    async raiseEpoch(epoch) {
      if (epoch <= state.epoch) return writer.settled();
      state.epoch = epoch;
      await writer.append({ epoch });
    },
    outcomeOf: (operation) => state.operations.get(operation),
    async record(operation, fingerprint, outcome) {
      const at = now();
      state.operations.set(operation, { fingerprint, outcome, at });
      await writer.append({ operation, fingerprint, outcome, at });
    },
    run: (run) => state.runs.get(run),
    runs: () => [...state.runs],
    async noteRun(run, added) {
      const note = { ...state.runs.get(run), ...added, at: now() };
      state.runs.set(run, note);
      await writer.append({ run, note });
    },
    tasks: () => [...state.tasks.values()],
    async noteTask(task) {
      state.tasks.set(task.task, task);
      await writer.append({ task });
    },
    async forgetTask(task) {
      if (!state.tasks.delete(task)) return writer.settled();
      await writer.append({ forgotten: task });
    },
    close: () => writer.close(),
  };
}

async function readState(path: string): Promise<State> {
  const state: State = { epoch: 0, incarnation: 0, operations: new Map(), runs: new Map(), tasks: new Map() };
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n');
  const torn = lines.pop();
  lines.forEach((line, index) => {
    const entries = parseBatch(line);
    // A crash may leave a hole in the last batch that reached the disk, line end and all; in an earlier one it cannot.
    if (!entries && !(index === lines.length - 1 && torn === ''))
      throw new JournalDamaged(`Line ${index + 1} of ${path} is not what this agent wrote`);
    for (const entry of entries ?? []) apply(state, entry);
  });
  return state;
}

function parseBatch(line: string): Entry[] | undefined {
  try {
    const batch: unknown = JSON.parse(line);
    return Array.isArray(batch) ? batch : undefined;
  } catch {
    return undefined;
  }
}

function apply(state: State, entry: Entry): void {
  if ('epoch' in entry) state.epoch = Math.max(state.epoch, entry.epoch);
  else if ('incarnation' in entry) state.incarnation = Math.max(state.incarnation, entry.incarnation);
  else if ('operation' in entry) {
    const { operation, ...outcome } = entry;
    state.operations.set(operation, outcome);
  } else if ('run' in entry) state.runs.set(entry.run, entry.note);
  else if ('task' in entry) state.tasks.set(entry.task.task, entry.task);
  else state.tasks.delete(entry.forgotten);
}

/** Forgets what is older than a day, and returns what is left as entries. */
function prune(state: State, now: number): Entry[] {
  for (const [operation, { at }] of state.operations) if (at < now - keptFor) state.operations.delete(operation);
  for (const [run, { over, at }] of state.runs) if (over && at < now - keptFor) state.runs.delete(run);
  for (const [task, { startedAt, end }] of state.tasks) if (end && startedAt < now - keptFor) state.tasks.delete(task);
  return [
    { epoch: state.epoch },
    { incarnation: state.incarnation },
    ...[...state.operations].map(([operation, outcome]) => ({ operation, ...outcome })),
    ...[...state.runs].map(([run, note]) => ({ run, note })),
    ...[...state.tasks.values()].map((task) => ({ task })),
  ];
}

interface Writer {
  /** Returns when the entry is on the disk. Entries that come meanwhile share the next write. */
  append(entry: Entry): Promise<void>;
  /** Returns when everything that was appended before is on the disk. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

async function writerOf(path: string, state: State, now: () => number): Promise<Writer> {
  let { file, size } = await rewrite(path, prune(state, now()));
  let limit = Math.max(smallest, 4 * size);
  let waiting: Entry[] = [];
  let next: Promise<void> | undefined;
  let current: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    next = undefined;
    const batch = waiting;
    waiting = [];
    if (size > limit) {
      // The state has this batch already, and what an earlier write failed to keep.
      const old = file;
      ({ file, size } = await rewrite(path, prune(state, now())));
      limit = Math.max(smallest, 4 * size);
      return old.close();
    }
    try {
      await append(batch);
    } catch (error) {
      limit = -1;
      throw error;
    }
  }

  async function append(batch: readonly Entry[]): Promise<void> {
    const line = Buffer.from(`${JSON.stringify(batch)}\n`);
    // At its place rather than at the end: what a failed write left there is overwritten by the next.
    const { bytesWritten } = await file.write(line, 0, line.length, size);
    if (bytesWritten < line.length) throw new Error(`Only ${bytesWritten} of ${line.length} bytes could be written to the journal`);
    await file.datasync();
    size += line.length;
  }

  const schedule = (): Promise<void> => {
    if (next) return next;
    const turn = current.then(write, write);
    current = turn;
    next = turn;
    // Who appended hears of a failure; the queue goes on.
    turn.catch(() => undefined);
    return turn;
  };

  return {
    append(entry) {
      waiting.push(entry);
      return schedule();
    },
    settled: () => current,
    async close() {
      await current.catch(() => undefined);
      await file.close();
    },
  };
}

/** A whole new journal in place of the old, which is there until the new one is on the disk. */
async function rewrite(path: string, entries: readonly Entry[]): Promise<{ file: FileHandle; size: number }> {
  const draft = `${path}.new`;
  await rm(draft, { force: true });
  const file = await open(draft, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  const content = Buffer.from(`${JSON.stringify(entries)}\n`);
  await file.writeFile(content);
  await file.sync();
  await rename(draft, path);
  const directory = await open(dirname(path), constants.O_RDONLY);
  await directory.sync();
  await directory.close();
  return { file, size: content.length };
}
