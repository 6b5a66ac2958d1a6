import { PageSection, Skeleton, Tab, Tabs, TabTitleText } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Suspense, useId, type ReactNode } from 'react';
import { api } from '../api/client.ts';
import type { Client } from '@ostler/contract/client-core';
import { useTexts } from '../i18n/texts.ts';
import type { ObjectAction, Row } from './action.ts';
import { ActionMenu } from './action-menu.tsx';
import { Failure } from './failure.tsx';
import { PageHeader, type Crumb } from './page-header.tsx';
import { commonTexts } from './texts.ts';

export interface DetailsTab<T> {
  readonly key: string;
  readonly title: string;
  readonly content: (object: T) => ReactNode;
}

interface DetailsPageProps<T extends Row> {
  readonly noun: string;
  readonly id: string;
  readonly tab: string | undefined;
  /** The page of a tab. */
  readonly pathOf: (tab: string) => string;
  readonly crumbs: readonly Crumb[];
  readonly read: (client: Client, options: { signal: AbortSignal }) => Promise<T>;
  readonly mark: (object: T) => ReactNode;
  readonly detail?: (object: T) => string | undefined;
  readonly actions: readonly ObjectAction<T>[];
  readonly tabs: readonly DetailsTab<T>[];
}

/** An object's page: its status and actions above, and its tabs, each with an address of its own. */
export function DetailsPage<T extends Row>(props: DetailsPageProps<T>): ReactNode {
  const { noun, id, tab, pathOf, crumbs, read, mark, detail, actions, tabs } = props;
  const say = useTexts(commonTexts);
  const navigate = useNavigate();
  const panel = useId();
  const object = useQuery({ queryKey: [noun, 'item', id], queryFn: ({ signal }) => read(api, { signal }) });
  const [first] = tabs;
  const active = tabs.find(({ key }) => key === tab) ?? first;
  if (object.error && object.data === undefined) return <Failure error={object.error} retry={() => void object.refetch()} />;
  if (!object.data)
    return (
      <PageSection>
        <Skeleton screenreaderText={say('loading')} />
      </PageSection>
    );
  // What was here and is gone is told, with the way back, not silently replaced.
  if (object.error) return <Failure error={object.error} />;
  return (
    <>
      <PageHeader
        crumbs={crumbs}
        title={object.data.name ?? id}
        mark={mark(object.data)}
        detail={detail?.(object.data)}
        actions={<ActionMenu row={object.data} actions={actions} withButtons />}
      />
      <PageSection type="tabs">
        <Tabs
          activeKey={active?.key ?? ''}
          usePageInsets
          aria-label={object.data.name ?? id}
          onSelect={(_event, key) => void navigate({ to: pathOf(String(key)) })}
        >
          {tabs.map(({ key, title }) => (
            <Tab key={key} eventKey={key} tabContentId={panel} title={<TabTitleText>{title}</TabTitleText>} />
          ))}
        </Tabs>
      </PageSection>
      <PageSection isFilled>
        <div id={panel} role="tabpanel" tabIndex={0} aria-label={active?.title}>
          <Suspense fallback={<Skeleton screenreaderText={say('loading')} />}>
            <div className="ostler-stack">{active?.content(object.data)}</div>
          </Suspense>
        </div>
      </PageSection>
    </>
  );
}
