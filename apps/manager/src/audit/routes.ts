import { href } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { accessReasons } from '@ostler/domain/access/reasons';
import { events } from '@ostler/domain/events/catalogue';
import { eventReasons } from '@ostler/domain/events/reasons';
import { eventText } from '@ostler/domain/events/event';
import { withoutNames } from '@ostler/domain/events/visible';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { isRefusal, refusalOf, refuse, type Refusal } from '@ostler/domain/reason';
import { isVisible } from '../access/authorize.ts';
import { serve, type Context } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { searchSql } from '../search/sql.ts';
import {
  customIdTaken,
  findEvent,
  insertCustomEvent,
  listEvents,
  markDeleted,
  restoreAlerts,
  searchColumns,
  type CustomEvent,
  type EventView,
} from './read.ts';

const text = phrases({
  'event.add': 'Adding an event of {origin}',
  'event.remove': 'Removing event {index}',
  'event.undelete': 'Restoring removed alerts',
});

const collection = serve('events', {
  async list({ db, reader, parameters, now }) {
    const search = searchSql('events', searchColumns, parameters, now());
    if (isRefusal(search)) return search;
    const deletedToo = /\bdeleted\b/i.test(parameters.search ?? '');
    return (
      await listEvents(db, reader, search, { after: parameters.from ?? 0, deletedToo, searched: parameters.search !== undefined })
    ).map(document);
  },
  async add({ db, reader, input, mutate, correlation }) {
    const custom = customEvent(input);
    let index = '';
    return mutate({
      objects: [`events of ${custom.origin}`],
      plan: async (tx) =>
        (await problems(
          { db, reader },
          input,
          custom,
          numberFits(custom.customId) && (await customIdTaken(tx, custom.origin, custom.customId)),
        )) ?? plan({ title: text['event.add']({ origin: custom.origin }), data: custom }),
      apply: async (tx) => {
        index = await insertCustomEvent(tx, custom, correlation);
      },
      answer: async () => {
        const row = await findEvent(db, reader, index);
        if (!row) throw new Error('What was just written cannot be read');
        return document(row);
      },
    });
  },
  undelete: ({ mutate }) =>
    mutate({
      objects: ['removed events'],
      plan: async () => plan({ title: text['event.undelete'](), data: {} }),
      apply: async (tx) => void (await restoreAlerts(tx)),
      answer: async () => ({}),
    }),
});

const item = serve('event', {
  async get({ db, reader, ids }) {
    const row = await findEvent(db, reader, ids.event);
    return row && document(row);
  },
  remove: ({ reader, ids, mutate }) =>
    mutate({
      objects: ['removed events'],
      plan: async (tx) => {
        const row = await findEvent(tx, reader, ids.event);
        return row
          ? plan({ title: text['event.remove']({ index: row.index }), data: row.index })
          : refuse(accessReasons.object_not_found({ type: 'event', name: ids.event }));
      },
      apply: async (tx, index) => void (await markDeleted(tx, index)),
      answer: async () => ({}),
    }),
});

export const eventServices = [mounted(collection), mounted(item)];

const external = {
  normal: events.external_normal,
  warning: events.external_warning,
  error: events.external_error,
  alert: events.external_alert,
};

const customEvent = (input: Api['event']): CustomEvent => ({
  event: external[input.severity ?? 'normal'](),
  text: input.description ?? '',
  origin: input.origin ?? '',
  customId: input.custom_id ?? 0,
  floodRate: input.flood_rate,
  customData: input.custom_data,
  user: input.user?.id,
  vm: input.vm?.id,
  host: input.host?.id,
  template: input.template?.id,
  storageDomain: input.storage_domain?.id,
  cluster: input.cluster?.id,
  dataCenter: input.data_center?.id,
});

const longest = 4096;
const largest = 2 ** 31 - 1;
const numberFits = (number: number): boolean => number >= 0 && number <= largest;

async function problems(
  { db, reader }: Pick<Context, 'db' | 'reader'>,
  input: Api['event'],
  custom: CustomEvent,
  taken: boolean,
): Promise<Refusal | undefined> {
  const absent: string[] = [];
  for (const type of ['user', 'vm', 'host', 'template', 'storage_domain', 'cluster', 'data_center'] as const) {
    const id = input[type]?.id;
    if (id !== undefined && !(await isVisible(db, reader, type, id))) absent.push(type);
  }
  return refusalOf([
    custom.text.length > longest && eventReasons.event_text_too_long({ limit: longest }, 'event.description'),
    custom.origin.length > 255 && eventReasons.event_text_too_long({ limit: 255 }, 'event.origin'),
    (custom.customData?.length ?? 0) > longest && eventReasons.event_text_too_long({ limit: longest }, 'event.custom_data'),
    !numberFits(custom.customId) && eventReasons.event_number_unfit({ largest }, 'event.custom_id'),
    !numberFits(custom.floodRate ?? 0) && eventReasons.event_number_unfit({ largest }, 'event.flood_rate'),
    // RHV's own names are not for others to speak under.
    /^(ovirt|ostler)$/i.test(custom.origin) && eventReasons.event_origin_reserved({ origin: custom.origin }, 'event.origin'),
    taken && eventReasons.event_id_taken({ origin: custom.origin, id: custom.customId }, 'event.custom_id'),
    ...absent.map((type) => accessReasons.object_unknown({ kind: type.replaceAll('_', ' '), id: '' }, `event.${type}`)),
  ]);
}

function document(row: EventView): Api['event'] {
  const id = String(row.index);
  return {
    id,
    href: href('event', { event: id }),
    description: row.text ?? eventText(row.code, withoutNames(row.parameters, row.hidden, row.hiddenNames)),
    index: row.index,
    code: row.code,
    severity: row.severity,
    time: row.time,
    origin: row.origin,
    custom_id: row.customId ?? -1,
    flood_rate: row.floodRate ?? 0,
    ...(row.correlation !== null && { correlation_id: row.correlation }),
    ...(row.customData !== null && { custom_data: row.customData }),
    ...(row.user !== null && { user: { id: row.user, href: href('user', { user: row.user }) } }),
    ...(row.vm !== null && { vm: { id: row.vm, href: href('vm', { vm: row.vm }) } }),
    ...(row.host !== null && { host: { id: row.host, href: href('host', { host: row.host }) } }),
    ...(row.template !== null && { template: { id: row.template, href: href('template', { template: row.template }) } }),
    ...(row.storageDomain !== null && {
      storage_domain: { id: row.storageDomain, href: href('storage_domain', { storage_domain: row.storageDomain }) },
    }),
    ...(row.cluster !== null && { cluster: { id: row.cluster, href: href('cluster', { cluster: row.cluster }) } }),
    ...(row.dataCenter !== null && { data_center: { id: row.dataCenter, href: href('data_center', { data_center: row.dataCenter }) } }),
  };
}
