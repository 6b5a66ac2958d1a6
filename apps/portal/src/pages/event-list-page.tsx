import { enums } from '@ostler/contract/schema';
import type { ReactNode } from 'react';
import { api } from '../api/client.ts';
import { useEventColumns } from '../components/events-tab.tsx';
import { ListPage } from '../components/list-page.tsx';
import { commonTexts } from '../components/texts.ts';
import { frameTexts } from '../frame/texts.ts';
import { useTexts } from '../i18n/texts.ts';

const values = { severity: enums.log_severity };

export function EventListPage(): ReactNode {
  const say = useTexts(frameTexts);
  const common = useTexts(commonTexts);
  return (
    <ListPage
      noun="event"
      search="events"
      title={say('events')}
      crumbs={[{ title: say('administration') }]}
      // The newest first, unless somebody sorts.
      read={({ search, ...options }) => api.events.list({ ...options, search: newestFirst(search) })}
      columns={useEventColumns()}
      values={values}
      empty={{ title: common('nothing.events'), detail: say('events.none.detail') }}
    />
  );
}

const newestFirst = (search: string): string =>
  /\bsortby\b/i.test(search) ? search : search.replace(/( ?page \d+)?$/, ' sortby time desc$1').trim();
