import {
  Button,
  Dropdown,
  DropdownGroup,
  DropdownItem,
  DropdownList,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadMain,
  MastheadToggle,
  MenuToggle,
  NotificationBadge,
  PageToggleButton,
} from '@patternfly/react-core';
import { BarsIcon, BellIcon, CogIcon, ListIcon, QuestionCircleIcon, SearchIcon, UserIcon } from '@patternfly/react-icons';
import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { logOut } from '../api/session.ts';
import { useNarrow } from '../components/use-narrow.ts';
import { language, languages } from '../i18n/language.ts';
import { useTexts } from '../i18n/texts.ts';
import { useStore } from '../store.ts';
import { frameTexts } from './texts.ts';
import { theme, themes } from './theme.ts';

export type OpenDrawer = 'tasks' | 'events' | undefined;

interface PortalMastheadProps {
  readonly user: string;
  readonly running: number;
  readonly unread: number;
  readonly drawer: OpenDrawer;
  readonly onDrawer: (drawer: OpenDrawer) => void;
  readonly onPalette: () => void;
}

export function PortalMasthead({ user, running, unread, drawer, onDrawer, onPalette }: PortalMastheadProps): ReactNode {
  const say = useTexts(frameTexts);
  const narrow = useNarrow();
  return (
    <Masthead display={{ default: 'inline' }}>
      <MastheadMain>
        <MastheadToggle>
          <PageToggleButton variant="plain" aria-label={say('navigation.toggle')}>
            <BarsIcon />
          </PageToggleButton>
        </MastheadToggle>
        <MastheadBrand>
          <Link to="/" className="ostler-brand">
            {say('product')}
          </Link>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <div className="ostler-line ostler-masthead">
          {narrow ? (
            <Button variant="plain" aria-label={say('search')} icon={<SearchIcon />} onClick={onPalette} />
          ) : (
            <Button
              variant="secondary"
              className="ostler-palette-trigger"
              icon={<SearchIcon />}
              onClick={onPalette}
              aria-keyshortcuts="Control+K"
            >
              {say('search')} <kbd>{say('search.keys')}</kbd>
            </Button>
          )}
          <span className="ostler-far" />
          <NotificationBadge
            variant={running > 0 ? 'unread' : 'read'}
            count={running}
            icon={<ListIcon />}
            aria-label={running > 0 ? say('tasks.running', { count: running }) : say('tasks')}
            isExpanded={drawer === 'tasks'}
            onClick={() => onDrawer(drawer === 'tasks' ? undefined : 'tasks')}
          />
          <NotificationBadge
            variant={unread > 0 ? 'unread' : 'read'}
            count={unread}
            icon={<BellIcon />}
            aria-label={unread > 0 ? say('events.new', { count: unread }) : say('events')}
            isExpanded={drawer === 'events'}
            onClick={() => onDrawer(drawer === 'events' ? undefined : 'events')}
          />
          {!narrow && <HelpMenu />}
          {!narrow && <SettingsMenu />}
          <UserMenu user={user} narrow={narrow} />
        </div>
      </MastheadContent>
    </Masthead>
  );
}

function HelpMenu(): ReactNode {
  const say = useTexts(frameTexts);
  const [open, setOpen] = useState(false);
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      popperProps={{ position: 'right' }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          variant="plain"
          aria-label={say('help')}
          isExpanded={open}
          onClick={() => setOpen(!open)}
          icon={<QuestionCircleIcon />}
        />
      )}
    >
      <DropdownList>
        <DropdownItem to="/ovirt-engine/services/pki-resource?resource=ca-certificate&format=X509-PEM-CA">{say('help.ca')}</DropdownItem>
      </DropdownList>
    </Dropdown>
  );
}

function SettingsMenu(): ReactNode {
  const say = useTexts(frameTexts);
  const [open, setOpen] = useState(false);
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      popperProps={{ position: 'right' }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          variant="plain"
          aria-label={say('settings')}
          isExpanded={open}
          onClick={() => setOpen(!open)}
          icon={<CogIcon />}
        />
      )}
    >
      <SettingsItems />
    </Dropdown>
  );
}

/** Theme and language; on a phone they stand in the account's menu. */
function SettingsItems(): ReactNode {
  const say = useTexts(frameTexts);
  const chosenTheme = useStore(theme);
  const chosenLanguage = useStore(language);
  return (
    <>
      <DropdownGroup label={say('theme')}>
        <DropdownList>
          {themes.map((one) => (
            <DropdownItem key={one} isSelected={one === chosenTheme} onClick={() => theme.set(one)}>
              {say(`theme.${one}`)}
            </DropdownItem>
          ))}
        </DropdownList>
      </DropdownGroup>
      <DropdownGroup label={say('language')}>
        <DropdownList>
          {languages.map((one) => (
            <DropdownItem key={one} isSelected={one === chosenLanguage} onClick={() => language.set(one)}>
              {say(`language.${one}`)}
            </DropdownItem>
          ))}
        </DropdownList>
      </DropdownGroup>
    </>
  );
}

function UserMenu({ user, narrow }: { user: string; narrow: boolean }): ReactNode {
  const say = useTexts(frameTexts);
  const [open, setOpen] = useState(false);
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      popperProps={{ position: 'right' }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          variant={narrow ? 'plain' : 'plainText'}
          aria-label={say('user.menu', { user })}
          isExpanded={open}
          onClick={() => setOpen(!open)}
          icon={<UserIcon />}
        >
          {narrow ? undefined : user}
        </MenuToggle>
      )}
    >
      {narrow && <SettingsItems />}
      <DropdownList>
        <DropdownItem onClick={() => void logOut()}>{say('logout')}</DropdownItem>
      </DropdownList>
    </Dropdown>
  );
}
