import type { Api } from '@ostler/contract/schema';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../api/client.ts';
import { useTexts } from '../i18n/texts.ts';
import type { Column } from './column.ts';
import { Moment } from './moment.tsx';
import { PartTable } from './part-table.tsx';
import { StatusLabel, type Meaning } from './status-label.tsx';
import { commonTexts } from './texts.ts';

type Event = Api['event'];
const meanings = { normal: 'good', warning: 'warning', error: 'bad', alert: 'bad' } as const satisfies Record<
  NonNullable<Event['severity']>,
  Meaning
>;

function Severity({ of }: { of: Event['severity'] }): ReactNode {
  const say = useTexts(commonTexts);
  const severity = of ?? 'normal';
  return <StatusLabel meaning={meanings[severity]}>{say(`severity.${severity}`)}</StatusLabel>;
}

export function useEventColumns(): readonly Column<Event>[] {
  const say = useTexts(commonTexts);
  return [
    {
      key: 'message',
      title: say('message'),
      width: 240,
      essential: true,
      cell: ({ description }) => <span title={description}>{description}</span>,
    },
    {
      key: 'severity',
      title: say('severity'),
      width: 130,
      sort: 'severity',
      essential: true,
      cell: ({ severity }) => <Severity of={severity} />,
    },
    { key: 'time', title: say('time'), width: 160, sort: 'time', cell: ({ time }) => <Moment at={time} /> },
    { key: 'correlation', title: say('correlation'), width: 320, extra: true, cell: ({ correlation_id: id }) => id ?? '–' },
  ];
}

/** What happened to an object, the newest first. `search` names it in the search language of events. */
export function EventsTab({ search }: { search: string }): ReactNode {
  const say = useTexts(commonTexts);
  const columns = useEventColumns();
  const rows = useQuery({
    queryKey: ['event', 'list', search],
    queryFn: ({ signal }) => api.events.list({ search: `${search} sortby time desc`, max: 100, signal }),
  });
  return <PartTable label={say('events')} rows={rows} columns={columns} empty={{ title: say('nothing.events') }} />;
}
