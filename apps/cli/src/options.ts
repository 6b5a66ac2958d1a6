import { InvalidArgumentError } from 'commander';
import { parseSize } from './sizes.ts';

/** What options hold, read; commander tells the option with the message. */

export function size(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined) throw new InvalidArgumentError('Write a size as 512MiB, 1.5GiB, or a number of bytes.');
  return bytes;
}

export function count(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError('It is a number from 1 on.');
  return number;
}

export function seconds(text: string): number {
  const number = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || number > 7 * 86_400) throw new InvalidArgumentError('It is a number of seconds, a week at most.');
  return number;
}

/** For options that may be given several times. */
export const several = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];
