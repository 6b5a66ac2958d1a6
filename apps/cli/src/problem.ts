import { CommanderError } from 'commander';
import { ApiFault, ApiUnreachable } from '@ostler/contract/client';

/** What the program's end tells scripts. */
export const exitCodes = {
  done: 0,
  /** Refused by the API, or begun and failed. */
  failed: 1,
  usage: 2,
  /** Not logged in, or there is nobody to talk to. */
  unreachable: 3,
  notFound: 4,
  /** Seen, but not allowed to this user. */
  notPermitted: 5,
  /** What was waited for has not come in time; it may yet. */
  timeout: 6,
  /** As shells count Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Something that the person at the terminal can understand and act upon; the message is the whole of what they are told. */
export class Problem extends Error {
  readonly exitCode: ExitCode;
  constructor(message: string, exitCode: ExitCode = exitCodes.failed) {
    super(message);
    this.name = 'Problem';
    this.exitCode = exitCode;
  }
}

export const usageProblem = (message: string): Problem => new Problem(message, exitCodes.usage);

/** The person has had enough. */
export const interrupted = (message = 'Interrupted.'): Problem => new Problem(message, exitCodes.interrupted);

/** What to say and how to end. The API's refusals are sentences already and are passed on as they are. */
export function outcomeOf(error: unknown): { readonly text: string | undefined; readonly exitCode: ExitCode } {
  if (error instanceof Problem) return { text: error.message, exitCode: error.exitCode };
  // commander has said it on its own; help that was asked for is no mistake.
  if (error instanceof CommanderError) return { text: undefined, exitCode: error.exitCode === 0 ? exitCodes.done : exitCodes.usage };
  if (error instanceof ApiFault) return { text: sentenceOf(error), exitCode: exitCodeOfStatus(error.status) };
  if (error instanceof ApiUnreachable) return { text: `${error.message}.`, exitCode: exitCodes.unreachable };
  return { text: error instanceof Error ? error.message : String(error), exitCode: exitCodes.failed };
}

function exitCodeOfStatus(status: number): ExitCode {
  if (status === 401) return exitCodes.unreachable;
  if (status === 403) return exitCodes.notPermitted;
  return status === 404 ? exitCodes.notFound : exitCodes.failed;
}

const sentenceOf = (fault: ApiFault): string =>
  fault.status === 401 && fault.code !== 'access_denied'
    ? 'You are not logged in, or not any more. Log in with "ostler login".'
    : fault.message;
