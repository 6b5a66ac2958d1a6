import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { completeOnCall } from './lazy.ts';
import type { OwnList } from './list.ts';
import { nouns, type Noun } from './tree.ts';
import { addVerbs } from './verbs.ts';
import { about, headingOf } from './words.ts';

/** Lists that show more than the API lists at one place, by the path of nouns. */
export type OwnLists = Readonly<Record<string, OwnList>>;

/** Verbs that would say the same as one that is written by hand under another name. */
const spared: Readonly<Record<string, readonly string[]>> = {
  'vm disk': ['create', 'remove'],
  'vm nic': ['create'],
  user: ['create'],
};

/** Attachments are what people mean by the disks of a VM. */
const meant: Readonly<Record<string, string>> = { 'vm disk-attachment': 'disk', 'template disk-attachment': 'disk' };

/** Every noun and verb of the contract that nobody has written by hand. */
export function addNouns(program: Command, cli: Cli, own: OwnLists): void {
  for (const noun of nouns) addNoun(program, cli, noun, [], own);
  completeOnCall(program);
}

function addNoun(parent: Command, cli: Cli, noun: Noun, above: readonly string[], own: OwnLists): void {
  const word = meant[[...above, noun.word].join(' ')] ?? noun.word;
  const path = [...above, word];
  const known = parent.commands.find((command) => command.name() === word);
  const command = known ?? parent.command(word).description(about[word] ?? `its ${noun.title}s`);
  if (above.length === 0) command.helpGroup(headingOf(word));
  const without = spared[path.join(' ')] ?? [];
  if (without.includes('create')) command.commands.find((one) => one.name() === 'add')?.alias('create');
  addVerbs(command, cli, noun, own[path.join(' ')], without);
  for (const below of noun.below) addNoun(command, cli, below, path, own);
}
