import { AgentError } from '@ostler/agent-contract/errors';
import { agentErrorOf, type Link } from './link.ts';
import type { KnownRun, Runs } from './runs.ts';
import type { Turns } from './turns.ts';

interface Which {
  readonly vm: string;
  readonly run: string;
}

/** What a change asks for of a run, and when: the same for every call about a VM that is there. */
export interface Asked {
  /** What the VM is doing on this host; another run than the one meant is nobody's to touch. */
  runOf(which: Which): KnownRun;
  liveOf(which: Which): KnownRun;
  /** Who can act on a request: a paused guest can not. */
  awakeOf(which: Which): KnownRun;
  /** One change of a VM that is there: it begins when its turn has come. Libvirt's refusals become the contract's. */
  changing<I extends Which>(work: (input: I) => Promise<unknown>): (input: I) => Promise<Record<string, never>>;
  /** The same, with an answer. */
  answering<I extends Which, O>(work: (input: I) => Promise<O>): (input: I) => Promise<O>;
}

export function askedOf({ link, runs, turn }: { link: Pick<Link, 'open'>; runs: Pick<Runs, 'get'>; turn: Turns }): Asked {
  function runOf({ vm, run }: Which): KnownRun {
    const known = runs.get(vm);
    if (!known) throw new AgentError('unknown_vm', `VM ${vm} is not on this host`);
    if (known.run !== run) throw new AgentError('other_run', `VM ${known.name} is here with another run`, { run: known.run });
    return known;
  }
  function liveOf(which: Which): KnownRun {
    const known = runOf(which);
    if (known.state.kind === 'ended') throw new AgentError('wrong_state', `VM ${known.name} has ended`, { state: 'ended' });
    return known;
  }
  const answering =
    <I extends Which, O>(work: (input: I) => Promise<O>) =>
    (input: I): Promise<O> =>
      turn(input.vm, async () => {
        // After a start of the agent nothing is known before libvirt has been read.
        await link.open();
        try {
          return await work(input);
        } catch (error) {
          throw agentErrorOf(error);
        }
      });
  return {
    runOf,
    liveOf,
    awakeOf(which) {
      const known = liveOf(which);
      if (known.state.kind === 'paused') throw new AgentError('wrong_state', `VM ${known.name} is paused`, { state: 'paused' });
      return known;
    },
    answering,
    changing: (work) =>
      answering(async (input) => {
        await work(input);
        return {};
      }),
  };
}
