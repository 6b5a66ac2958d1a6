import type { TaggedKind, TagNode, TagSettings } from '@ostler/domain/tag/rules';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, row, rows, sql, type Queries, type Transaction } from '../db/database.ts';
import { limited } from '../search/sql.ts';

export interface TagRow extends TagNode {
  readonly description: string;
}

const select = sql`select t.id, t.name, t.description, t.parent_id as parent from tags t`;

export const listTags = (db: Queries, max: number | undefined) =>
  rows<TagRow>(db, sql`${select} order by t.parent_id is not null, t.name ${limited(max)}`);
export const findTag = (db: Queries, id: string) => row<TagRow>(db, sql`${select} where t.id = ${id}`);
export const findTagNamed = (db: Queries, name: string) => row<TagRow>(db, sql`${select} where lower(t.name) = lower(${name})`);

export const insertTag = (tx: Transaction, id: string, tag: TagSettings) =>
  change(tx, sql`insert into tags (id, name, description, parent_id) values (${id}, ${tag.name}, ${tag.description}, ${tag.parent})`);
export const updateTag = (tx: Transaction, id: string, tag: TagSettings) =>
  change(tx, sql`update tags set name = ${tag.name}, description = ${tag.description}, parent_id = ${tag.parent} where id = ${id}`);
/** What hangs below goes with it, and is taken from whatever bears it. */
export const removeTag = (tx: Transaction, id: string) => change(tx, sql`delete from tags where id = ${id}`);

// ---- what bears them ---------------------------------------------------------------------------------------------------

export const tagsOf = (db: Queries, object: string, max: number | undefined) =>
  rows<TagRow>(db, sql`${select} join tagged g on g.tag_id = t.id where g.object_id = ${object} order by t.name ${limited(max)}`);

export const bears = async (db: Queries, object: string, tag: string): Promise<boolean> =>
  (await row(db, sql`select 1 from tagged where object_id = ${object} and tag_id = ${tag}`)) !== undefined;

export const hang = (tx: Transaction, tag: string, kind: TaggedKind, object: string) =>
  change(tx, sql`insert into tagged (tag_id, object_id, kind) values (${tag}, ${object}, ${kind}) on conflict do nothing`);
export const takeOff = (tx: Transaction, tag: string, object: string) =>
  change(tx, sql`delete from tagged where tag_id = ${tag} and object_id = ${object}`);

// ---- bookmarks ---------------------------------------------------------------------------------------------------------

export interface BookmarkRow {
  readonly id: string;
  readonly name: string;
  readonly value: string;
}

export const listBookmarks = (db: Queries, reader: Reader, max: number | undefined) =>
  rows<BookmarkRow>(
    db,
    sql`select b.id, b.name, b.value from bookmarks b where ${visibleTo(reader, 'bookmark', sql`b.id`)} order by b.name ${limited(max)}`,
  );
export const findBookmark = (db: Queries, reader: Reader, id: string) =>
  row<BookmarkRow>(
    db,
    sql`select b.id, b.name, b.value from bookmarks b where b.id = ${id} and ${visibleTo(reader, 'bookmark', sql`b.id`)}`,
  );
export const bookmarkNames = async (db: Queries, except: string): Promise<string[]> =>
  (await rows<{ name: string }>(db, sql`select name from bookmarks where id <> ${except}`)).map((one) => one.name);
export const insertBookmark = (tx: Transaction, { id, name, value }: BookmarkRow) =>
  change(tx, sql`insert into bookmarks (id, name, value) values (${id}, ${name}, ${value})`);
export const updateBookmark = (tx: Transaction, { id, name, value }: BookmarkRow) =>
  change(tx, sql`update bookmarks set name = ${name}, value = ${value} where id = ${id}`);
export const removeBookmark = (tx: Transaction, id: string) => change(tx, sql`delete from bookmarks where id = ${id}`);
