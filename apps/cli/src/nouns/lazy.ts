import type { Command } from 'commander';
import { addFlags, type Flag } from './flags.ts';
import { remember } from './offer.ts';

/**
 * Flags that a command gets once it is called, or asked what it has: all nouns' flags are thousands, and one call needs those of one
 * verb.
 */
const waiting = new WeakMap<Command, (() => readonly Flag[])[]>();

export function flagsLater(command: Command, flags: () => readonly Flag[]): void {
  waiting.set(command, [...(waiting.get(command) ?? []), flags]);
}

export function complete(command: Command): void {
  for (const flags of waiting.get(command) ?? []) remember(command, addFlags(command, flags()));
  waiting.delete(command);
}

/** Completes each command that is called before its arguments are read. */
export function completeOnCall(command: Command): void {
  for (const one of command.commands) completeOnCall(one);
  if (command.commands.length > 0) command.hook('preSubcommand', (_parent, called) => complete(called));
}
