import { EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter, PageSection, Button } from '@patternfly/react-core';
import { ExclamationCircleIcon, SearchIcon } from '@patternfly/react-icons';
import type { ErrorComponentProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { sentenceOf } from '../components/failure.tsx';
import { PageLink } from '../components/page-link.tsx';
import { useTexts } from '../i18n/texts.ts';
import { frameTexts } from './texts.ts';

export function MissingPage(): ReactNode {
  const say = useTexts(frameTexts);
  return (
    <PageSection isFilled>
      <EmptyState headingLevel="h1" titleText={say('page.missing')} icon={SearchIcon}>
        <EmptyStateBody>{say('page.missing.detail')}</EmptyStateBody>
        <EmptyStateFooter>
          <PageLink to="/">{say('page.dashboard')}</PageLink>
        </EmptyStateFooter>
      </EmptyState>
    </PageSection>
  );
}

/** A page that threw takes nothing else down with it. */
export function BrokenPage({ error }: ErrorComponentProps): ReactNode {
  const say = useTexts(frameTexts);
  return (
    <PageSection isFilled>
      <EmptyState headingLevel="h1" titleText={say('page.broken')} icon={ExclamationCircleIcon} status="danger">
        <EmptyStateBody>{say('page.broken.detail', { message: sentenceOf(error) })}</EmptyStateBody>
        <EmptyStateFooter>
          <EmptyStateActions>
            <Button onClick={() => location.reload()}>{say('page.again')}</Button>
          </EmptyStateActions>
        </EmptyStateFooter>
      </EmptyState>
    </PageSection>
  );
}
