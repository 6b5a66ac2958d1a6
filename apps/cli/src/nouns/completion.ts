import type { Command, Option } from 'commander';
import type { Run } from '../run.ts';
import { methodAt, rowsOf } from './ask.ts';
import { keyOf, type Flag } from './flags.ts';
import { complete } from './lazy.ts';
import { idsOf } from './lookup.ts';
import { flagsGiven, offeredBy } from './offer.ts';
import { idOf, namesOf } from './row.ts';
import { nouns, placeOf, type Noun } from './tree.ts';

/** What may stand where the last word is being typed. Whoever presses Tab does not wait long, and is not told of failures. */
export async function candidates(run: Run, program: Command, words: readonly string[]): Promise<string[]> {
  const current = words.at(-1) ?? '';
  const { command, path, given, valueFor } = walked(program, words.slice(0, -1));
  const fits = (all: readonly string[]) => [...new Set(all)].filter((word) => word.startsWith(current)).toSorted();
  if (valueFor !== undefined) return fits(choicesOf(command, valueFor) ?? (await named(run, referred(command, valueFor), given)));
  if (current.startsWith('-'))
    return fits([command, program].flatMap((one) => one.options.flatMap(({ long, hidden }) => (long && !hidden ? [long] : []))));
  if (command.commands.length > 0) return fits(command.commands.map((one) => one.name()).filter((name) => !name.startsWith('__')));
  return fits(await named(run, argumentAt(command, path, given.length), given));
}

interface Walked {
  readonly command: Command;
  /** The words of the commands that lead to it. */
  readonly path: readonly string[];
  /** Its arguments so far. */
  readonly given: readonly string[];
  /** The option whose value is being typed. */
  readonly valueFor: Option | undefined;
}

function walked(program: Command, words: readonly string[]): Walked {
  let command = program;
  const path: string[] = [];
  const given: string[] = [];
  let valueFor: Option | undefined;
  for (const word of words) {
    if (valueFor !== undefined) valueFor = undefined;
    else if (word.startsWith('-')) {
      complete(command);
      valueFor = [...command.options, ...program.options].find(
        ({ long, short, required }) => required && (word === long || word === short),
      );
    } else {
      const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
      if (next) path.push(word);
      else given.push(word);
      command = next ?? command;
    }
  }
  complete(command);
  return { command, path, given, valueFor };
}

/** The noun of which the next argument is. Commands that are written by hand name their arguments after it. */
function argumentAt(command: Command, path: readonly string[], at: number): Noun | undefined {
  const offered = offeredBy(command);
  if (offered.length > 0) return offered[at];
  const chain = path.slice(0, -1).reduce<Noun[]>((found, word) => {
    const noun = (found.at(-1)?.below ?? nouns).find((one) => one.word === word);
    return noun ? [...found, noun] : found;
  }, []);
  return command.registeredArguments[at] === undefined ? undefined : chain[at];
}

const flagOf = (command: Command, option: Option): Flag | undefined =>
  flagsGiven(command).find((one) => keyOf(one) === option.attributeName());

const choicesOf = (command: Command, option: Option): readonly string[] | undefined =>
  option.argChoices ?? flagOf(command, option)?.choices;

function referred(command: Command, option: Option): Noun | undefined {
  const flag = flagOf(command, option);
  if (flag) return flag.refersTo && placeOf(flag.refersTo);
  return nouns.find(({ word }) => `--${word}` === option.long);
}

const many = 200;

async function named(run: Run, noun: Noun | undefined, given: readonly string[]): Promise<string[]> {
  if (!noun?.ofAll.has('list')) return [];
  const quickly: Run = { ...run, cli: { ...run.cli, signal: AbortSignal.timeout(3_000) } };
  try {
    const ids = await idsOf(quickly, noun.above, given);
    const follow = noun.type === 'disk_attachment' ? { follow: 'disk' } : {};
    const max = noun.ofAll.get('list')?.declaration.query?.['max'] === undefined ? {} : { max: many };
    const rows = await rowsOf(methodAt(await run.api(), noun.template, ids, 'list')({ ...max, ...follow, signal: quickly.cli.signal }));
    return rows.flatMap((row) => namesOf(row)[0] ?? idOf(row) ?? []);
  } catch {
    return [];
  }
}
