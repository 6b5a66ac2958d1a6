import { Nav, NavExpandable, NavItem, NavList, PageSidebar, PageSidebarBody } from '@patternfly/react-core';
import { Link, useLocation } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTexts } from '../i18n/texts.ts';
import { navigationGroups } from './navigation-entries.ts';
import { frameTexts } from './texts.ts';

export function Navigation({ onNavigate }: { onNavigate: () => void }): ReactNode {
  const say = useTexts(frameTexts);
  const { pathname } = useLocation();
  const isAt = (to: string) => pathname === to || pathname.startsWith(`${to}/`);
  return (
    <PageSidebar>
      <PageSidebarBody>
        <Nav aria-label={say('navigation')}>
          <NavList>
            <Entry to="/" title={say('dashboard')} active={pathname === '/'} onNavigate={onNavigate} />
            {navigationGroups.map(({ key, entries }) => (
              <NavExpandable key={key} title={say(key)} groupId={key} isActive={entries.some(({ to }) => isAt(to))} isExpanded>
                {entries.map(({ key: entry, to }) => (
                  <Entry key={entry} to={to} title={say(entry)} active={isAt(to)} onNavigate={onNavigate} />
                ))}
              </NavExpandable>
            ))}
          </NavList>
        </Nav>
      </PageSidebarBody>
    </PageSidebar>
  );
}

function Entry({ to, title, active, onNavigate }: { to: string; title: string; active: boolean; onNavigate: () => void }): ReactNode {
  return (
    <NavItem itemId={to} isActive={active}>
      <Link to={to} onClick={onNavigate} {...(active && { 'aria-current': 'page' as const })}>
        {title}
      </Link>
    </NavItem>
  );
}
