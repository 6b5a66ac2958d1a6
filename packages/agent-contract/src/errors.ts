/**
 * What an agent answers when it cannot or will not. The manager's jobs decide by the code whether to retry, unwind
 * or ask for attention; the message is for people.
 */
export const agentErrors = {
  bad_request: 'the call does not fit the contract',
  stale_epoch: 'a newer manager has spoken to this host',
  operation_reused: 'this operation id was used for another call',
  unknown_vm: 'no such run on this host',
  other_run: 'another run of this VM is on this host',
  wrong_state: 'the run is not in a state that allows this',
  unknown_domain: 'this storage domain is not connected here',
  domain_exists: 'there is a storage domain already',
  unknown_volume: 'no such volume',
  volume_exists: 'there is another volume of this name',
  volume_in_use: 'the volume is used by a running VM, a transfer or a task',
  unknown_transfer: 'no such transfer',
  unknown_task: 'no such task',
  unknown_network: 'the host has no such network',
  image_lies: 'the image is not what it says',
  no_space: 'the storage is full',
  storage_failed: 'the storage answered with an error',
  storage_hangs: 'the storage did not answer in time',
  hypervisor_failed: 'libvirt or QEMU refused',
  hypervisor_unreachable: 'libvirt did not answer; it is being started again, or hangs',
  no_guest_agent: 'the guest has no agent that answers',
  guest_refused: 'the guest did not do what it was asked',
  not_supported: 'this host cannot do that',
  deadline: 'it took too long',
  unreachable: 'the host cannot be reached',
  internal: 'the agent has a defect',
} as const;

export type AgentErrorCode = keyof typeof agentErrors;

export class AgentError extends Error {
  readonly code: AgentErrorCode;
  /** Facts for the reader: field, libvirt's code, the reason an image was refused, … Never a secret. */
  readonly facts: Readonly<Record<string, string | number>>;

  constructor(code: AgentErrorCode, message: string = agentErrors[code], facts: Readonly<Record<string, string | number>> = {}) {
    super(message);
    this.name = 'AgentError';
    this.code = code;
    this.facts = facts;
  }
}

/** Nothing was refused: what answers for the call was not there. */
export const transientCodes: ReadonlySet<AgentErrorCode> = new Set(['unreachable', 'deadline', 'storage_hangs', 'hypervisor_unreachable']);

/**
 * Whether the same call may be made again as it is, and may then succeed. It says nothing about effects: an answer that did
 * not come may have been lost behind one. Changing calls are idempotent, so repeating them is always safe.
 */
export function isTransient(error: unknown): boolean {
  return error instanceof AgentError && transientCodes.has(error.code);
}

export function isAgentErrorCode(code: string): code is AgentErrorCode {
  return Object.hasOwn(agentErrors, code);
}
