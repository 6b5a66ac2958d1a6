import type { OperationJournal, Outcome } from '@ostler/agent-contract/implementation';

/** A journal in memory. It outlives a restart of the simulated agent, as the real one on its disk does. */
export function memoryJournal(): OperationJournal {
  const outcomes = new Map<string, { fingerprint: string; outcome: Outcome }>();
  let epoch = 0;
  return {
    highestEpoch: () => epoch,
    async raiseEpoch(raised) {
      epoch = Math.max(epoch, raised);
    },
    outcomeOf: (operation) => outcomes.get(operation),
    async record(operation, fingerprint, outcome) {
      outcomes.set(operation, { fingerprint, outcome });
    },
  };
}
