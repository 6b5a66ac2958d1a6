import type { Hardware } from '@ostler/domain/vm/hardware';
import { withCurrentHardware, type StoredHardware } from '@ostler/domain/vm/hardware-versions';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { row, rows, sql, type Queries, type Sql } from '../db/database.ts';
import type { SearchResult } from '../search/sql.ts';

export interface TemplateRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly comment: string;
  readonly cluster: string | null;
  readonly hardware: Hardware;
  readonly creationTime: Date;
}

export type TemplateKind = 'template' | 'instance_type';

const select = sql`select t.id, t.name, t.description, t.comment, t.cluster_id as cluster, t.hardware, t.creation_time as "creationTime"
  from templates t left join clusters c on c.id = t.cluster_id left join data_centers d on d.id = c.data_center_id`;

/** What the search language's fields of a template are in SQL. Memory is searched in MiB, as RHV does. */
export const searchColumns: Readonly<Record<string, Sql>> = {
  name: sql`t.name`,
  comment: sql`t.comment`,
  description: sql`t.description`,
  id: sql`t.id`,
  os: sql`t.hardware ->> 'operatingSystem'`,
  creationdate: sql`t.creation_time`,
  mem: sql`(t.hardware #>> '{memory,size}')::bigint / 1048576`,
  status: sql`'ok'::text`,
  cluster: sql`c.name`,
  datacenter: sql`d.name`,
};

type Stored = Omit<TemplateRow, 'hardware'> & { readonly hardware: StoredHardware };

export const listTemplates = async (db: Queries, reader: Reader, kind: TemplateKind, search: SearchResult): Promise<TemplateRow[]> => {
  const found = await rows<Stored>(
    db,
    sql`${select} where t.kind = ${kind} and ${visibleTo(reader, 'template', sql`t.id`)} and ${search.condition} order by ${search.order(sql`t.name`)} ${search.page}`,
  );
  return found.map(withCurrentHardware);
};

export const findTemplate = async (db: Queries, reader: Reader, kind: TemplateKind, id: string): Promise<TemplateRow | undefined> => {
  const found = await row<Stored>(
    db,
    sql`${select} where t.id = ${id} and t.kind = ${kind} and ${visibleTo(reader, 'template', sql`t.id`)}`,
  );
  return found && withCurrentHardware(found);
};
