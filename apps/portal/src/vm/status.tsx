import type { Enum } from '@ostler/contract/schema';
import type { ReactNode } from 'react';
import { StatusLabel, type Meaning } from '../components/status-label.tsx';
import { useTexts } from '../i18n/texts.ts';
import { vmTexts } from './texts.ts';

const meanings = {
  unassigned: 'unknown',
  down: 'off',
  up: 'good',
  powering_up: 'moving',
  paused: 'paused',
  migrating: 'moving',
  unknown: 'unknown',
  not_responding: 'warning',
  wait_for_launch: 'moving',
  reboot_in_progress: 'moving',
  saving_state: 'moving',
  restoring_state: 'moving',
  suspended: 'paused',
  image_locked: 'moving',
  powering_down: 'moving',
} as const satisfies Record<Enum['vm_status'], Meaning>;

export function VmStatus({ of }: { of: Enum['vm_status'] | undefined }): ReactNode {
  const say = useTexts(vmTexts);
  const status = of ?? 'unknown';
  return <StatusLabel meaning={meanings[status]}>{say(`status.${status}`)}</StatusLabel>;
}
