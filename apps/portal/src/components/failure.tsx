import { ApiFault } from '@ostler/contract/client-core';
import { Button, EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter } from '@patternfly/react-core';
import { ExclamationCircleIcon, SearchIcon } from '@patternfly/react-icons';
import type { ReactNode } from 'react';
import { useTexts } from '../i18n/texts.ts';
import { commonTexts } from './texts.ts';

/** The sentence of whatever was thrown. */
export const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What could not be read, why, and what would help. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }): ReactNode {
  const say = useTexts(commonTexts);
  const missing = error instanceof ApiFault && error.status === 404;
  return (
    <EmptyState
      headingLevel="h2"
      titleText={say(missing ? 'missing' : 'failed')}
      icon={missing ? SearchIcon : ExclamationCircleIcon}
      {...(!missing && { status: 'danger' as const })}
    >
      <EmptyStateBody>{missing ? say('missing.detail') : sentenceOf(error)}</EmptyStateBody>
      {retry && !missing && (
        <EmptyStateFooter>
          <EmptyStateActions>
            <Button variant="primary" onClick={retry}>
              {say('again')}
            </Button>
          </EmptyStateActions>
        </EmptyStateFooter>
      )}
    </EmptyState>
  );
}
