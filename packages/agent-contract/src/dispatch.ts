import { createHash } from 'node:crypto';
import { Compile } from 'typebox/compile';
import { calls, isCallName, type CallName, type Mandate } from './calls.ts';
import { AgentError, isAgentErrorCode } from './errors.ts';
import type { AgentImplementation, OperationJournal, Outcome } from './implementation.ts';

type Validator = ReturnType<typeof Compile>;
const inputs = new Map<CallName, Validator>();
const inputOf = (call: CallName): Validator => {
  const known = inputs.get(call);
  if (known) return known;
  const compiled = Compile(calls[call].input);
  inputs.set(call, compiled);
  return compiled;
};

export type Dispatch = (name: string, input: unknown, mandate: Mandate | undefined, signal: AbortSignal) => Promise<unknown>;

/**
 * Takes one call from the wire to the implementation: validates it, refuses a manager whose time is over, and does an
 * operation once however often it is asked. Two requests for one operation at the same time share its single run.
 */
export function dispatcher(implementation: AgentImplementation, journal: OperationJournal): Dispatch {
  const underway = new Map<string, { fingerprint: string; outcome: Promise<Outcome> }>();

  return async function dispatch(name: string, input: unknown, mandate: Mandate | undefined, signal: AbortSignal): Promise<unknown> {
    if (!isCallName(name)) throw new AgentError('bad_request', `There is no call ${name}`);
    checkInput(name, input);
    if (calls[name].kind === 'look') return invoke(implementation, name, input, { signal });
    if (!mandate || !isMandate(mandate)) throw new AgentError('bad_request', `${name} needs an epoch and an operation id`);
    await acceptEpoch(journal, mandate.epoch);

    const fingerprint = fingerprintOf(name, input);
    const before = journal.outcomeOf(mandate.operation) ?? underway.get(mandate.operation);
    if (before) {
      if (before.fingerprint !== fingerprint)
        throw new AgentError('operation_reused', `Operation ${mandate.operation} was another call than this ${name}`);
      return resultOf(await within(calls[name].deadline, before.outcome));
    }
    // The work is not tied to the caller's connection or patience: a caller that comes back with the same id joins it.
    const outcome = perform(implementation, journal, name, input, mandate, fingerprint).finally(() => underway.delete(mandate.operation));
    underway.set(mandate.operation, { fingerprint, outcome });
    return resultOf(await within(calls[name].deadline, outcome));
  };
}

/** The caller is answered in time even where the implementation hangs in a system call that nothing can interrupt. */
async function within(deadline: number, outcome: Outcome | Promise<Outcome>): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Outcome>((resolve) => {
    timer = setTimeout(
      () => resolve({ error: { code: 'deadline', message: `Not finished after ${deadline} ms; it goes on`, facts: {} } }),
      deadline,
    );
  });
  return Promise.race([outcome, late]).finally(() => clearTimeout(timer));
}

function checkInput(name: CallName, input: unknown): void {
  const validator = inputOf(name);
  if (validator.Check(input)) return;
  const [first] = [...validator.Errors(input)];
  const field = first?.instancePath.replaceAll('/', '.').replace(/^\./, '') || 'input';
  throw new AgentError('bad_request', `${name}: ${field} ${first?.message ?? 'is not as the contract has it'}`, { field });
}

/** Operation ids are kept for a day: nobody may fill the journal with a few of them. */
const isMandate = ({ epoch, operation }: Mandate) =>
  Number.isSafeInteger(epoch) && epoch >= 0 && operation.length > 0 && operation.length <= 200;

async function acceptEpoch(journal: OperationJournal, epoch: number): Promise<void> {
  const highest = journal.highestEpoch();
  if (epoch < highest) throw new AgentError('stale_epoch', `Epoch ${epoch} is over: this host has heard ${highest}`, { epoch, highest });
  await journal.raiseEpoch(epoch);
}

async function perform(
  implementation: AgentImplementation,
  journal: OperationJournal,
  name: CallName,
  input: unknown,
  mandate: Mandate,
  fingerprint: string,
): Promise<Outcome> {
  const signal = AbortSignal.timeout(calls[name].deadline);
  const outcome = await invoke(implementation, name, input, { signal, mandate }).then(
    (result): Outcome => ({ result }),
    (thrown: unknown): Outcome => ({ error: describe(thrown) }),
  );
  if (isFinal(outcome)) await journal.record(mandate.operation, fingerprint, outcome);
  return outcome;
}

/** What may go otherwise next time is not written down as the operation's outcome. */
const passing = new Set([
  'deadline',
  'storage_hangs',
  'unreachable',
  'internal',
  'volume_in_use',
  'no_space',
  'storage_failed',
  'hypervisor_failed',
  'hypervisor_unreachable',
  'unknown_domain',
  'no_guest_agent',
  'guest_refused',
]);
const isFinal = (outcome: Outcome) => 'result' in outcome || !passing.has(outcome.error.code);

function resultOf(outcome: Outcome): unknown {
  if ('result' in outcome) return outcome.result;
  const { code, message, facts } = outcome.error;
  throw new AgentError(isAgentErrorCode(code) ? code : 'internal', message, facts);
}

export function describe(thrown: unknown): { code: string; message: string; facts: Readonly<Record<string, string | number>> } {
  if (thrown instanceof AgentError) return { code: thrown.code, message: thrown.message, facts: thrown.facts };
  if (thrown instanceof DOMException && (thrown.name === 'TimeoutError' || thrown.name === 'AbortError'))
    return { code: 'deadline', message: 'The host did not finish in time', facts: {} };
  return { code: 'internal', message: thrown instanceof Error ? thrown.message : 'Unknown defect', facts: {} };
}

function fingerprintOf(name: CallName, input: unknown): string {
  return createHash('sha256')
    .update(`${name} ${canonical(input)}`)
    .digest('base64url');
}

/** JSON with sorted keys: the same call has the same text whoever wrote it. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/**
 * The one place where the table's types and a name that came from the wire meet: the input has just been checked
 * against this very call's schema.
 */
function invoke(implementation: AgentImplementation, name: CallName, input: unknown, context: object): Promise<unknown> {
  const call: (input: never, context: never) => Promise<unknown> = implementation[name];
  return call(input as never, context as never);
}
