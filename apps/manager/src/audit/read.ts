import { namingParameters } from '@ostler/domain/events/visible';
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
  /** Names of objects that it is about and that the reader may not see. */
  readonly hiddenNames: readonly string[];
}

/** The objects of an event, each with its column. */
const objects = {
  user: 'user_id',
  vm: 'vm_id',
  host: 'host_id',
  template: 'template_id',
  storage_domain: 'storage_domain_id',
  cluster: 'cluster_id',
  data_center: 'data_center_id',
  disk: 'disk_id',
  job: 'job_id',
} as const satisfies Partial<Record<VisibleNoun, string>>;
type EventObject = keyof typeof objects;

/** Which of them the reader sees. Found once for each event: `offset 0` keeps the planner from copying it to every place that asks. */
function seenBy(reader: Reader): Sql {
  const columns = Object.entries(objects).map(([noun, column]) => {
    const id = sql.ref(`e.${column}`);
    return sql`${reader.filtered ? sql`(${id} is not null and (${visibleTo(reader, noun as EventObject, id)}))` : sql`true`} as ${sql.ref(noun)}`;
  });
  return sql`cross join lateral (select ${sql.join(columns)} offset 0) seen`;
}

/**
 * Which parameters name what the reader may not see. What an event is about has its id in a column; a name without one,
 * such as that of whom a role was given to, is told to those alone who see everything.
 */
function hidden(reader: Reader): Sql {
  if (!reader.filtered) return sql`'{}'::text[]`;
  const cases = Object.entries(namingParameters).map(([parameter, noun]) =>
    parameter === 'principal' || parameter === 'subject'
      ? sql`${parameter}::text`
      : sql`case when not ${sql.ref(`seen.${noun}`)} then ${parameter}::text end`,
  );
  return sql`array_remove(array[${sql.join(cases)}], null)`;
}

/** Reasons are whole sentences, which may name the host or the domain that an event is about. */
function hiddenNames(reader: Reader): Sql {
  if (!reader.filtered) return sql`'{}'::text[]`;
  const names = (
    [
      ['hosts', 'host', 'name'],
      ['storage_domains', 'storage_domain', 'name'],
      ['users', 'user', 'user_name'],
    ] as const
  ).map(
    ([table, noun, name]) =>
      sql`(select ${sql.ref(`o.${name}`)} from ${sql.table(table)} o where o.id = ${sql.ref(`e.${objects[noun]}`)} and not ${sql.ref(`seen.${noun}`)})`,
  );
  return sql`array_remove(array[${sql.join(names)}], null)`;
}

const idOf = (noun: EventObject): Sql => sql`case when ${sql.ref(`seen.${noun}`)} then ${sql.ref(`e.${objects[noun]}`)} end`;

/** `searched`: the sentence is there as `said.text`. */
const select = (
  reader: Reader,
  searched = false,
): Sql => sql`select e.index, e.code, e.severity, e.time, e.parameters, e.text, e.correlation_id as correlation, e.origin, e.custom_id as "customId",
    e.flood_rate as "floodRate", e.custom_data as "customData", ${idOf('user')} as user, ${idOf('vm')} as vm, ${idOf('host')} as host, ${idOf('template')} as template,
    ${idOf('storage_domain')} as "storageDomain", ${idOf('cluster')} as cluster, ${idOf('data_center')} as "dataCenter", ${hidden(reader)} as hidden, ${hiddenNames(reader)} as "hiddenNames"
  from events e ${seenBy(reader)} ${searched ? sql`cross join lateral (select ${message(reader)} as text offset 0) said` : sql``}`;

/** An object's name, for those who may see it: a search must not tell what an answer hides. */
const nameIn = (table: string, noun: EventObject, name: string): Sql =>
  sql`(select ${sql.ref(`o.${name}`)} from ${sql.table(table)} o where o.id = ${sql.ref(`e.${objects[noun]}`)} and ${sql.ref(`seen.${noun}`)})`;

/** The English sentence in SQL, as far as the reader may know it. Only a search in messages pays for it. */
function message(reader: Reader): Sql {
  const texts = sql.join([...eventTexts()].map(([code, text]) => sql`(${code}::int, ${text}::text)`));
  // A reason may repeat a name that is hidden: it is not searched then.
  const told = reader.filtered
    ? sql`(select e.parameters - names - case when e.parameters ?| names or cardinality(${hiddenNames(reader)}) > 0 then '{reason,problem}'::text[] else '{}'::text[] end from (select ${hidden(reader)} as names offset 0) h)`
    : sql`e.parameters`;
  const filled = placeholders().reduce<Sql>(
    (sentence, name) => sql`replace(${sentence}, ${`{${name}}`}, coalesce(p ->> ${name}::text, ''))`,
    sql`t.text`,
  );
  return sql`coalesce(e.text, (select ${filled} from (values ${texts}) as t(code, text), (select ${told} as p offset 0) as parts where t.code = e.code))`;
}

export const searchColumns: Readonly<Record<string, Sql>> = {
  id: sql`e.index`,
  index: sql`e.index`,
  time: sql`e.time`,
  type: sql`e.code`,
  severity: sql`e.severity`,
  message: sql`said.text`,
  correlation_id: sql`e.correlation_id`,
  origin: sql`e.origin`,
  custom_event_id: sql`e.custom_id`,
  usrname: nameIn('users', 'user', 'user_name'),
  event_host: nameIn('hosts', 'host', 'name'),
  event_vm: nameIn('vms', 'vm', 'name'),
  event_template: nameIn('templates', 'template', 'name'),
  event_storage: nameIn('storage_domains', 'storage_domain', 'name'),
  event_datacenter: nameIn('data_centers', 'data_center', 'name'),
  deleted: sql`e.deleted`,
};

const visible = (reader: Reader): Sql => visibleTo(reader, 'event', sql`e.id`);

/** Newest first. What was deleted shows only to a search that asks for it. */
export const listEvents = (
  db: Queries,
  reader: Reader,
  search: SearchResult,
  options: { after: number; deletedToo: boolean; searched: boolean },
) =>
  rows<EventView>(
    db,
    sql`${select(reader, options.searched)} where ${visible(reader)} and e.index > ${options.after} and (not e.deleted or ${options.deletedToo}) and ${search.condition}
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
