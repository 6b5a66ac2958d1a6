import { Alert, AlertActionCloseButton, AlertGroup } from '@patternfly/react-core';
import type { ReactNode } from 'react';
import { useTexts } from '../i18n/texts.ts';
import { useStore } from '../store.ts';
import { frameTexts } from './texts.ts';
import { dismiss, toasts } from './toasts.ts';

export default function Toasts(): ReactNode {
  const say = useTexts(frameTexts);
  return (
    <AlertGroup isToast isLiveRegion aria-label={say('toasts')}>
      {useStore(toasts).map(({ key, variant, title, detail }) => (
        <Alert
          key={key}
          variant={variant}
          title={title}
          timeout={variant === 'success' || variant === 'info' ? 6_000 : false}
          onTimeout={() => dismiss(key)}
          actionClose={<AlertActionCloseButton title={title} onClose={() => dismiss(key)} />}
        >
          {detail}
        </Alert>
      ))}
    </AlertGroup>
  );
}
