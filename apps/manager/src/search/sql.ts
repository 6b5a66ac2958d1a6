import { resolveSearch, type Resolved, type ResolvedSearch, type SearchNoun } from '@ostler/domain/search/fields';
import { isRefusal, type Refusal } from '@ostler/domain/reason';
import { sql, type Sql } from '../db/database.ts';

/** A search as a noun's store puts it into its query. */
export interface SearchResult {
  readonly condition: Sql;
  /** What to order by; the given column when the search does not say. */
  order(otherwise: Sql): Sql;
  readonly page: Sql;
}

export interface SearchParameters {
  readonly search?: string | undefined;
  readonly max?: number | undefined;
  readonly case_sensitive?: boolean | undefined;
}

/** What each field of a noun is in SQL. A field that the language knows and the store does not is a defect. */
export type SearchColumns = Readonly<Record<string, Sql>>;

const defaultPageSize = 100;

export function searchSql(noun: SearchNoun, columns: SearchColumns, parameters: SearchParameters, now: number): SearchResult | Refusal {
  const search = resolveSearch(noun, parameters.search ?? '', now);
  return isRefusal(search) ? search : compile(search, columns, parameters);
}

/** As many rows as a list without a search is asked for; all of them for a negative number, as in RHV. */
export const limited = (max: number | undefined): Sql => (max === undefined || max < 0 ? sql`` : sql`limit ${max}`);

/** Everything, in the store's own order. */
export const noSearch: SearchResult = { condition: sql`true`, order: (otherwise) => otherwise, page: sql`` };

function compile(
  search: ResolvedSearch,
  columns: SearchColumns,
  { max, case_sensitive: caseSensitive = true }: SearchParameters,
): SearchResult {
  const groups = search.anyOf.map(
    (group) =>
      sql`(${sql.join(
        group.map((one) => criterion(one, columns, caseSensitive)),
        sql` and `,
      )})`,
  );
  const { sort, page } = search;
  const size = max ?? (page === undefined ? undefined : defaultPageSize);
  return {
    condition: groups.length === 0 ? sql`true` : sql`(${sql.join(groups, sql` or `)})`,
    order: (otherwise) =>
      sort
        ? sql`${column(columns, sort.field)} ${sql.raw(sort.descending ? 'desc nulls last' : 'asc nulls last')}, ${otherwise}`
        : otherwise,
    page: size === undefined ? sql`` : sql`limit ${size} offset ${((page ?? 1) - 1) * size}`,
  };
}

function column(columns: SearchColumns, field: string): Sql {
  const found = columns[field];
  if (!found) throw new Error(`The search field ${field} has no column`);
  return found;
}

function criterion(one: Resolved, columns: SearchColumns, caseSensitive: boolean): Sql {
  switch (one.kind) {
    case 'anywhere': {
      const pattern = sql`${`%${like(one.value)}%`}`;
      return sql`(${sql.join(
        one.fields.map((field) => sql`${column(columns, field)}::text ilike ${pattern}`),
        sql` or `,
      )})`;
    }
    case 'text':
      return text(column(columns, one.field), one.operator, one.value, caseSensitive);
    case 'time':
      return sql`${column(columns, one.field)} ${sql.raw(sqlOperator(one.operator))} to_timestamp(${one.value}::double precision / 1000)`;
    case 'number':
      // A number beyond the column's range is compared, not refused by the database.
      return sql`${column(columns, one.field)} ${sql.raw(sqlOperator(one.operator))} ${one.value}::double precision`;
    case 'boolean':
      return sql`${column(columns, one.field)} ${sql.raw(sqlOperator(one.operator))} ${one.value}`;
  }
}

/** Without a wildcard and with case, equality can use an index; everything else is a pattern. */
function text(held: Sql, operator: '=' | '!=', value: string, caseSensitive: boolean): Sql {
  const exact = caseSensitive && !value.includes('*');
  const matches = exact ? sql`${held}::text = ${value}` : sql`${held}::text ${sql.raw(caseSensitive ? 'like' : 'ilike')} ${like(value)}`;
  return operator === '=' ? matches : sql`(${matches}) is not true`;
}

/** The pattern of SQL for a value with `*`: what is special there is meant literally. */
const like = (value: string): string => value.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');

const sqlOperator = (operator: string): string => (operator === '!=' ? '<>' : operator);
