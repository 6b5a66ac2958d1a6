import { namingParameters, type NamingParameter } from '@ostler/domain/events/visible';
import { eventTexts, placeholders, type Event } from '@ostler/domain/events/event';
import type { Reader } from '../access/login.ts';
import { visibleTo, type VisibleNoun } from '../access/visibility.ts';
import { change, row, rows, sql, type Queries, type Sql } from '../db/database.ts';
import type { SearchResult } from '../search/sql.ts';

export interface EventView {
  readonly index: number;
  readonly code: number;
  readonly severity: Event['severity'];
  readonly time: Date;
  readonly parameters: Event['parameters'];
  readonly text: string | null;
  readonly correlation: string | null;
  readonly origin: string;
  readonly customId: number | null;
  readonly floodRate: number | null;
  readonly customData: string | null;
  readonly user: string | null;
  readonly vm: string | null;
  readonly host: string | null;
  readonly template: string | null;
  readonly storageDomain: string | null;
  readonly cluster: string | null;
  readonly dataCenter: string | null;
  /** Parameters that name what the reader may not see. */
  readonly hidden: readonly string[];
}

/** The objects of an event, each with its column; a filtered reader gets the ids of those that they may see. */
const objects = {
  user: ['user_id', 'user'],
  vm: ['vm_id', 'vm'],
  host: ['host_id', 'host'],
  template: ['template_id', 'template'],
  storageDomain: ['storage_domain_id', 'storage_domain'],
  cluster: ['cluster_id', 'cluster'],
  dataCenter: ['data_center_id', 'data_center'],
} as const satisfies Record<string, readonly [string, VisibleNoun]>;

const columnOf: Readonly<Record<(typeof namingParameters)[NamingParameter], string>> = {
  vm: 'vm_id',
  host: 'host_id',
  disk: 'disk_id',
  template: 'template_id',
  data_center: 'data_center_id',
  user: 'user_id',
  job: 'job_id',
};

const seen = (reader: Reader, noun: VisibleNoun, column: string): Sql => {
  const id = sql.ref(`e.${column}`);
  return reader.filtered ? sql`(${id} is not null and ${visibleTo(reader, noun, id)})` : sql`true`;
};

/**
 * Which parameters name what the reader may not see. What an event is about has its id in a column; a name without one,
 * such as that of whom a role was given to, is told to those alone who see everything.
 */
function hidden(reader: Reader): Sql {
  if (!reader.filtered) return sql`'{}'::text[]`;
  const cases = Object.entries(namingParameters).map(([parameter, noun]) =>
    parameter === 'principal' || parameter === 'subject'
      ? sql`${parameter}::text`
      : sql`case when not ${seen(reader, noun, columnOf[noun])} then ${parameter}::text end`,
  );
  return sql`array_remove(array[${sql.join(cases)}], null)`;
}

const select = (reader: Reader): Sql => sql`select e.index, e.code, e.severity, e.time, e.parameters, e.text, e.correlation_id as correlation, e.origin, e.custom_id as "customId",
    e.flood_rate as "floodRate", e.custom_data as "customData",
    ${sql.join(Object.entries(objects).map(([name, [column, noun]]) => sql`case when ${seen(reader, noun, column)} then ${sql.ref(`e.${column}`)} end as ${sql.ref(name)}`))},
    ${hidden(reader)} as hidden
  from events e`;

/** An object's name, for those who may see it: a search must not tell what an answer hides. */
const nameIn = (reader: Reader, table: string, noun: VisibleNoun, column: string, name: string): Sql =>
  sql`(select ${sql.ref(`o.${name}`)} from ${sql.table(table)} o where o.id = ${sql.ref(`e.${column}`)} and ${seen(reader, noun, column)})`;

/** The English sentence in SQL, as far as the reader may know it. Only a search in messages pays for it. */
function message(reader: Reader): Sql {
  const texts = sql.join([...eventTexts()].map(([code, text]) => sql`(${code}::int, ${text}::text)`));
  const told = reader.filtered
    ? sql`(e.parameters - ${hidden(reader)} - case when cardinality(${hidden(reader)}) > 0 then '{reason,problem}'::text[] else '{}'::text[] end)`
    : sql`e.parameters`;
  const filled = placeholders().reduce<Sql>(
    (sentence, name) => sql`replace(${sentence}, ${`{${name}}`}, coalesce(${told} ->> ${name}::text, ''))`,
    sql`(select t.text from (values ${texts}) as t(code, text) where t.code = e.code)`,
  );
  return sql`coalesce(e.text, ${filled})`;
}

