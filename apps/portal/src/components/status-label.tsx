import { Label } from '@patternfly/react-core';
import {
  CheckCircleIcon,
  ExclamationCircleIcon,
  ExclamationTriangleIcon,
  InProgressIcon,
  OffIcon,
  PauseCircleIcon,
  QuestionCircleIcon,
  WrenchIcon,
} from '@patternfly/react-icons';
import type { ReactNode } from 'react';

/** What a status means to a person: the colour and the sign follow from that. */
export type Meaning = 'good' | 'off' | 'paused' | 'moving' | 'care' | 'warning' | 'bad' | 'unknown';

const looks = {
  good: { status: 'success', icon: <CheckCircleIcon /> },
  off: { color: 'grey', icon: <OffIcon /> },
  paused: { color: 'blue', icon: <PauseCircleIcon /> },
  moving: { color: 'teal', icon: <InProgressIcon /> },
  care: { color: 'purple', icon: <WrenchIcon /> },
  warning: { status: 'warning', icon: <ExclamationTriangleIcon /> },
  bad: { status: 'danger', icon: <ExclamationCircleIcon /> },
  unknown: { color: 'orangered', icon: <QuestionCircleIcon /> },
} as const;

export function StatusLabel({ meaning, children }: { meaning: Meaning; children: ReactNode }): ReactNode {
  return (
    <Label variant="outline" isCompact {...looks[meaning]}>
      {children}
    </Label>
  );
}
