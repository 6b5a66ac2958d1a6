import { Card, CardBody, CardTitle, Gallery, PageSection } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../api/client.ts';
import { EventsTab } from '../components/events-tab.tsx';
import { PageHeader } from '../components/page-header.tsx';
import { PageLink } from '../components/page-link.tsx';
import { paths, searched } from '../frame/paths.ts';
import { frameTexts } from '../frame/texts.ts';
import { texts, useTexts } from '../i18n/texts.ts';

const dashboardTexts = texts('dashboard', {
  title: ['Dashboard', 'Dashboard'],
  'of.active': ['{{active}} of {{total}} active', '{{active}} von {{total}} aktiv'],
  problems: ['Problems lately', 'Probleme der letzten Zeit'],
});

/** How things stand: what there is by state, and what went wrong, each linked to where it can be looked at. */
export function DashboardPage(): ReactNode {
  const say = useTexts(dashboardTexts);
  const frame = useTexts(frameTexts);
  const entry = useQuery({ queryKey: ['vm', 'list', 'summary'], queryFn: ({ signal }) => api.get({ signal }) });
  const { vms, hosts, storage_domains: domains } = entry.data?.summary ?? {};
  const cards = [
    { key: 'vms', counts: vms, to: paths.vms(), active: searched(paths.vms(), 'status = up') },
    { key: 'hosts', counts: hosts, to: paths.hosts(), active: searched(paths.hosts(), 'status = up') },
    { key: 'domains', counts: domains, to: paths.domains(), active: searched(paths.domains(), 'status = active') },
  ] as const;
  return (
    <>
      <PageHeader crumbs={[]} title={say('title')} />
      <PageSection>
        <Gallery hasGutter>
          {cards.map(({ key, counts, to }) => (
            <Card key={key} isCompact>
              <CardTitle component="h2">
                <PageLink to={to}>{frame(key)}</PageLink>
              </CardTitle>
              <CardBody>{counts ? say('of.active', { active: counts.active ?? 0, total: counts.total ?? 0 }) : '–'}</CardBody>
            </Card>
          ))}
        </Gallery>
      </PageSection>
      <PageSection isFilled>
        <Card isCompact>
          <CardTitle component="h2">{say('problems')}</CardTitle>
          <CardBody>
            <EventsTab search="severity != normal" />
          </CardBody>
        </Card>
      </PageSection>
    </>
  );
}
