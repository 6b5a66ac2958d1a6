import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '@ostler/agent-contract/errors';
import type { Progress } from '../io-protocol.ts';
import type { Disk } from './disk.ts';

export interface Context {
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Where an operation works, and how. */
export interface Place {
  readonly root: string;
  readonly disk: Disk;
  /** Work on the same thing (a domain's or an image's id) happens one after another. */
  exclusively<T>(thing: string, work: () => Promise<T>): Promise<T>;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Every id that becomes part of a path comes through here: none can climb out of its directory. */
export function idName(id: string): string {
  if (!uuid.test(id)) throw new AgentError('bad_request', 'An id is not a UUID');
  return id;
}

/**
 * The path of something on the storage, if it is what it seems: whoever can write to the storage must not lead the host to a
 * file of its own by a link.
 */
export async function confined({ root }: Place, relative: string): Promise<string> {
  const path = join(root, relative);
  if ((await realpath(path)) !== join(await realpath(root), relative))
    throw new AgentError('storage_failed', 'There is a link on the storage where there must be none');
  return path;
}

/** A directory, not a link to one. */
export async function isDirectory(path: string): Promise<boolean> {
  return lstat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

export const isId = (name: string): boolean => uuid.test(name);
