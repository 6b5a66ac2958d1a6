/** The phases of a transfer, who may ask for what in which, and what inactivity leads to (infra.md 6.1). */

export type Phase =
  | 'initializing'
  | 'transferring'
  | 'resuming'
  | 'paused_system'
  | 'paused_user'
  | 'cancelled_system'
  | 'cancelled_user'
  | 'finalizing_success'
  | 'finalizing_failure'
  | 'finished_success'
  | 'finished_failure';

export const transferActions = {
  pause: { from: ['initializing', 'resuming', 'transferring'], to: 'paused_user' },
  resume: { from: ['paused_user', 'paused_system'], to: 'resuming' },
  cancel: { from: ['initializing', 'resuming', 'transferring', 'paused_user', 'paused_system'], to: 'cancelled_user' },
  finalize: { from: ['transferring', 'paused_user', 'paused_system', 'resuming'], to: 'finalizing_success' },
  extend: { from: ['initializing', 'resuming', 'transferring'], to: undefined },
} as const satisfies Record<string, { readonly from: readonly Phase[]; readonly to: Phase | undefined }>;

export type TransferAction = keyof typeof transferActions;

/**
 * What a silence of `idle` seconds leads to, if to anything. RHV's legacy policy pauses uploads, whose client may come
 * back, and cancels downloads, whose client can begin again.
 */
export function whatNext(transfer: {
  readonly direction: 'upload' | 'download';
  readonly policy: 'legacy' | 'pause' | 'cancel';
  readonly inactivityTimeout: number;
  readonly idle: number;
}): 'paused_system' | 'cancelled_system' | undefined {
  if (transfer.inactivityTimeout === 0 || transfer.idle < transfer.inactivityTimeout) return undefined;
  if (transfer.policy === 'pause') return 'paused_system';
  if (transfer.policy === 'cancel') return 'cancelled_system';
  return transfer.direction === 'upload' ? 'paused_system' : 'cancelled_system';
}
