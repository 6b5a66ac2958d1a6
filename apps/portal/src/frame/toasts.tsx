import { Alert, AlertActionCloseButton, AlertGroup } from '@patternfly/react-core';
import type { ReactNode } from 'react';
import { store, useStore } from '../store.ts';
import { useTexts } from '../i18n/texts.ts';
import { frameTexts } from './texts.ts';

export interface Toast {
  readonly variant: 'success' | 'danger' | 'warning' | 'info';
  readonly title: string;
  readonly detail?: string | undefined;
}

const toasts = store<readonly (Toast & { readonly key: number })[]>([]);
let count = 0;

/** Says what came of something. Successes go by themselves; what went wrong stays until it was read. */
export function toast(said: Toast): void {
  const key = ++count;
  toasts.set([{ ...said, key }, ...toasts.get()].slice(0, 5));
}

const dismiss = (key: number) => toasts.set(toasts.get().filter((one) => one.key !== key));

export function Toasts(): ReactNode {
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
