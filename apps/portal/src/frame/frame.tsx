import { Banner, Page, SkipToContent } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Outlet } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState, type ReactNode } from 'react';
import { api } from '../api/client.ts';
import { connection } from '../api/changes.ts';
import { keepLive } from '../api/live.ts';
import { sessionState } from '../api/session.ts';
import { language } from '../i18n/language.ts';
import { useTexts } from '../i18n/texts.ts';
import { useStore } from '../store.ts';
import { announced } from './announced.ts';
import { lastReadEvent, recentEvents } from './events.ts';
import { PortalMasthead, type OpenDrawer } from './masthead.tsx';
import { Navigation } from './navigation.tsx';
import { toasts } from './toasts.ts';
import { frameTexts } from './texts.ts';
import { useNarrow } from '../components/use-narrow.ts';

const TasksDrawer = lazy(() => import('./tasks-drawer.tsx'));
const EventsDrawer = lazy(() => import('./events-drawer.tsx'));
const LoginPage = lazy(() => import('./login-page.tsx'));
const Toasts = lazy(() => import('./toast-list.tsx'));
const LoginAgain = lazy(() => import('./login-again.tsx'));
const Palette = lazy(() => import('./palette.tsx'));

/** Everything around the pages. Without a session there is only the login; the address stays, and leads there afterwards. */
export function Frame(): ReactNode {
  const state = useStore(sessionState);
  if (state.kind === 'unknown') return null;
  if (!('session' in state))
    return (
      <Suspense fallback={null}>
        <LoginPage />
      </Suspense>
    );
  return (
    <>
      <Inside user={state.session.userName} />
      {state.kind === 'ended' && (
        <Suspense fallback={null}>
          <LoginAgain user={state.session.userName} />
        </Suspense>
      )}
    </>
  );
}

function Inside({ user }: { user: string }): ReactNode {
  const say = useTexts(frameTexts);
  const client = useQueryClient();
  const narrow = useNarrow();
  const [drawer, setDrawer] = useState<OpenDrawer>();
  const [palette, setPalette] = useState(false);
  const [sidebar, setSidebar] = useState(!narrow);
  const state = useStore(sessionState);
  const token = 'session' in state && state.kind === 'open' ? state.session.token : undefined;
  const [wasNarrow, setWasNarrow] = useState(narrow);
  if (wasNarrow !== narrow) {
    setWasNarrow(narrow);
    setSidebar(!narrow);
  }
  useEffect(() => {
    if (token === undefined) return;
    const end = new AbortController();
    keepLive(client, end.signal);
    // What was refused while there was no session is read again.
    void client.invalidateQueries();
    return () => end.abort();
  }, [client, token]);
  // Whoever logs out leaves nothing in the page's memory.
  useEffect(() => () => client.clear(), [client]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'k') return;
      event.preventDefault();
      setPalette((open) => !open);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);

  const running = useQuery({
    queryKey: ['job', 'list', 'running'],
    queryFn: ({ signal }) => api.jobs.list({ search: 'status=started', max: 100, signal }),
  });
  const events = useQuery(recentEvents);
  const lastRead = Number(useStore(lastReadEvent));
  const unread = (events.data ?? []).filter(({ index = 0, severity }) => index > lastRead && severity !== 'normal').length;
  const close = () => setDrawer(undefined);
  return (
    <>
      <Page
        masthead={
          <PortalMasthead
            user={user}
            running={running.data?.length ?? 0}
            unread={unread}
            drawer={drawer}
            onDrawer={setDrawer}
            onPalette={() => setPalette(true)}
          />
        }
        sidebar={sidebar ? <Navigation onNavigate={() => narrow && setSidebar(false)} /> : undefined}
        isContentFilled
        mainContainerId="main"
        skipToContent={<SkipToContent href="#main">{say('skip')}</SkipToContent>}
        isNotificationDrawerExpanded={drawer !== undefined}
        notificationDrawer={
          <Suspense fallback={null}>
            {drawer === 'tasks' && <TasksDrawer onClose={close} />}
            {drawer === 'events' && <EventsDrawer onClose={close} />}
          </Suspense>
        }
        onPageResize={null}
      >
        <ConnectionBanner />
        <Outlet />
      </Page>
      <Announcer />
      {useStore(toasts).length > 0 && (
        <Suspense fallback={null}>
          <Toasts />
        </Suspense>
      )}
      {palette && (
        <Suspense fallback={null}>
          <Palette onClose={() => setPalette(false)} />
        </Suspense>
      )}
    </>
  );
}

/** Says that what is shown may be old. It goes when the stream is back. */
function ConnectionBanner(): ReactNode {
  const { state, since } = useStore(connection);
  return <div role="status">{state === 'lost' && <Lost since={since} />}</div>;
}

/** Once it has lasted: a line that is back at once is nobody's concern. */
function Lost({ since }: { since: number }): ReactNode {
  const say = useTexts(frameTexts);
  const spoken = useStore(language);
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 1_000);
    return () => clearTimeout(timer);
  }, []);
  if (!shown) return null;
  return (
    <Banner status="warning">
      {say('connection.lost', { time: new Intl.DateTimeFormat(spoken, { timeStyle: 'medium' }).format(since) })}{' '}
      {say('connection.retrying')}
    </Banner>
  );
}

/** Tells a screen reader which page there is now. */
function Announcer(): ReactNode {
  const said = useStore(announced);
  return (
    <div className="pf-v6-screen-reader" aria-live="polite" aria-atomic>
      {said}
    </div>
  );
}
