import { Breadcrumb, BreadcrumbItem, Content, PageBreadcrumb, PageSection, Title } from '@patternfly/react-core';
import { useEffect, useRef, type ReactNode } from 'react';
import { useTexts } from '../i18n/texts.ts';
import { announced } from '../frame/announced.ts';
import { frameTexts } from '../frame/texts.ts';
import { Line } from './line.tsx';
import { PageLink } from './page-link.tsx';

export interface Crumb {
  readonly title: string;
  readonly to?: string;
}

interface PageHeaderProps {
  readonly crumbs: readonly Crumb[];
  readonly title: string;
  /** Beside the title: a status. */
  readonly mark?: ReactNode;
  readonly detail?: string | undefined;
  readonly actions?: ReactNode;
}

/** Breadcrumbs, the page's heading and what can be done. Names the document after the page, so that the change of page is told. */
export function PageHeader({ crumbs, title, mark, detail, actions }: PageHeaderProps): ReactNode {
  const say = useTexts(frameTexts);
  useEffect(() => {
    document.title = `${title} · ${say('product')}`;
    announced.set(document.title);
  }, [title, say]);
  return (
    <>
      <PageBreadcrumb>
        <Breadcrumb>
          {crumbs.map(({ title: crumb, to }) => (
            <BreadcrumbItem key={crumb}>{to === undefined ? crumb : <PageLink to={to}>{crumb}</PageLink>}</BreadcrumbItem>
          ))}
          <BreadcrumbItem isActive>{title}</BreadcrumbItem>
        </Breadcrumb>
      </PageBreadcrumb>
      <PageSection>
        <Line spread>
          <Line>
            <Heading>{title}</Heading>

            {mark}
          </Line>
          {actions}
        </Line>
        {detail !== undefined && detail !== '' && <Content component="p">{detail}</Content>}
      </PageSection>
    </>
  );
}

/** Takes the focus when the page changes, so that the keyboard and a screen reader begin there. */
function Heading({ children }: { children: string }): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const active = document.activeElement;
    // Whoever types somewhere else, in the search of a list for example, is left there.
    if (active === null || active === document.body || active.closest('nav') !== null) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <Title headingLevel="h1" tabIndex={-1} ref={heading}>
      {children}
    </Title>
  );
}
