import type { Command } from 'commander';
import type { Flag } from './flags.ts';
import type { Noun } from './tree.ts';

/** Of which noun the arguments of a command are: what completion looks up. */
const offered = new WeakMap<Command, readonly Noun[]>();

export const offer = (command: Command, nouns: readonly Noun[]): void => void offered.set(command, nouns);
export const offeredBy = (command: Command): readonly Noun[] => offered.get(command) ?? [];

/** The flags that a command got from the contract. */
const given = new WeakMap<Command, readonly Flag[]>();
export const remember = (command: Command, flags: readonly Flag[]): void =>
  void given.set(command, [...(given.get(command) ?? []), ...flags]);
export const flagsGiven = (command: Command): readonly Flag[] => given.get(command) ?? [];