export const searchColumns = (reader: Reader): Readonly<Record<string, Sql>> => ({
  id: sql`e.index`,
  index: sql`e.index`,
  time: sql`e.time`,
  type: sql`e.code`,
  severity: sql`e.severity`,
  message: message(reader),
  correlation_id: sql`e.correlation_id`,
  origin: sql`e.origin`,
  custom_event_id: sql`e.custom_id`,
  usrname: nameIn(reader, 'users', 'user', 'user_id', 'user_name'),
  event_host: nameIn(reader, 'hosts', 'host', 'host_id', 'name'),
  event_vm: nameIn(reader, 'vms', 'vm', 'vm_id', 'name'),
  event_template: nameIn(reader, 'templates', 'template', 'template_id', 'name'),
  event_storage: nameIn(reader, 'storage_domains', 'storage_domain', 'storage_domain_id', 'name'),
  event_datacenter: nameIn(reader, 'data_centers', 'data_center', 'data_center_id', 'name'),
  deleted: sql`e.deleted`,
});

const visible = (reader: Reader): Sql => visibleTo(reader, 'event', sql`e.id`);

/** Newest first. What was deleted shows only to a search that asks for it. */
export const listEvents = (db: Queries, reader: Reader, search: SearchResult, options: { after: number; deletedToo: boolean }) =>
  rows<EventView>(
    db,
    sql`${select(reader)} where ${visible(reader)} and e.index > ${options.after} and (not e.deleted or ${options.deletedToo}) and ${search.condition}
        order by ${search.order(sql`e.index desc`)} ${search.page}`,
  );

/** By its number, which is its id on the wire as in RHV. */
export const findEvent = (db: Queries, reader: Reader, index: string) =>
  /^\d{1,15}$/.test(index) ? row<EventView>(db, sql`${select(reader)} where e.index = ${Number(index)} and ${visible(reader)}`) : undefined;

export const markDeleted = (db: Queries, index: number) => change(db, sql`update events set deleted = true where index = ${index}`);

/** Alerts are what administrators act on: deleted ones can be had back. */
export const restoreAlerts = (db: Queries) => change(db, sql`update events set deleted = false where deleted and severity = 'alert'`);

export interface CustomEvent {
  readonly event: Event;
  readonly text: string;
  readonly origin: string;
  readonly customId: number;
  readonly floodRate: number | undefined;
  readonly customData: string | undefined;
  readonly user: string | undefined;
  readonly vm: string | undefined;
  readonly host: string | undefined;
  readonly template: string | undefined;
  readonly storageDomain: string | undefined;
  readonly cluster: string | undefined;
  readonly dataCenter: string | undefined;
}

export const customIdTaken = async (db: Queries, origin: string, customId: number) =>
  (await row(db, sql`select 1 from events where origin = ${origin} and custom_id = ${customId}`)) !== undefined;

export const insertCustomEvent = async (db: Queries, e: CustomEvent, correlation: string): Promise<string> => {
  const found = await row<{ index: number }>(
    db,
    sql`insert into events (code, severity, text, origin, custom_id, flood_rate, custom_data, correlation_id, user_id, vm_id, host_id, template_id, storage_domain_id, cluster_id, data_center_id)
        values (${e.event.code}, ${e.event.severity}, ${e.text}, ${e.origin}, ${e.customId}, ${e.floodRate ?? null}, ${e.customData ?? null}, ${correlation}, ${e.user ?? null}, ${e.vm ?? null},
          ${e.host ?? null}, ${e.template ?? null}, ${e.storageDomain ?? null}, ${e.cluster ?? null}, ${e.dataCenter ?? null}) returning index`,
  );
  if (!found) throw new Error('An event was written and has no number');
  return String(found.index);
};
