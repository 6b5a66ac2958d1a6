import {
  Button,
  EmptyState,
  EmptyStateBody,
  NotificationDrawer,
  NotificationDrawerBody,
  NotificationDrawerHeader,
  NotificationDrawerList,
  NotificationDrawerListItem,
  NotificationDrawerListItemBody,
  NotificationDrawerListItemHeader,
} from '@patternfly/react-core';
import { BellIcon } from '@patternfly/react-icons';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Moment } from '../components/moment.tsx';
import { PageLink } from '../components/page-link.tsx';
import { useTexts } from '../i18n/texts.ts';
import { useStore } from '../store.ts';
import { lastReadEvent, recentEvents } from './events.ts';
import { paths } from './paths.ts';
import { frameTexts } from './texts.ts';

const variants = { normal: 'info', warning: 'warning', error: 'danger', alert: 'danger' } as const;

export default function EventsDrawer({ onClose }: { onClose: () => void }): ReactNode {
  const say = useTexts(frameTexts);
  const { data = [] } = useQuery(recentEvents);
  const lastRead = Number(useStore(lastReadEvent));
  const [newest] = data;
  const unread = data.filter(({ index = 0 }) => index > lastRead).length;
  return (
    <NotificationDrawer aria-label={say('events')}>
      <NotificationDrawerHeader
        title={say('events')}
        customText={unread > 0 ? say('events.new', { count: unread }) : ' '}
        onClose={onClose}
        closeButtonAriaLabel={say('close')}
      >
        <Button variant="link" isInline onClick={() => lastReadEvent.set(String(newest?.index ?? 0))}>
          {say('events.read')}
        </Button>
      </NotificationDrawerHeader>
      <NotificationDrawerBody>
        {data.length === 0 ? (
          <EmptyState headingLevel="h2" titleText={say('events.none')} icon={BellIcon}>
            <EmptyStateBody>{say('events.none.detail')}</EmptyStateBody>
          </EmptyState>
        ) : (
          <NotificationDrawerList aria-label={say('events')}>
            {data.map(({ id, index = 0, severity = 'normal', description = '', time }) => (
              <NotificationDrawerListItem
                key={id}
                variant={variants[severity]}
                isRead={index <= lastRead}
                isHoverable={false}
                tabIndex={-1}
              >
                <NotificationDrawerListItemHeader variant={variants[severity]} title={description} headingLevel="h2" />
                <NotificationDrawerListItemBody timestamp={<Moment at={time} />} />
              </NotificationDrawerListItem>
            ))}
          </NotificationDrawerList>
        )}
        <div className="ostler-drawer-foot">
          <PageLink to={paths.events()}>{say('events.all')}</PageLink>
        </div>
      </NotificationDrawerBody>
    </NotificationDrawer>
  );
}
