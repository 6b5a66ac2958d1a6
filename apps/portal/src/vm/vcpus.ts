import type { Api } from '@ostler/contract/schema';

/** How many virtual CPUs a topology makes. */
export const vcpusOf = (cpu: Api['vm']['cpu']): number => {
  const { sockets = 1, cores = 1, threads = 1 } = cpu?.topology ?? {};
  return sockets * cores * threads;
};
