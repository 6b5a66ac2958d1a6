import { serving, type DryRun, type Started } from '@ostler/contract/handlers';
import type { Refusal } from '@ostler/domain/reason';
import type { Reader } from '../access/login.ts';
import type { Database } from '../db/database.ts';
import type { Secrets } from '../db/secrets.ts';
import type { Agents } from '../monitoring/agents.ts';
import type { Mutation } from './mutation.ts';
import type { TicketSigner } from './tickets.ts';

/** What the server adds to every call. */
export interface Context {
  readonly db: Database;
  readonly reader: Reader;
  readonly correlation: string;
  readonly secrets: Secrets;
  readonly now: () => number;
  /** What clients reach us by: console and transfer URLs begin with it. `https://manager.example:8443` */
  readonly origin: string;
  readonly tickets: TicketSigner;
  /** For the few short calls that a client waits for; everything else is a job's. */
  readonly agents: Agents;
  /** Plans, and commits unless it is a dry run. */
  readonly mutate: <Data, Output>(mutation: Mutation<Data, Output>) => Promise<Output | Started<Output> | DryRun | Refusal>;
}

/** `serve('vms', { list: … })`: a service's handlers, typed by the contract. */
export const serve = serving<Context>();
